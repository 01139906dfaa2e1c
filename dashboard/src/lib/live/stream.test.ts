import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SILENCE_MS } from './freshness'
import { LiveStream } from './stream.svelte'

class Source extends EventTarget {
  static last: Source
  constructor() {
    super()
    Source.last = this
  }
  close(): void {}
  say(kind: string): void {
    this.dispatchEvent(new MessageEvent(kind, { data: '{}' }))
  }
}

const events = { snapshot: () => {}, room: () => {}, beat: () => {} }
let stream: LiveStream<{ snapshot: object; room: object; beat: object }>

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('EventSource', Source)
  stream = new LiveStream('/api/live', events, () => {})
  stream.open()
})

afterEach(() => {
  stream.close()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('a page that is told of rooms and gets no beat is not live: the alarm path is dead', () => {
  Source.last.say('snapshot')
  Source.last.say('beat')
  expect(stream.fresh.is).toBe('live')

  for (let second = 0; second <= SILENCE_MS / 1000; second += 1) {
    vi.advanceTimersByTime(1000)
    Source.last.say('room')
  }

  expect(stream.fresh.is).toBe('stale')
})

test('a snapshot after a silence makes no page live, and a beat does', () => {
  Source.last.say('beat')
  vi.advanceTimersByTime(3 * SILENCE_MS)
  Source.last.say('snapshot')
  expect(stream.fresh.is).toBe('stale')

  Source.last.say('beat')

  expect(stream.fresh.is).toBe('live')
})
