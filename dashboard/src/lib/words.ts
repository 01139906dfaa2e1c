/** The words that every page needs: refusals, the live line, pictures. */
import { language, type InBoth } from './language.svelte'
import type { Problem } from './api/request'
import type { PictureCode, ProblemCode, WordsOf } from './api/types'

/** What says no more than its status: `byStatus` has the words. What is said of a picture is in picture/words. */
type SaidByStatus = 'bad-request' | 'method-not-allowed' | 'not-found' | 'not-possible' | 'our-mistake'
type Refusal = Exclude<ProblemCode, PictureCode | SaidByStatus> | 'unreachable'
type Say = (p: Params) => string

type Params = Record<string, string | number>

const zh = {
  live: '实时',
  opening: '正在连接中心…',
  stale: (since: string) => `${since} 起不是实时，正在重新连接`,
  staleAdvice: '下面可能已经不是现在的情况。请检查网络；有事请直接去房间看，或打值班电话。',
  plainHttp: '这一页没有加密（HTTP）：同一网络里的人可能看到。只放演示数据。',
  otherLanguage: 'English',
  cancel: '取消',
  close: '关闭',
  tryAgain: '再试一次',
  loading: '正在读取…',
  slow: '比平时慢，还在读取，请稍等。',
  offline: '这台设备没有连上网络。连上以后这里会自己更新。',
  asOf: (time: string) => `下面是 ${time} 的情况。`,
  sending: '正在保存…',
  notFound: '没有找到。请换一个字试试。',
  showAll: '全部显示',
  showMore: (n: number) => `再显示 ${n} 条`,
  refusedField: '这一项没有填对，请再看一看。',
  refusals: {
    unreachable: () => '没有连上中心。请检查网络，再试一次；急事请直接去房间看，或打值班电话。',
    'signed-out': () => '登录已经结束，请重新登录。',
    'wrong-account-or-password': () => '账号或密码不对，请再看一看。',
    'too-many-tries': () => '试的次数太多，请等一分钟再试。',
    'account-disabled': () => '这个账号已经停用，请找管理员。',
    'not-your-role': () => '您的账号不能做这件事，请找负责的同事。',
    'not-your-centre': () => '这不是您所在中心的内容。',
    'not-yours': () => '这不属于您的账号。',
    'already-taken': (p: Params) => `${p.name ?? '一位同事'}已经接了这个报警。`,
    'no-such-alarm': () => '找不到这个报警，可能已经归档。',
    'no-such-invitation': () => '这个邀请链接不对。请向中心要一个新的链接。',
    'invitation-used': () => '这个邀请已经用过了。如果换了手机，请向中心要一个新的链接。',
    'invitation-expired': () => '这个邀请已经过期。请向中心要一个新的链接。',
    'wrong-phone': () => '手机号后四位对不上。请填登记在中心的那个号码。',
    'no-such-link': () => '这个链接不对或已经过期。请打开安铃值班页面接警。',
    'no-such-room': () => '找不到这个房间。',
    'not-allowed': () => '您的账号不能做这件事，请找负责的同事。',
    'cross-site': () => '这一页打开太久了，请刷新后再试。',
    'wrong-host': () => '请用中心给您的网址打开这一页。',
    'too-busy': () => '同时登录的人太多，请过几秒再试。',
    'too-large': () => '内容太长了，请写短一点。',
    'weak-password': () => '密码太简单。请至少用 12 位，一句自己记得住的话最好。',
    'no-centre-yet': () => '还没有导入中心。请先运行 ./anling import centre.yaml。',
    'relation-unconfirmed': () => '中心还没有确认您和长者的关系。请打电话问一问中心。',
    'relation-blocked': () => '现在不能看。请打电话问一问中心。',
    'not-your-relative': () => '没有找到您家人的记录。请打电话问一问中心。',
    'not-a-responder': () => '您的账号不能接这个中心的报警，请找负责的同事。',
    'not-in-this-state': () => '这个报警已经有了变化，请看它现在的状态。',
    'reason-needed': () => '请写一句处置经过。',
    'no-such-senior': () => '找不到这位长者，请刷新后再试。',
    'room-missing': () => '请先选一个房间。',
    'database-away': () => '中心的数据库正在恢复，请过几秒再试；急事请直接去房间看。',
    'changed-meanwhile': () => '别人刚刚改过这里，请看现在的情况再试。',
    'invalid': () => '有一项没有填对，请检查后再试。',
    'simulators-away': () => '模拟的中心没有回应。请看运行演示的窗口，它会自己重新启动。',
    'no-alarm': () => '只有接了这个房间的报警，才可以看画面。',
    'no-such-account': () => '找不到这个账号，请刷新后再试。',
    'card-in-use': () => '这张卡已经是另一位长者的。请换一张卡，或者先收回那一张。',
    'closes-before-it-opens': () => '关门的时间要在开门以后。',
    'never-on-duty': () => '这样的账号不排班。请选一位值班的同事。',
    'no-relation': () => '请先登记这位家属和长者的关系。',
    'not-a-relative': () => '只有家属的账号可以登记和长者的关系。',
    'pause-is-over': () => '结束的时间要在开始以后。',
    'phone-missing': () => '家属要有手机号：邀请要用号码的后四位打开。',
    'unknown-timezone': () => '数据库不认识这个时区。请另写一个，例如 Asia/Shanghai。',
    'second-centre': () => '这台主机只管一个中心。另一个中心请用另一台主机。',
    'staff-needed': () => '这一步要由中心的工作人员来确认。',
    'wrong-address': () => '这个联系方式写得不对，请检查后再试。',
    'no-such-device': () => '找不到这个设备，请刷新后再试。',
    'two-owners': () => '一个设备只能属于一位长者或者一个房间，不能两样都填。',
    'camera-address': () => '只有摄像头有画面地址，而且摄像头一定要有。',
    'camera-without-room': () => '摄像头要装在一个房间里，请选房间。',
    'camera-forbidden': () => '这样的房间不能装摄像头。',
    'off-is-over': () => '停用到的时间要在现在以后。',
    'off-too-long': () => '设备最多停用一个月。',
    'has-password': () => '这位同事已经有密码，用密码登录就可以。',
    'family-has-no-password': () => '家属不用密码，没有可以重设的。请给家属发一个新的邀请。',
    'wrong-policy': () => '逐层告知的安排有一处不对，请检查每一层等多久、告知谁。',
  } satisfies WordsOf<Refusal, Say> as WordsOf<Refusal, Say>,
  byStatus: {
    401: '登录已经结束，请重新登录。',
    403: '您的账号不能做这件事，请找负责的同事。',
    404: '找不到要看的内容，可能已经移走。请回到上一页。',
    409: '别人刚刚改过这里，请刷新后再看。',
    410: '这里的内容已经过期。',
    413: '内容太长了，请写短一点。',
    422: '有一项没有填对，请检查后再试。',
    429: '点得太快了，请等一分钟再试。',
  } as Record<number, string>,
  hubTrouble: '中心的主机现在忙不过来，请过几秒再试；急事请直接去房间看。',
  /** What a family member reads instead: nobody at home can go to the room. */
  toFamily: {
    staleAdvice: '下面可能已经不是现在的情况。请检查网络；有事请打中心电话。',
    hubTrouble: '中心现在忙不过来，请过几秒再试；急事请打中心电话。',
    refusals: {
      unreachable: () => '没有连上中心。请检查网络，再试一次；急事请打中心电话。',
      'database-away': () => '中心正在恢复，请过几秒再试；急事请打中心电话。',
      'signed-out': () => '登录已经结束。请重新打开中心给您的邀请链接。',
      'not-your-role': () => '这个账号不能看这里。请打电话问一问中心。',
      'not-allowed': () => '这个账号不能看这里。请打电话问一问中心。',
      'account-disabled': () => '这个账号已经停用。请打电话问一问中心。',
    } as Record<string, (p: Params) => string>,
  },
  unknownRefusal: '这一步现在做不了，请刷新页面再试。',
}

const en: typeof zh = {
  live: 'Live',
  opening: 'Connecting to the centre…',
  stale: (since: string) => `Not live since ${since}, reconnecting`,
  staleAdvice: 'What you see may be out of date. Check the network; if in doubt go to the room or call the duty phone.',
  plainHttp: 'This page is not encrypted (plain HTTP): others on this network could read it. Demo data only.',
  otherLanguage: '中文',
  cancel: 'Cancel',
  close: 'Close',
  tryAgain: 'Try again',
  loading: 'Loading…',
  slow: 'This takes longer than usual. Still trying, please wait.',
  offline: 'This device has no network. The page renews itself when it is back.',
  asOf: (time: string) => `This is how it was at ${time}.`,
  sending: 'Saving…',
  notFound: 'Nothing found. Try another word.',
  showAll: 'Show all',
  showMore: (n: number) => `Show ${n} more`,
  refusedField: 'This is not filled in right. Please look again.',
  refusals: {
    unreachable: () =>
      'The centre cannot be reached. Check the network and try again; if it is urgent go to the room or call the duty phone.',
    'signed-out': () => 'You are signed out. Please sign in again.',
    'wrong-account-or-password': () => 'Account or password do not match. Please look again.',
    'too-many-tries': () => 'Too many tries. Please wait a minute.',
    'account-disabled': () => 'This account has been switched off. Please ask the administrator.',
    'not-your-role': () => 'Your account cannot do this. Please ask the colleague in charge.',
    'not-your-centre': () => 'This belongs to another centre.',
    'not-yours': () => 'This does not belong to your account.',
    'already-taken': (p: Params) => `${p.name_en ?? p.name ?? 'A colleague'} has already taken this alarm.`,
    'no-such-alarm': () => 'This alarm cannot be found; it may have been filed.',
    'no-such-invitation': () => 'This invitation link is not right. Please ask the centre for a new one.',
    'invitation-used': () => 'This invitation has been used. If you changed phones, ask the centre for a new one.',
    'invitation-expired': () => 'This invitation has expired. Please ask the centre for a new one.',
    'wrong-phone': () => 'These four digits do not match. Use the number the centre has written down.',
    'no-such-link': () => 'This link is not right or has expired. Please open the duty page of Anling.',
    'no-such-room': () => 'This room cannot be found.',
    'not-allowed': () => 'Your account cannot do this. Please ask the colleague in charge.',
    'cross-site': () => 'This page has been open for too long. Reload it and try again.',
    'wrong-host': () => 'Please open this page at the address the centre gave you.',
    'too-busy': () => 'Many people are signing in. Please try again in a few seconds.',
    'too-large': () => 'That is too long. Please write a little less.',
    'weak-password': () => 'This password is too simple. Use at least 12 characters, best a sentence you remember.',
    'no-centre-yet': () => 'No centre has been imported. Please run ./anling import centre.yaml first.',
    'relation-unconfirmed': () => 'The centre has not confirmed your relation yet. Please call the centre.',
    'relation-blocked': () => 'You cannot look now. Please call the centre.',
    'not-your-relative': () => 'No relative of yours was found. Please call the centre.',
    'not-a-responder': () => 'Your account cannot take alarms of this centre. Please ask the colleague in charge.',
    'not-in-this-state': () => 'This alarm has changed meanwhile. Please look at its present state.',
    'reason-needed': () => 'Please write one sentence about what happened.',
    'no-such-senior': () => 'This senior cannot be found. Reload and try again.',
    'room-missing': () => 'Please choose a room first.',
    'database-away': () => 'The database is coming back. Try again in a few seconds; if it is urgent go to the room.',
    'changed-meanwhile': () => 'Somebody has just changed this. Look at how it is now and try again.',
    'invalid': () => 'Something is not filled in right. Please check and try again.',
    'simulators-away': () => 'The simulated centre does not answer. See the window of the demo; it restarts by itself.',
    'no-alarm': () => 'The picture is only for whoever has taken an alarm of this room.',
    'no-such-account': () => 'This account cannot be found. Reload and try again.',
    'card-in-use': () => 'This card belongs to another senior. Use another card, or take that one back first.',
    'closes-before-it-opens': () => 'The centre has to close later than it opens.',
    'never-on-duty': () => 'An account like this is never on duty. Please choose a colleague who is.',
    'no-relation': () => 'Please write down first what this family member is to the senior.',
    'not-a-relative': () => 'Only the account of a family member has a relation to a senior.',
    'pause-is-over': () => 'It has to end later than it begins.',
    'phone-missing': () => 'A family member needs a phone number: its last four digits open the invitation.',
    'unknown-timezone': () => 'The database does not know this time zone. Write another one, such as Asia/Shanghai.',
    'second-centre': () => 'This computer serves one centre. Please use another one for another centre.',
    'staff-needed': () => 'This has to be confirmed by the staff of the centre.',
    'wrong-address': () => 'This address is not written as its channel needs it. Please check and try again.',
    'no-such-device': () => 'This device cannot be found. Reload and try again.',
    'two-owners': () => 'A device belongs to a senior or to a room, not to both.',
    'camera-address': () => 'A camera has an address of its picture, and nothing else has one.',
    'camera-without-room': () => 'A camera stands in a room: please choose it.',
    'camera-forbidden': () => 'No camera is allowed in a room like this.',
    'off-is-over': () => 'A device is off until a time that is still to come.',
    'off-too-long': () => 'A device is off for a month at most.',
    'has-password': () => 'This colleague has a password already and signs in with it.',
    'family-has-no-password': () => 'A family member has no password to reset. Please send a new invitation.',
    'wrong-policy': () => 'One step of the escalation is not right. Check the waits and whom it tells.',
  },
  byStatus: {
    401: 'You are signed out. Please sign in again.',
    403: 'Your account cannot do this. Please ask the colleague in charge.',
    404: 'What you asked for cannot be found; it may have moved. Please go back.',
    409: 'Somebody has just changed this. Reload and look again.',
    410: 'This has expired.',
    413: 'That is too long. Please write a little less.',
    422: 'Something is not filled in right. Please check and try again.',
    429: 'That was too fast. Please wait a minute.',
  },
  hubTrouble: 'The hub is busy. Try again in a few seconds; if it is urgent go to the room.',
  toFamily: {
    staleAdvice: 'What you see may be out of date. Check the network; if in doubt call the centre.',
    hubTrouble: 'The centre’s computer is busy. Try again in a few seconds; if it is urgent call the centre.',
    refusals: {
      unreachable: () =>
        'The centre cannot be reached. Check the network and try again; if it is urgent call the centre.',
      'database-away': () => 'The page is coming back. Try again in a few seconds; if it is urgent call the centre.',
      'signed-out': () => 'You are signed out. Please open the invitation link of the centre again.',
      'not-your-role': () => 'This account cannot see this. Please call the centre.',
      'not-allowed': () => 'This account cannot see this. Please call the centre.',
      'account-disabled': () => 'This account has been switched off. Please call the centre.',
    },
  },
  unknownRefusal: 'This cannot be done right now. Reload the page and try again.',
}

export const commonWords: InBoth<typeof zh> = { 'zh-CN': zh, en }

/** Whom this page speaks to; the family's page says so before it shows anything. */
export const reader = { isFamily: false }

/** The common words in the language of the page, as its reader needs them. */
export function common(): typeof zh {
  const words = commonWords[language.current]
  if (!reader.isFamily) return words
  return { ...words, ...words.toFamily, refusals: { ...words.refusals, ...words.toFamily.refusals } }
}

/** What to tell somebody whose wish was refused: what happened and what to do, never a bare code. */
export function refusal(problem: Problem): string {
  const words = common()
  const known = words.refusals[problem.code]
  if (known) return known(problem.params)
  if (problem.status >= 500) return words.hubTrouble
  const fallback = words.byStatus[problem.status] ?? words.unknownRefusal
  return problem.code ? `${fallback} (${problem.code})` : fallback
}
