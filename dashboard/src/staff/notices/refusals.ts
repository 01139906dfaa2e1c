/** Why the broker refuses what a device sends, and what to set on it: `why` and `detail` of the notice `message-refused`. */
import type { NoticeCard } from '../../lib/api/types'

type Params = NoticeCard['params']
type Sentences = Record<string, string>

const zh: Sentences = {
  'qos-2': '请把它的 QoS 设成 1。',
  'wrong-topic': '它发到了不该发的主题，请核对主题里的中心编号和设备编号。',
  'too-large': '它发的报文太大，请设成不超过 4 KB。',
  malformed: '它发的不是合格的 MQTT 报文，请升级设备程序。',
  'protocol-version': '请把它的 MQTT 版本设成 3.1.1。',
  'last-will': '请把它的遗嘱（Last Will）设成自己的 status 主题、QoS 1。',
  'client-id': '请给它设一个客户端编号（client id），或者打开 Clean Session。',
  'out-of-turn': '它不按 MQTT 的次序说话，请升级设备程序。',
}

const en: Sentences = {
  'qos-2': 'Set its QoS to 1.',
  'wrong-topic': 'It publishes to a topic that is not its own: check the ids of centre and device in it.',
  'too-large': 'Its messages are too large: 4 KB at most.',
  malformed: 'What it sends is not MQTT: update its program.',
  'protocol-version': 'Set its MQTT version to 3.1.1.',
  'last-will': 'Set its Last Will to its own status topic, with QoS 1.',
  'client-id': 'Give it a client id, or switch Clean Session on.',
  'out-of-turn': 'It does not keep to the order of MQTT: update its program.',
}

export function refusedInChinese(device: string, params: Params): string {
  const why = zh[String(params.why)] ?? ''
  return `${device}发来的报文收不进来，按了也可能传不到。${why}请管理员今天处理（${params.detail ?? '?'}）。`
}

export function refusedInEnglish(device: string, params: Params): string {
  const why = en[String(params.why)] ?? ''
  return `What ${device} sends is refused, and a press of it may be lost. ${why} Ask the administrator today (${params.detail ?? '?'}).`
}
