import { expect, test } from 'vitest'
import { routeOf } from './route.svelte'

test('an address names its page', () => {
  expect(routeOf('#/room/gym')).toEqual({ page: 'room', id: 'gym' })
  expect(routeOf('#/devices')).toEqual({ page: 'devices' })
  expect(routeOf('#take/tok_en-1')).toEqual({ page: 'link', id: 'tok_en-1' })
})

test('whatever cannot be read is the board, where the alarms are', () => {
  for (const hash of ['', '#/', '#/room', '#/nowhere/x', '#/room/<b>']) expect(routeOf(hash)).toEqual({ page: 'board' })
})
