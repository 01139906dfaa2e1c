import { expect, test, vi } from 'vitest'
import { hub } from '../lib/api/request'
import { Theatre } from './theatre.svelte'

class Source extends EventTarget {
  static last: Source
  constructor() {
    super()
    Source.last = this
  }
  close(): void {}
}

test('what the first look brings late never replaces what the stream has said meanwhile', async () => {
  vi.stubGlobal('EventSource', Source)
  let bring: (found: unknown) => void = () => {}
  vi.spyOn(hub, 'GET').mockReturnValue(new Promise((resolve) => (bring = resolve)) as never)
  const theatre = new Theatre()

  theatre.open()
  Source.last.dispatchEvent(new MessageEvent('stage', { data: '{"cut": true}' }))
  bring({ data: { cut: false } })
  await new Promise((resolve) => setTimeout(resolve))

  expect(theatre.stage).toEqual({ cut: true })
})
