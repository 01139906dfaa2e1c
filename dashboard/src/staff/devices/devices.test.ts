import { expect, test } from 'vitest'
import type { DeviceRow } from '../../lib/api/types'
import { byNeed, isBatteryLow } from './devices'

function device(id: string, changes: Partial<DeviceRow> = {}): DeviceRow {
  return {
    id,
    kind: 'button',
    name: id,
    name_en: id,
    enabled: true,
    state: 'online',
    state_at: null,
    heard_at: null,
    firmware: '',
    battery_percent: null,
    senior_id: null,
    room_id: null,
    ...changes,
  }
}

test('what is silent comes first, then low batteries, and last what is switched off', () => {
  const all = [
    device('off', { enabled: false, state: 'offline' }),
    device('works'),
    device('never', { state: 'unknown' }),
    device('low', { battery_percent: 9 }),
    device('silent', { state: 'offline' }),
  ]

  expect(byNeed(all).map((one) => one.id)).toEqual(['silent', 'low', 'never', 'works', 'off'])
})

test('a battery is low from 20 % down; one that says nothing is not', () => {
  expect([null, 21, 20, 0].map((percent) => isBatteryLow(device('b', { battery_percent: percent })))).toEqual([
    false,
    false,
    true,
    true,
  ])
})
