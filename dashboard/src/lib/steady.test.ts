import { expect, test } from 'vitest'
import { isStill, placeOf } from './steady.svelte'

test('a tap counts once the button has stood still for 700 ms', () => {
  expect(isStill(10_699, 10_000, 0)).toBe(false)
  expect(isStill(10_700, 10_000, 0)).toBe(true)
})

test('after an alarm was taken every button waits, also one that did not move', () => {
  expect(isStill(10_699, 0, 10_000)).toBe(false)
  expect(isStill(10_700, 0, 10_000)).toBe(true)
})

test('scrolling moves no button: its place is counted within what scrolls', () => {
  const sticky = { offsetTop: 400, offsetParent: null } as unknown as HTMLElement
  const row = { offsetTop: 120, offsetParent: sticky } as unknown as HTMLElement
  const button = { offsetTop: 60, offsetParent: row } as unknown as HTMLElement

  expect(placeOf(button, sticky)).toBe(180)
  expect(placeOf(button, null)).toBe(580)
})
