/** What is on the stage now, and what a stranger does to it. */
import { Problem, answer, asProblem, hub } from '../lib/api/request'
import type { Stage } from '../lib/api/types'

const AGAIN_MS = 2000

export class StageState {
  stage = $state.raw<Stage | null>(null)
  problem = $state.raw<Problem | null>(null)
  #source: EventSource | null = null
  #again: ReturnType<typeof setTimeout> | undefined

  open(): void {
    void this.#look()
    const source = new EventSource('/api/demo/live')
    this.#source = source
    source.addEventListener('stage', (event) => {
      this.stage = JSON.parse((event as MessageEvent<string>).data) as Stage
      this.problem = null
    })
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) this.#reopen()
    })
  }

  close(): void {
    clearTimeout(this.#again)
    this.#source?.close()
  }

  press = (device_id: string): Promise<void> => this.#do(hub.POST('/api/demo/press', { body: { device_id } }))
  hot = (room_id: string, on: boolean): Promise<void> => this.#do(hub.POST('/api/demo/hot', { body: { room_id, on } }))
  dark = (camera_id: string, on: boolean): Promise<void> => this.#do(hub.POST('/api/demo/dark', { body: { camera_id, on } }))
  line = (cut: boolean): Promise<void> => this.#do(hub.POST('/api/demo/line', { body: { cut } }))
  restart = (): Promise<void> => this.#do(hub.POST('/api/demo/restart'))

  #reopen(): void {
    this.close()
    this.#again = setTimeout(() => this.open(), AGAIN_MS)
  }

  async #do(asked: Promise<unknown>): Promise<void> {
    try {
      await asked
      this.problem = null
    } catch (thrown) {
      this.problem = asProblem(thrown)
    }
  }

  async #look(): Promise<void> {
    try {
      const seen = await answer(hub.GET('/api/demo/stage'))
      this.stage ??= seen // what the stream has said meanwhile is newer
    } catch (thrown) {
      this.problem = asProblem(thrown)
    }
  }
}
