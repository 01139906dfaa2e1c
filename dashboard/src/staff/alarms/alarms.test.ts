import { expect, test } from 'vitest'
import type { AlarmCard } from '../../lib/api/types'
import { byNeed, forBar, needsAmbulance, outcomesOf, ringing, saysMore, spokenKey, steps, whoAndWhere } from './alarms'

function alarm(id: string, changes: Partial<AlarmCard> = {}): AlarmCard {
  return {
    id,
    centre_id: 'jiuquan-road',
    number: '23-01',
    klass: 'help',
    priority: 'P1',
    state: 'open',
    senior: { id: 's-01', address_as: '王奶奶', address_as_en: 'Grandma Wang' },
    room: { id: 'gym', name: '健身室', name_en: 'Gym' },
    away: false,
    device_id: 'b-01',
    summary: { 'zh-CN': '王奶奶在健身室按了呼叫', en: 'Grandma Wang pressed in the gym' },
    opened_at: '2026-11-23T02:14:05Z',
    pressed_at: '2026-11-23T02:14:05Z',
    late: false,
    time_uncertain: false,
    drill: false,
    cancel_requested: false,
    unreachable: false,
    times_pressed: 1,
    tier: 0,
    owner: null,
    lapsed: null,
    accepted_at: null,
    arrive_by: null,
    on_scene_at: null,
    confirm_by: null,
    ambulance_card_at: null,
    resolved_at: null,
    outcome: null,
    linked_id: null,
    told: [],
    version: 1,
    ...changes,
  }
}

test('who waits longest without anybody going comes first', () => {
  const taken = alarm('taken', { state: 'accepted', pressed_at: '2026-11-23T01:00:00Z' })
  const urgent = alarm('urgent', { priority: 'P2', pressed_at: '2026-11-23T01:30:00Z' })
  const later = alarm('later', { pressed_at: '2026-11-23T02:30:00Z' })
  const earlier = alarm('earlier', { pressed_at: '2026-11-23T02:00:00+00:00' })

  expect(byNeed([taken, urgent, later, earlier]).map((one) => one.id)).toEqual(['earlier', 'later', 'urgent', 'taken'])
})

test("one's own alarm comes right after those nobody has taken", () => {
  const of = (id: string, owner: string): AlarmCard =>
    alarm(id, { state: 'accepted', owner: { id: owner, name: '王芳', name_en: 'Wang Fang' } })
  const sorted = byNeed([of('hers', 'sw-1'), of('mine', 'staff-02'), alarm('open')])

  expect(forBar(sorted, 'staff-02').map((one) => one.id)).toEqual(['open', 'mine', 'hers'])
})

test("the hub's words are shown where they say more than who pressed where", () => {
  const english = alarm('en', { summary: { en: 'Grandma Wang pressed for help (Gym)' } })
  const home = alarm('home', { room: null, away: true, summary: { 'zh-CN': '王奶奶按了呼叫' } })
  const seen = alarm('seen', { summary: { 'zh-CN': '王奶奶按了呼叫（最后见于健身室）' } })

  expect([saysMore(alarm('zh'), 'zh-CN'), saysMore(english, 'en'), saysMore(home, 'zh-CN')]).toEqual([false, false, false])
  expect(saysMore(seen, 'zh-CN')).toBe(true)
})

test('a resolved alarm leaves the bar', () => {
  expect(byNeed([alarm('over', { state: 'resolved' })])).toEqual([])
})

test('the board rings while nobody has taken an alarm, as high as the highest tier', () => {
  expect(ringing([alarm('a'), alarm('b', { tier: 2 })])).toBe(2)
  expect(ringing([alarm('a', { state: 'accepted', tier: 3 })])).toBeNull()
})

test('the words are spoken again when the alarm climbs or she presses again', () => {
  expect(spokenKey(alarm('a', { tier: 1 }))).not.toBe(spokenKey(alarm('a')))
  expect(spokenKey(alarm('a', { times_pressed: 2 }))).not.toBe(spokenKey(alarm('a')))
  expect(spokenKey(alarm('a', { version: 9 }))).toBe(spokenKey(alarm('a')))
})

test('a hot room is named by its room', () => {
  expect(whoAndWhere(alarm('hot', { senior: null }), 'en')).toEqual({ who: 'Gym', where: null })
  expect(whoAndWhere(alarm('press'), 'zh-CN')).toEqual({ who: '王奶奶', where: '健身室' })
})

test('a call from outside says that she is not at the centre', () => {
  const call = alarm('call', { room: null, away: true })

  expect(whoAndWhere(call, 'zh-CN')).toEqual({ who: '王奶奶', where: '不在中心' })
  expect(whoAndWhere(call, 'en').where).toBe('not at the centre')
  expect(whoAndWhere({ ...call, away: false }, 'en').where).toBe('somewhere in the centre')
})

test('whoever has taken it says first that she is there, then how it ended', () => {
  const taken = alarm('taken', { state: 'accepted' })
  const again = { confirm_by: '2026-11-23T02:16:05Z' }

  expect(steps(alarm('open'), false)).toEqual(['accept'])
  expect(steps(taken, false)).toEqual([])
  expect(steps(taken, true)).toEqual(['arrive', 'resolve'])
  expect(steps({ ...taken, ...again }, true)).toEqual(['confirm', 'arrive'])
  expect(steps(alarm('there', { state: 'on_scene' }), true)).toEqual(['resolve'])
  expect(steps(alarm('there', { state: 'on_scene', ...again }), true)).toEqual(['stay', 'resolve'])
  expect(steps(alarm('over', { state: 'resolved' }), true)).toEqual([])
})

test('a room that was too hot was neither reassured nor pressed by accident', () => {
  const hot = alarm('hot', { klass: 'room-hot', senior: null, pressed_at: null })

  expect(outcomesOf(hot)).toEqual(['assisted', 'device_fault', 'fall', 'ambulance'])
  expect(outcomesOf(alarm('cord', { senior: null }))).toHaveLength(7)
})

test('the card with 120 comes when nobody was there in time, and goes when somebody is', () => {
  const waiting = alarm('waiting', { state: 'accepted', ambulance_card_at: '2026-11-23T02:19:05Z' })
  const due = Date.parse('2026-11-23T02:19:05Z')

  expect(needsAmbulance(waiting, due - 1)).toBe(false)
  expect(needsAmbulance(waiting, due)).toBe(true)
  expect(needsAmbulance({ ...waiting, state: 'on_scene' }, due)).toBe(false)
})
