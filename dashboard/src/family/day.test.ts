import { expect, test } from 'vitest'
import type { FamilyAlarm } from '../lib/api/types'
import { language } from '../lib/language.svelte'
import { dayOf } from './day'

const CALL: FamilyAlarm = {
  id: 'a-1',
  number: '23-07',
  state: 'resolved',
  opened_at: '2026-11-23T02:20:00Z',
  owner_name: null,
  owner_name_en: null,
  outcome: 'accidental',
}
const GYM = { id: 'gym', name: '健身室', name_en: 'Gym' }

test('a call that is over is one line of her day, in its place', () => {
  language.current = 'zh-CN'
  const today = [
    { at: '2026-11-23T02:14:00Z', what: 'arrived' as const, room: null },
    { at: '2026-11-23T02:30:00.5Z', what: 'entered' as const, room: GYM },
  ]

  expect(dayOf(today, [CALL]).map((line) => line.text)).toEqual(['到了中心', '按了呼叫：已处理好（误按）', '健身室'])
})
