import { expect, test } from 'vitest'
import { freshness, nextTry, type Heard } from './freshness'

const NOON = Date.parse('2026-11-23T04:00:00Z')

const heard = (opened_ms: number, beat_ms: number | null, broken_ms: number | null = null): Heard => ({
  opened_ms,
  beat_ms,
  broken_ms,
})

test('a board that heard a beat four seconds ago is live', () => {
  expect(freshness(heard(0, 96_000), 100_000, NOON)).toEqual({ is: 'live' })
})

test('a board that has heard no beat for twelve seconds says since when', () => {
  expect(freshness(heard(0, 88_000), 100_000, NOON)).toEqual({ is: 'stale', since: NOON - 12_000 })
})

test('a board whose connection is gone for five seconds does not wait for a silence', () => {
  expect(freshness(heard(0, 96_000, 96_000), 100_000, NOON)).toEqual({ is: 'live' })
  expect(freshness(heard(0, 94_000, 95_000), 100_000, NOON)).toEqual({ is: 'stale', since: NOON - 6000 })
})

test('a page that has just been opened claims nothing', () => {
  expect(freshness(heard(99_000, null), 100_000, NOON)).toEqual({ is: 'opening' })
})

test('a page that never reached the hub says so too', () => {
  expect(freshness(heard(80_000, null), 100_000, NOON)).toEqual({ is: 'stale', since: NOON - 20_000 })
})

test('tries come further apart, and never more than eight seconds', () => {
  expect([1, 2, 3, 4, 5, 50].map(nextTry)).toEqual([1000, 2000, 4000, 8000, 8000, 8000])
})
