/** One person watching one camera: opens the viewing, shows it, notices when it stands still, and ends it. */
import { Problem, asProblem, hub } from '../api/request'
import type { Ticket } from '../api/types'
import { nextTry } from '../live/freshness'
import { attention, count, passes, seen, type Attention, type Counted } from './watch'
import { WhepSession, lacking } from './whep'

export type PictureState =
  | { is: 'connecting' | 'paused'; code: string | null }
  | { is: 'live' }
  | { is: 'ended'; code: string; params: Record<string, string | number> }

const LOOK_MS = 500
const REPORT_EVERY_MS = 5000

export class Picture {
  state = $state<PictureState>({ is: 'connecting', code: null })
  attention = $state<Attention>('watching')
  needsTap = $state(false)
  #video: HTMLVideoElement | null = null
  #session: WhepSession | null = null
  #counted: Counted = { decoded: 0, moved_ms: 0 }
  #had_picture = false
  #confirmed_ms = performance.now()
  #reported_ms = -Infinity
  #failures = 0
  #looking: ReturnType<typeof setInterval> | undefined
  #retrying: ReturnType<typeof setTimeout> | undefined

  /** `openViewing` asks the hub for the right to watch, each time the picture has to be opened. */
  constructor(readonly openViewing: () => Promise<Ticket>) {}

  start(video: HTMLVideoElement): void {
    this.#video = video
    const lack = lacking()
    if (lack) return this.end(lack)
    addEventListener('pagehide', this.#leaving)
    this.#looking = setInterval(() => void this.#look(), LOOK_MS)
    void this.#open()
  }

  /** The person says that she is still there. */
  stillWatching(): void {
    this.#confirmed_ms = performance.now()
    this.attention = 'watching'
  }

  /** Some phones play nothing before a tap. */
  async play(): Promise<void> {
    try {
      await this.#video?.play()
      this.needsTap = false
    } catch (thrown) {
      // AbortError: the source was replaced meanwhile, and the new one plays by itself
      if (thrown instanceof DOMException && thrown.name === 'NotAllowedError') this.needsTap = true
    }
  }

  /** No more picture, and why; the first reason stays. */
  end(code: string, params: Record<string, string | number> = {}): void {
    if (this.state.is === 'ended') return
    this.state = { is: 'ended', code, params }
    clearInterval(this.#looking)
    clearTimeout(this.#retrying)
    removeEventListener('pagehide', this.#leaving)
    this.#hangUp()
  }

  readonly #leaving = (): void => this.end('left')

  async #open(): Promise<void> {
    this.#counted = { decoded: 0, moved_ms: performance.now() }
    try {
      const viewing = await this.openViewing()
      if (this.state.is === 'ended') return
      const session = new WhepSession(viewing, () => this.#lost())
      this.#session = session
      this.#show(session)
      await session.open()
      this.#counted = { decoded: 0, moved_ms: performance.now() }
    } catch (thrown) {
      if (this.state.is === 'ended') return
      // an answer that this browser cannot play raises a DOMException
      this.#refused(thrown instanceof DOMException ? new Problem('no-picture', 406) : asProblem(thrown))
    }
  }

  #show(session: WhepSession): void {
    if (!this.#video) return
    this.#video.srcObject = session.stream
    this.#video.requestVideoFrameCallback?.(() => void this.#look())
    void this.play()
  }

  #refused(problem: Problem): void {
    this.#hangUp()
    if (!passes(problem.status)) return this.end(problem.code || String(problem.status), problem.params)
    this.#lost(problem.code)
  }

  /** The picture is gone for now: close it and retry with backoff. */
  #lost(code: string | null = null): void {
    if (this.state.is === 'ended' || this.#retrying !== undefined) return
    this.#hangUp()
    this.#wait(code)
    this.#failures += 1
    this.#retrying = setTimeout(() => {
      this.#retrying = undefined
      void this.#open()
    }, nextTry(this.#failures))
  }

  async #look(): Promise<void> {
    this.#attend()
    const session = this.#session
    if (session === null) return
    const frames = await session.frames()
    if (session !== this.#session || this.state.is === 'ended') return
    const now_ms = performance.now()
    this.#counted = count(this.#counted, frames.decoded, now_ms)
    const what = seen(this.#counted, now_ms)
    if (what === 'lost') return this.#lost()
    if (what !== 'live') return this.#wait(null)
    this.state = { is: 'live' }
    this.#moving(session, frames, now_ms)
  }

  #wait(code: string | null): void {
    this.state = { is: this.#had_picture ? 'paused' : 'connecting', code }
  }

  #moving(session: WhepSession, frames: { decoded: number; width: number; height: number }, now_ms: number): void {
    this.#had_picture = true
    this.#failures = 0
    if (now_ms - this.#reported_ms < REPORT_EVERY_MS) return
    this.#reported_ms = now_ms
    // only a count for the record: a report that is lost is followed by the next
    const { viewing_id } = session.viewing
    const counted = hub.POST('/api/viewings/{viewing_id}/frames', { params: { path: { viewing_id } }, body: frames })
    counted.catch(() => undefined)
  }

  #attend(): void {
    this.attention = attention(this.#confirmed_ms, performance.now())
    if (this.attention === 'gone') this.end('not-watching')
  }

  #hangUp(): void {
    this.#session?.end()
    this.#session = null
    this.#reported_ms = -Infinity
    if (this.#video) this.#video.srcObject = null
  }
}
