import { expect, test } from 'vitest'
import type { RoomCard } from '../../lib/api/types'
import { byNeed, place } from './plan'

function room(id: string, column: number, row: number, changes: Partial<RoomCard> = {}): RoomCard {
  return {
    id,
    name: id,
    name_en: id,
    type: 'gym',
    plan: { column, row, width: 1, height: 1 },
    present: [],
    camera: null,
    temperature_celsius: null,
    occupancy: null,
    alarm_ids: [],
    being_watched: 0,
    ...changes,
  }
}

const WANG = { senior_id: 's-01', address_as: '王奶奶', address_as_en: 'Grandma Wang', since: '2026-11-23T02:00:00Z' }

test('the upper left room is in the first cell, whether the plan counts from nought or one', () => {
  const nought = [room('a', 0, 0), room('b', 1, 0)]
  const one = [room('a', 1, 1), room('b', 2, 1)]

  for (const rooms of [nought, one]) {
    expect(rooms.map((each) => place(each, rooms))).toEqual([
      { column: '1 / span 1', row: '1 / span 1' },
      { column: '2 / span 1', row: '1 / span 1' },
    ])
  }
})

test('on a phone the room with the alarm is read first, then rooms with people', () => {
  const rooms = [room('empty', 0, 0), room('full', 1, 0, { present: [WANG] }), room('alarm', 2, 0, { alarm_ids: ['a-1'] })]

  expect(byNeed(rooms).map((each) => each.id)).toEqual(['alarm', 'full', 'empty'])
})
