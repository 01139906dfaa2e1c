import { expect, test } from 'vitest'
import { attention, count, passes, seen } from './watch'

test('a picture is live only while new frames are decoded', () => {
  const moving = count({ decoded: 10, moved_ms: 0 }, 22, 1000)

  expect(seen(moving, 2000)).toBe('live')
  expect(seen(count(moving, 22, 2600), 2600)).toBe('paused')
})

test('a connection without a frame is not a picture', () => {
  expect(seen({ decoded: 0, moved_ms: 0 }, 3000)).toBe('connecting')
})

test('a picture that stood still for three seconds is asked for anew, a first one after eight', () => {
  expect(seen({ decoded: 40, moved_ms: 0 }, 3000)).toBe('lost')
  expect(seen({ decoded: 0, moved_ms: 0 }, 7999)).toBe('connecting')
  expect(seen({ decoded: 0, moved_ms: 0 }, 8000)).toBe('lost')
})

test('after a quarter of an hour the page asks, and a minute later it stops', () => {
  expect(attention(0, 899_999)).toBe('watching')
  expect(attention(0, 900_000)).toBe('asked')
  expect(attention(0, 960_000)).toBe('gone')
})

test('a busy hub is tried again, a refusal is not', () => {
  expect([0, 503, 429].map(passes)).toEqual([true, true, true])
  expect([403, 404, 406, 410].map(passes)).toEqual([false, false, false, false])
})
