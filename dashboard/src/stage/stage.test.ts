import { expect, test, vi } from 'vitest'
import { hub } from '../lib/api/request'
import { StageState } from './stage.svelte'

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
  const stageState = new StageState()

  stageState.open()
  Source.last.dispatchEvent(new MessageEvent('stage', { data: '{"cut": true}' }))
  bring({ data: { cut: false } })
  await new Promise((resolve) => setTimeout(resolve))

  expect(stageState.stage).toEqual({ cut: true })
})
