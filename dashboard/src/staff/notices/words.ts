/** The words of notices: what is not as it should be, and what to do. */
import type { NoticeCard, NoticeCode, WordsOf } from '../../lib/api/types'
import { inLanguage, type InBoth } from '../../lib/language.svelte'
import { unusableInChinese, unusableInEnglish } from './cameras'
import { refusedInChinese, refusedInEnglish } from './refusals'
import { untoldInChinese, untoldInEnglish } from './untold'

type Params = NoticeCard['params']
type Say = (subject: string, params: Params) => string
type SayMany = (n: number) => string

const zh = {
  notices: '提醒',
  noNotices: '没有提醒。',
  noChannels: '没有设置通知渠道：夜里没有人会被叫醒。请管理员在值班人员的联系方式里设置。',
  notice: {
    'trigger-silent': (s: string) => `${s}收不到信号：按了也可能传不到。请今天检查，先给长者换一个。`,
    'camera-silent': (s: string) => `${s}收不到信号。请看电源和网线。`,
    'camera-dark': (s: string) => `${s}画面全黑。请看镜头有没有被遮住、灯有没有开。`,
    'camera-frozen': (s: string) => `${s}画面不动。请断电再通电一次。`,
    'camera-unusable': unusableInChinese,
    'unknown-card': (s: string) => `${s}读到一张没有登记的卡。请问一问持卡人。`,
    'visit-left-open': (s: string) => `${s}昨天没有签退。请确认人已经回家。`,
    'message-id-reused': (s: string) => `${s}重复用了报文编号，已当作新的呼叫。请管理员检查。`,
    'press-flood': (s: string) => `${s}按得比手还快，可能坏了。每次都照常响铃，请去看一看，并告诉管理员。`,
    'spool-unusable': () => '呼叫的备用存放文件建不了，磁盘可能满了：数据库一停，呼叫就要等。请管理员检查磁盘，再重新启动。',
    'press-retained': (s: string) => `${s}的呼叫设成了保留报文。已经响铃，请管理员改设备设置。`,
    'press-unkept': (s: string) => `${s}的呼叫没有记下来。请马上去看一看，并告诉管理员。`,
    'broker-away': () => '消息服务器（MQTT）联系不上：呼叫现在传不到这里。请管理员马上检查。',
    'clock-set': (_s: string, p: Params) =>
      `主机的时钟被拨了 ${p.seconds ?? '?'} 秒，等待中的报警已照此调整。请管理员检查对时。`,
    'wrong-credentials': (s: string) => `有设备用错误的账号或密码连接${s}，已经拒绝。请管理员检查。`,
    'wrong-passwords': (s: string) => `有人不停地试账号“${s}”的密码，都没有让进。请问一问本人，并告诉管理员。`,
    'command-unproven': (s: string) => `${s}没有确认指令。请去看它有没有响、有没有亮。`,
    'roster-gap': (tier: string) => `第 ${tier} 层现在没有联系得上的人。请补上值班表。`,
    'message-refused': refusedInChinese,
    'message-unreadable': (s: string) => `${s}发来读不懂的报文，放在“异常报文”页。`,
    'value-left-out': (s: string, p: Params) =>
      `${s}的报文里有不对的数值（${p.values ?? '?'}），没有采用，其余照常。请管理员检查设备设置。`,
    'rule-files-not-loaded': (_s: string, p: Params) =>
      p.line === null
        ? `规则目录读不到，或者里面的文件没有了，旧的规则继续有效。请管理员检查：${p.file ?? ''}`
        : `规则文件有错，旧的规则继续有效。请管理员改正：${p.file ?? ''} 第 ${p.line ?? '?'} 行第 ${p.column ?? '?'} 列。`,
    'clock-ahead': (_s: string, p: Params) =>
      `主机的时钟可能快了（${Math.round(Number(p.seconds ?? 0) / 86400)} 天）。弄清楚之前，旧记录都不删，报警照常。请管理员马上对时；时间没错就运行 ./anling clock confirm。`,
    'clock-behind': (_s: string, p: Params) =>
      `主机的时钟慢了（至少 ${p.seconds ?? '?'} 秒），记下的时间不对。报警照样会响，没有人接照样告知下一层。请管理员马上对时。`,
    'row-parked': (_s: string, p: Params) =>
      p.kind === 'alarm'
        ? `有一个报警系统处理不了：请马上看报警列表，并去看一看。请告诉管理员：${p.id ?? '?'}（${p.error ?? '?'}）`
        : `有一条记录处理不了，先放在一边，其他照常。请告诉管理员：${p.kind ?? '?'} ${p.id ?? '?'}（${p.error ?? '?'}）`,
    'task-failed': (_s: string, p: Params) =>
      `后台任务“${p.task ?? '?'}”没有做成，过一会儿会再试，呼叫和报警照常。请告诉管理员。`,
    'device-off': (s: string, p: Params) => `${s}已停用到 ${p.until ?? '?'}：这期间不提醒它的毛病，按了照样响。`,
    'backup-failed': () => '备份没有做成。请管理员检查备份盘，再运行 ./anling backup。',
    restored: (_s: string, p: Params) =>
      `这台主机是从备份恢复的，${p.until ?? '?'} 以后的事不在里面。请大家重新登录，并核对停用的账号、设备和同意书。`,
    untold: (_s: string, p: Params) => untoldInChinese(p),
    'rule-cannot-be-evaluated': (s: string) => `有一条规则算不出来（${s}）。请管理员检查。`,
    'telemetry-shed': () => '读数太多，丢了一些。呼叫不受影响。',
  } satisfies WordsOf<NoticeCode, Say> as WordsOf<NoticeCode, Say>,
  noticeMany: {
    'trigger-silent': (n: number) => `${n} 个呼叫按钮收不到信号：多半是网络断了，请马上检查交换机。`,
    'camera-silent': (n: number) => `${n} 个摄像头收不到信号：多半是网络断了，请检查交换机和电源。`,
    'camera-dark': (n: number) => `${n} 个摄像头画面全黑：多半是灯关了。`,
    'command-unproven': (n: number) => `${n} 个设备没有确认指令。请去看它们有没有响、有没有亮。`,
    'visit-left-open': (n: number) => `${n} 位长者昨天没有签退。请确认他们已经回家。`,
    'message-unreadable': (n: number) => `${n} 个设备发来读不懂的报文，放在“异常报文”页。`,
  } satisfies Partial<Record<NoticeCode, SayMany>> as Record<string, SayMany>,
  noticeManyOther: (n: number, one: string) => `${n} 条同样的提醒。最新一条：${one}`,
  noticeNames: '哪些',
  noticeOther: (subject: string, code: string) => `${subject}需要检查。请告诉管理员：${code}`,
  hub: '主机',
}

const en: typeof zh = {
  notices: 'Notices',
  noNotices: 'No notices.',
  noChannels:
    'No notification channel is set up: at night nobody will be woken. An administrator sets it in the contacts of those on duty.',
  notice: {
    'trigger-silent': (s: string) => `${s} is silent: a press may not arrive. Check it today and give the senior another one.`,
    'camera-silent': (s: string) => `${s} is silent. Check power and cable.`,
    'camera-dark': (s: string) => `${s} shows a black picture. Is the lens covered or the light off?`,
    'camera-frozen': (s: string) => `${s} stands still. Switch it off and on once.`,
    'camera-unusable': unusableInEnglish,
    'unknown-card': (s: string) => `${s} read a card nobody registered. Please ask who holds it.`,
    'visit-left-open': (s: string) => `${s} was not checked out. Please make sure that she or he got home.`,
    'message-id-reused': (s: string) => `${s} used a message number twice; it was taken as a new call. Ask the administrator.`,
    'press-flood': (s: string) => `${s} presses faster than any hand: it may be broken. Each press rings. Go and look at it.`,
    'spool-unusable': () =>
      'The file that keeps calls while the database is down cannot be made: is the disk full? Free some space and restart.',
    'press-retained': (s: string) => `${s} sends calls as retained messages. It rang; its settings have to be changed.`,
    'press-unkept': (s: string) => `A call of ${s} could not be recorded. Go and see at once, and tell the administrator.`,
    'broker-away': () => 'The message broker (MQTT) cannot be reached: presses do not arrive here. Check it at once.',
    'clock-set': (_s: string, p: Params) =>
      `The hub’s clock was set by ${p.seconds ?? '?'} s; waiting alarms were adjusted. Please check its time server.`,
    'wrong-credentials': (s: string) => `Something tried to connect as ${s} with wrong credentials and was refused.`,
    'wrong-passwords': (s: string) =>
      `Somebody keeps trying passwords of the account “${s}” and was refused. Ask its owner, and tell the administrator.`,
    'command-unproven': (s: string) => `${s} did not confirm its command. Go and see whether it sounds or shines.`,
    'roster-gap': (tier: string) => `Nobody of tier ${tier} can be reached now. Please fill the roster.`,
    'message-refused': refusedInEnglish,
    'message-unreadable': (s: string) => `${s} sent messages nobody can read; they are on the page “Unreadable messages”.`,
    'value-left-out': (s: string, p: Params) =>
      `${s} sent values that cannot be right (${p.values ?? '?'}). They were left out, everything else counts. Ask the administrator to check its settings.`,
    'rule-files-not-loaded': (_s: string, p: Params) =>
      p.line === null
        ? `The rules folder cannot be read, or its files are gone; the former rules stay. See ${p.file ?? ''}.`
        : `A rules file has a mistake; the former rules stay. See ${p.file ?? ''}, line ${p.line ?? '?'}, column ${p.column ?? '?'}.`,
    'clock-ahead': (_s: string, p: Params) =>
      `The hub’s clock may be ahead (by ${Math.round(Number(p.seconds ?? 0) / 86400)} days). Until that is clear nothing old is deleted; alarms ring as ever. Please set it at once, or, if it is right, run ./anling clock confirm.`,
    'clock-behind': (_s: string, p: Params) =>
      `The hub’s clock is behind (by ${p.seconds ?? '?'} s at least): times are wrong. Alarms ring and climb all the same. Please set it at once.`,
    'row-parked': (_s: string, p: Params) =>
      p.kind === 'alarm'
        ? `An alarm cannot be processed: look at the alarms now, and go and see. Tell the administrator: ${p.id ?? '?'} (${p.error ?? '?'})`
        : `A record cannot be worked on and was put aside; the others go on. Tell the administrator: ${p.kind ?? '?'} ${p.id ?? '?'} (${p.error ?? '?'})`,
    'task-failed': (_s: string, p: Params) =>
      `The background task “${p.task ?? '?'}” failed and is tried again; calls and alarms go on. Please tell the administrator.`,
    'device-off': (s: string, p: Params) =>
      `${s} is off until ${p.until ?? '?'}: what is wrong with it is not noticed meanwhile; a press of it rings all the same.`,
    'backup-failed': () =>
      'No backup could be made. The administrator should look at the backup disk and run ./anling backup.',
    restored: (_s: string, p: Params) =>
      `This hub was restored from a backup: what happened after ${p.until ?? '?'} is missing. Sign in again, and check accounts, devices and consents that were ended since.`,
    untold: (_s: string, p: Params) => untoldInEnglish(p),
    'rule-cannot-be-evaluated': (s: string) => `A rule cannot be evaluated (${s}). Ask the administrator.`,
    'telemetry-shed': () => 'Too many readings: some were dropped. Calls are not affected.',
  },
  noticeMany: {
    'trigger-silent': (n: number) =>
      `${n} call buttons cannot be heard: most likely the network is down. Check the switch at once.`,
    'camera-silent': (n: number) =>
      `${n} cameras cannot be heard: most likely the network is down. Check the switch and the power.`,
    'camera-dark': (n: number) => `${n} cameras show a black picture: most likely the light is off.`,
    'command-unproven': (n: number) => `${n} devices did not confirm a command. Go and see whether they sound or shine.`,
    'visit-left-open': (n: number) => `${n} seniors were not checked out. Please make sure that they got home.`,
    'message-unreadable': (n: number) => `${n} devices sent messages nobody can read; see “Unreadable messages”.`,
  },
  noticeManyOther: (n: number, one: string) => `${n} notices of the same kind. The newest: ${one}`,
  noticeNames: 'Which ones',
  noticeOther: (subject: string, code: string) => `${subject} needs a look. Please tell the administrator: ${code}`,
  hub: 'The hub',
}

export const noticeWords: InBoth<typeof zh> = { 'zh-CN': zh, en }

/** The same in the language of the page. */
export const noticeSays = inLanguage(noticeWords)
