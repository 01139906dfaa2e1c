/** The words of messages nobody could read. */
import type { QuarantineReason, WordsOf } from '../../lib/api/types'
import { inLanguage, type InBoth } from '../../lib/language.svelte'

const zh = {
  title: '异常报文',
  what: '读不懂的报文放在这里，不影响别的。来自呼叫按钮的，已经当作报警。',
  empty: '没有读不懂的报文。',
  unknown: '没有登记的设备',
  reasons: {
    'unknown-device': '没有登记的设备',
    'unknown-topic': '不认识的主题',
    'wrong-lane': '走错了通道',
    'too-long': '太长',
    'not-utf8': '不是 UTF-8 文字',
    'not-json': '不是 JSON',
    'not-an-object': '不是 JSON 对象',
    'unknown-version': '不认识的版本',
    'missing-field': '少了一项',
    'bad-field': '有一项不对',
    'refused-by-the-database': '数据库不收',
    defect: '安铃读它的时候出了毛病，请告诉技术支持',
  } satisfies WordsOf<QuarantineReason, string> as WordsOf<QuarantineReason, string>,
  reasonOther: '内容读不懂',
}

const en: typeof zh = {
  title: 'Unreadable messages',
  what: 'Messages nobody can read wait here and disturb nothing. Those of call buttons have raised an alarm.',
  empty: 'No unreadable messages.',
  unknown: 'not a registered device',
  reasons: {
    'unknown-device': 'not a registered device',
    'unknown-topic': 'unknown topic',
    'wrong-lane': 'sent on the wrong lane',
    'too-long': 'too long',
    'not-utf8': 'not UTF-8 text',
    'not-json': 'not JSON',
    'not-an-object': 'not a JSON object',
    'unknown-version': 'unknown version',
    'missing-field': 'a field is missing',
    'bad-field': 'a field is wrong',
    'refused-by-the-database': 'refused by the database',
    defect: 'a defect of Anling in reading it: please tell support',
  },
  reasonOther: 'cannot be read',
}

export const quarantineWords: InBoth<typeof zh> = { 'zh-CN': zh, en }

/** The same in the language of the page. */
export const quarantineSays = inLanguage(quarantineWords)
