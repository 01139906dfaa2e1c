import { beforeEach, expect, test } from 'vitest'
import type { NoticeCard } from '../../lib/api/types'
import { language } from '../../lib/language.svelte'
import { isLineDead, matters, matterText, noticeText, standing } from './notices'

function notice(id: string, changes: Partial<NoticeCard> = {}): NoticeCard {
  return {
    id,
    centre_id: 'jiuquan-road',
    code: 'camera-dark',
    priority: 'P3',
    subject: 'device:c-gym',
    subject_name: '健身室摄像头',
    subject_name_en: 'Gym camera',
    params: {},
    raised_at: '2026-11-23T02:00:00Z',
    last_at: '2026-11-23T02:00:00Z',
    times: 1,
    cleared_at: null,
    ...changes,
  }
}

beforeEach(() => {
  language.current = 'en'
})

test('what broke last comes first, what is only for information last, what is over not at all', () => {
  const old = notice('old')
  const fresh = notice('fresh', { raised_at: '2026-11-23T03:00:00Z' })
  const idle = notice('idle', { priority: 'P4', raised_at: '2026-11-23T04:00:00Z' })
  const over = notice('over', { cleared_at: '2026-11-23T04:00:00Z' })

  expect(standing([old, idle, over, fresh]).map((one) => one.id)).toEqual(['fresh', 'old', 'idle'])
})

test('what calls for help depend on comes before everything else', () => {
  const camera = notice('camera', { raised_at: '2026-11-23T05:00:00Z' })
  const button = notice('button', { code: 'trigger-silent' })
  const broker = notice('broker', { code: 'broker-away', raised_at: '2026-11-23T01:00:00Z' })

  expect(standing([camera, button, broker]).map((one) => one.id)).toEqual(['broker', 'button', 'camera'])
})

test('three of a kind are one matter, two are two', () => {
  const silent = (n: number): NoticeCard[] =>
    [...Array(n).keys()].map((one) => notice(`b-${one}`, { code: 'trigger-silent' }))
  const dark = notice('dark')

  expect(matters([...silent(2), dark]).map((one) => one.notices.length)).toEqual([1, 1, 1])
  expect(matters([...silent(3), dark]).map((one) => [one.code, one.notices.length])).toEqual([
    ['trigger-silent', 3],
    ['camera-dark', 1],
  ])
  expect(matters(silent(42)).map(matterText)).toEqual([
    '42 call buttons cannot be heard: most likely the network is down. Check the switch at once.',
  ])
})

test('a dead line is many buttons or the broker, not one button nor many cameras', () => {
  const many = (code: string): NoticeCard[] => ['1', '2', '3'].map((id) => notice(id, { code }))

  expect(isLineDead(matters(many('trigger-silent')))).toBe(true)
  expect(isLineDead(matters([notice('broker', { code: 'broker-away' })]))).toBe(true)
  expect(isLineDead(matters([notice('button', { code: 'trigger-silent' })]))).toBe(false)
  expect(isLineDead(matters(many('camera-dark')))).toBe(false)
})

test('a notice says which thing, and what to do', () => {
  expect(noticeText(notice('dark'))).toBe('Gym camera shows a black picture. Is the lens covered or the light off?')
})

test('a tier without anybody is named by its number', () => {
  const gap = notice('gap', { code: 'roster-gap', subject: 'tier:2', subject_name: '', subject_name_en: '' })

  expect(noticeText(gap)).toMatch(/tier 2/)
})

test("a notice of a centre's own rule names the thing before the rule", () => {
  expect(noticeText(notice('own', { code: 'kettle-on' }))).toBe(
    'Gym camera needs a look. Please tell the administrator: kettle-on',
  )
})

test('a rule of the centre says it in its own words, in the language of the page', () => {
  const words = { 'zh-CN': '健身室太吵', en: 'The gym is too loud', value: '80' }

  expect(noticeText(notice('loud', { code: 'room-loud', params: words }))).toBe('The gym is too loud')
  language.current = 'zh-CN'
  expect(noticeText(notice('loud', { code: 'room-loud', params: words }))).toBe('健身室太吵')
})

test('a wrong clock and an alarm that cannot be processed are red, each for itself, before everything else', () => {
  const parked = (n: number): NoticeCard[] =>
    [...Array(n).keys()].map((one) =>
      notice(`a-${one}`, { code: 'row-parked', params: { kind: 'alarm', id: `a-${one}`, error: 'ValidationError' } }),
    )
  const other = notice('other', { code: 'row-parked', params: { kind: 'notification', id: 'n-1', error: 'KeyError' } })
  const clock = notice('clock', { code: 'clock-behind', params: { seconds: 1020 } })
  const steps = ['clock-ahead', 'clock-set'].map((code) => notice(code, { code, params: { seconds: 94608000 } }))
  const broker = notice('broker', { code: 'broker-away' })

  const shown = matters(standing([other, broker, clock, ...steps, ...parked(3)]))

  expect(shown.map((one) => one.red)).toEqual([true, true, true, true, true, true, false, false])
  expect(shown.at(-2)?.code).toBe('broker-away')
  expect(matterText(matters([parked(1)[0]!])[0]!)).toBe(
    'An alarm cannot be processed: look at the alarms now, and go and see. Tell the administrator: a-0 (ValidationError)',
  )
})

test.each([
  [{ why: 'codec', codec: 'SVAC', what: '…' }, 'SVAC', 'H.264'],
  [{ why: 'b-frames', codec: '', what: '…' }, 'B', 'Baseline'],
  [{ why: 'wrong-account', codec: '', what: '…', status: 401 }, '放不出来', '401', '密码'],
  [{ why: 'too-many-readers', codec: '', what: '…', status: 453 }, '453', '子码流'],
  [{ why: 'no-transport', codec: '', what: '…', status: 461 }, '461', '单播'],
  [{ why: 'key-interval', codec: '', what: '…', seconds: 40 }, '出得慢', '每隔 40 秒', '2 秒'],
  [{ why: 'our-mistake', codec: '', what: '…' }, '安铃', '日志'],
  [{}, 'H.264', 'B 帧'],
])('a camera that cannot be shown says why and what to set: %o', (params, ...said) => {
  language.current = 'zh-CN'

  const text = noticeText(notice('camera', { code: 'camera-unusable', params }))

  for (const one of said) expect(text).toContain(one)
})

test.each([
  [{ reason: 'certificate', channel: 'email' }, '证书'],
  [{ reason: 'not-https', channel: 'webhook' }, 'ANLING_WEBHOOK_HOSTS'],
  [{ reason: 'refused-200', channel: 'webhook' }, '代码 200'],
  [{ reason: 'refused-minus-1', channel: 'webhook' }, '代码 -1'],
  [{ reason: 'smtp-550', channel: 'email' }, '代码 550'],
  [{}, '检查值班人员的联系方式'],
])('whoever could not be told, it says why: %o', (params, said) => {
  language.current = 'zh-CN'

  expect(noticeText(notice('untold', { code: 'untold', params }))).toContain(said)
})
