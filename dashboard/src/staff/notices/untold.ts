/** Why nobody could be told over a channel, and what to set: `channel` and `reason` of the notice `untold`. */
import type { NoticeCard } from '../../lib/api/types'

type Params = NoticeCard['params']

const zh: Record<string, string> = {
  'timeout': '对方一直不回答。',
  'circuit-open': '对方一直不回答，先不再等它，隔一会儿试一次。',
  'unreachable': '连不上对方。',
  'unreadable': '对方的回答读不懂。',
  'bad-address': '地址不对，请管理员在中心文件里改正。',
  'not-https': '地址不是 https:// 开头。请管理员改成 https，或者用 ANLING_WEBHOOK_HOSTS 写明这台主机。',
  'forbidden-address': '地址指向本机或者不许发送的网段，请管理员改正。',
  'own-port': '地址指向安铃自己的端口，请管理员改正。',
  'certificate': '对方的证书不受信任（过期、名字不对或自己签发）。请管理员检查证书。',
  'tls': '和对方谈不成加密连接。请管理员检查邮件服务器的 TLS。',
  'no-starttls': '邮件服务器不提供加密（STARTTLS），密码不会发过去。请管理员检查 ANLING_SMTP_URL。',
  'no-smtputf8': '邮箱名里有中文，邮件服务器不支持。请换一个英文邮箱名。',
  'no-login': '邮件服务器不接受用户名和密码登录。请管理员检查 ANLING_SMTP_URL。',
  'no-secret': '这个机构还没有签名密钥，请管理员重新导入中心文件。',
  'bad-secret': '这个机构的签名密钥读不懂，请管理员检查 secrets 文件夹。',
  'no-channel': '这种渠道没有开通，请管理员设置（邮件是 ANLING_SMTP_URL）。',
}

const en: Record<string, string> = {
  'timeout': 'The other side does not answer.',
  'circuit-open': 'The other side keeps not answering: it is tried now and then.',
  'unreachable': 'The other side cannot be reached.',
  'unreadable': 'The answer of the other side cannot be read.',
  'bad-address': 'The address is wrong: the administrator should correct it in the centre’s file.',
  'not-https':
    'The address does not begin with https://: the administrator should change it, or name its host in ANLING_WEBHOOK_HOSTS.',
  'forbidden-address':
    'The address leads to this machine or where nothing may be sent: the administrator should correct it.',
  'own-port': 'The address leads to one of Anling’s own ports: the administrator should correct it.',
  'certificate':
    'Its certificate is not trusted (expired, of another name or self-made): the administrator should check it.',
  'tls': 'No encrypted connection comes about: the administrator should check the mail server’s TLS.',
  'no-starttls':
    'The mail server offers no encryption (STARTTLS), so that it is given no password: check ANLING_SMTP_URL.',
  'no-smtputf8': 'The mailbox has signs beyond ASCII before the @, which the mail server does not know: use another.',
  'no-login': 'The mail server takes no name and password: the administrator should check ANLING_SMTP_URL.',
  'no-secret': 'The organisation has no secret yet: the administrator should import the centre’s file again.',
  'bad-secret': 'The organisation’s secret cannot be read: the administrator should check the folder secrets.',
  'no-channel': 'This channel is not set up: the administrator should set it (ANLING_SMTP_URL for mail).',
}

export function untoldInChinese(params: Params): string {
  return `有报警没有告知到人。请检查值班人员的联系方式。${why(zh, '对方回答了代码 ', '。', params)}`
}

export function untoldInEnglish(params: Params): string {
  return `Somebody could not be told of an alarm. Check the contacts of those on duty.${spaced(why(en, 'The other side answered with the code ', '.', params))}`
}

/** A provider's own number says more to its support than any word of ours: `refused-93000`, `http-404`, `smtp-550`. */
function why(words: Record<string, string>, before: string, after: string, params: Params): string {
  const reason = String(params.reason ?? '')
  const code = /^(?:refused|http|smtp)-(.+)$/.exec(reason)?.[1]?.replace('minus-', '-')
  return code === undefined ? (words[reason] ?? '') : `${before}${code}${after}`
}

function spaced(sentence: string): string {
  return sentence === '' ? '' : ` ${sentence}`
}
