import { expect, test } from 'vitest'
import { tones } from './bell.svelte'

test('the tones rise with each tier and stay below shrill', () => {
  const low = [0, 1, 2, 3, 4, 5, 6, 7].map((tier) => tones(tier)[0])

  expect(low.slice(0, 7)).toEqual([...low.slice(0, 7)].sort((a, b) => a - b))
  expect(new Set(low.slice(0, 7)).size).toBe(7)
  expect(low[7]).toBe(low[6])
  expect(Math.max(...low)).toBeLessThan(1100)
})
