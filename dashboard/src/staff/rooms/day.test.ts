import { expect, test } from 'vitest'
import { bounds, hours, isEmpty, percent, range } from './day'

test('the day of the centre begins at its own midnight', () => {
  const [from, to] = bounds('2026-11-23', 'Asia/Shanghai')

  expect(new Date(from * 1000).toISOString()).toBe('2026-11-22T16:00:00.000Z')
  expect(to - from).toBe(86_400)
})

test('a day without a reading is empty, one with a single reading is not', () => {
  const none = {
    room: { id: 'gym', name: '健身室', name_en: 'Gym' },
    date: '2026-11-23',
    bucket_seconds: 300,
    at: [0, 300],
    temperature: [null, null],
    occupancy: [],
    motion: [],
  }

  expect(isEmpty(none)).toBe(true)
  expect(isEmpty({ ...none, temperature: [null, 21.5] })).toBe(false)
})

test('a chart shows the hours that have readings', () => {
  const midnight = Date.parse('2026-11-22T16:00:00Z') / 1000
  const day = {
    room: { id: 'gym', name: '健身室', name_en: 'Gym' },
    date: '2026-11-23',
    bucket_seconds: 300,
    at: [8, 9, 16.5, 18.9].map((hour) => midnight + hour * 3600),
    temperature: [null, 21.5, null, null],
    occupancy: [null, null, 3, null],
    motion: [null, null, null, null],
  }

  expect(hours(day, 'Asia/Shanghai')).toEqual([midnight + 9 * 3600, midnight + 17 * 3600])
  expect(hours({ ...day, occupancy: [] }, 'Asia/Shanghai')).toEqual([midnight + 9 * 3600, midnight + 10 * 3600])
})

test('a gap is not a nought', () => {
  expect(range([null, 3, null, 1])).toEqual([1, 3])
  expect(range([null])).toBeNull()
  expect(percent([0.5, null])).toEqual([50, null])
})
