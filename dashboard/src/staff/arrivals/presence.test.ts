import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Problem } from '../../lib/api/request'
import type { PresenceTapped, RoomCard, SeniorHere } from '../../lib/api/types'
import { language } from '../../lib/language.svelte'
import { changedText, Presence, tappedText } from './presence.svelte'

const WANG: SeniorHere = {
  id: 's-01',
  name: '王桂兰',
  address_as: '王奶奶',
  address_as_en: 'Grandma Wang',
  present: true,
  room_id: 'music',
  since: '2026-11-23T02:12:00Z',
  etag: '"4"',
  changed: null,
}
const GONE: SeniorHere = {
  ...WANG,
  present: false,
  room_id: null,
  since: null,
  etag: '"5"',
  changed: { at: '2026-11-23T02:30:00Z', how: 'staff', by: { id: 'liu', name: '刘芳', name_en: 'Liu Fang' } },
}
const ROOMS = [{ id: 'music', name: '音乐室', name_en: 'Music room' }] as RoomCard[]

let listed: SeniorHere
let posted: { body: PresenceTapped; etag: string }[]
let answers: (Error | SeniorHere)[]

beforeEach(() => {
  vi.useFakeTimers()
  language.current = 'zh-CN'
  listed = WANG
  posted = []
  answers = []
})
afterEach(() => void vi.useRealTimers())

function record(body: PresenceTapped, etag: string): Promise<void> {
  posted.push({ body, etag })
  const next = answers.shift()
  if (next instanceof Error) return Promise.reject(next)
  listed = next ?? listed
  return Promise.resolve()
}

const presence = (): Presence =>
  new Presence({ record, row: () => listed, again: () => Promise.resolve(), tapped: () => undefined })

test('a tap goes with the version that was seen, and can be undone: she is where she was', async () => {
  const one = presence()
  answers.push(GONE, WANG)

  const left = one.tap('leave', null)
  await vi.runAllTimersAsync()
  const undoable = one.undoable
  void one.undo()
  await vi.runAllTimersAsync()

  expect([await left, undoable?.what, undoable?.room_id]).toEqual([true, 'leave', 'music'])
  expect(posted).toEqual([
    { body: { senior_id: 's-01', what: 'leave', room_id: null }, etag: '"4"' },
    { body: { senior_id: 's-01', what: 'enter', room_id: 'music' }, etag: '"5"' },
  ])
})

test('a colleague who was faster is named with what stands, and mine can be noted all the same', async () => {
  const one = presence()
  one.choose()
  answers.push(new Problem('changed-meanwhile', 412, {}, GONE), WANG)

  void one.tap('enter', 'music')
  await vi.runAllTimersAsync()
  const conflict = one.row.conflict
  const open = one.choosing
  void one.keepMine()
  await vi.runAllTimersAsync()

  expect(conflict?.mine && tappedText(conflict.mine, ROOMS)).toBe('进音乐室')
  expect(conflict && changedText(conflict, ROOMS)).toMatch(/^“进音乐室”没有记下。刘芳 .*10:30 刚改过，现在是：已回家。$/)
  expect([open, one.choosing, one.row.conflict]).toEqual([true, false, null])
  expect(posted.map(({ etag }) => etag)).toEqual(['"4"', '"5"'])
})

test('what was noted here is not to be undone over what a colleague has changed since', async () => {
  listed = GONE
  const one = presence()
  answers.push({ ...WANG, room_id: null, etag: '"6"' })
  void one.tap('arrive', null)
  await vi.runAllTimersAsync()
  const before = one.undoable?.what
  one.choose()
  one.row.take({ ...WANG, etag: '"7"' })

  expect([before, one.undoable, one.row.conflict?.theirs.room_id]).toEqual(['arrive', null, 'music'])
})

test('a card that was read is named as one, in either language', () => {
  const arrived: SeniorHere = { ...WANG, changed: { at: '2026-11-23T02:12:00Z', how: 'card', by: null } }

  expect(changedText({ theirs: arrived, mine: null }, ROOMS)).toMatch(/^刷卡 .*10:12 刚改过，现在是：在音乐室。$/)
  language.current = 'en'
  expect(changedText({ theirs: arrived, mine: null }, ROOMS)).toMatch(/^The card reader changed this at .*10:12. Now: Music room.$/)
})

test('an open form is neither closed nor emptied by a failure', async () => {
  const one = presence()
  one.choose()
  answers.push(new Problem('database-away', 503))

  const noted = one.tap('enter', 'music')
  await vi.runAllTimersAsync()

  expect([await noted, one.choosing, one.row.saveProblem?.code, one.busy]).toEqual([false, true, 'database-away', false])
})
