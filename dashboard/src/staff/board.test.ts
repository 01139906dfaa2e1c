import { afterEach, expect, test, vi } from 'vitest'
import { Problem } from '../lib/api/request'
import { Board } from './board.svelte'

afterEach(() => void vi.useRealTimers())

test('a refusal is said for twenty seconds, also one that follows another', async () => {
  vi.useFakeTimers()
  const board = new Board(() => undefined)
  const refuse = (): Promise<void> => Promise.reject(new Problem('unreachable', 0))

  await board.tapped('a-1', refuse)
  vi.advanceTimersByTime(15_000)
  await board.tapped('a-1', refuse)
  vi.advanceTimersByTime(19_000)
  const said = board.refusal('a-1')?.code
  vi.advanceTimersByTime(1_000)

  expect([said, board.refusal('a-1')]).toEqual(['unreachable', undefined])
  expect(vi.getTimerCount()).toBe(0)
})

test('a tap that went through takes back why the one before it was refused', async () => {
  vi.useFakeTimers()
  const board = new Board(() => undefined)

  await board.tapped('a-1', () => Promise.reject(new Problem('unreachable', 0)))
  await board.tapped('a-1', () => Promise.resolve())

  expect(board.refusal('a-1')).toBeUndefined()
  expect(vi.getTimerCount()).toBe(0)
})
