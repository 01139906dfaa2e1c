/** What the hub is saying now: one event stream, reopened for as long as the page lives. */
import { problemOf, reach, type Problem } from '../api/request'
import { centreClock } from '../clock.svelte'
import { freshness, nextTry, SILENCE_MS, type Freshness } from './freshness'

type Listeners<Events> = { [Kind in keyof Events]: (said: Events[Kind]) => void }

export class LiveStream<Events extends object> {
  fresh = $state<Freshness>({ is: 'opening' })
  /** Why the hub does not let this account look; then nothing is wrong with the network. */
  denied = $state.raw<Problem | null>(null)
  #source: EventSource | null = null
  #beat_ms: number | null = null
  #heard_ms = 0
  #opened_ms = performance.now()
  #broken_ms: number | null = null
  #tried_ms = 0
  #failures = 0
  #reopening: ReturnType<typeof setTimeout> | undefined
  #watching: ReturnType<typeof setInterval> | undefined

  /** `refused` is called when the hub closes the stream for good, as it does to a session that ended. */
  constructor(
    readonly path: string,
    readonly listeners: Listeners<Events>,
    readonly refused: () => void,
  ) {}

  open(): void {
    this.#watching = setInterval(() => this.#watch(), 1000)
    this.#connect()
  }

  close(): void {
    clearInterval(this.#watching)
    clearTimeout(this.#reopening)
    this.#source?.close()
    this.#source = null
  }

  #connect(): void {
    clearTimeout(this.#reopening)
    this.#reopening = undefined
    this.#source?.close()
    this.#tried_ms = performance.now()
    const source = new EventSource(this.path)
    this.#source = source
    for (const kind of Object.keys(this.listeners) as (keyof Events & string)[]) {
      source.addEventListener(kind, (event) => this.#hear(kind, (event as MessageEvent<string>).data))
    }
    source.addEventListener('error', () => this.#failed(source))
  }

  #hear<Kind extends keyof Events & string>(kind: Kind, text: string): void {
    this.#heard_ms = performance.now()
    if (kind === 'beat') this.#beat_ms = this.#heard_ms
    this.#broken_ms = null
    this.#failures = 0
    this.denied = null
    this.#watch()
    this.listeners[kind](JSON.parse(text) as Events[Kind])
  }

  /** A browser reopens a broken stream by itself with Last-Event-ID; one that was answered with an error it gives up. */
  #failed(source: EventSource): void {
    if (source !== this.#source) return
    this.#broken_ms ??= performance.now()
    if (source.readyState !== EventSource.CLOSED) return
    this.refused()
    void this.#ask()
    this.#again()
  }

  /** An event stream does not say how it was answered: the same question as a plain one does. */
  async #ask(): Promise<void> {
    try {
      const response = await reach(this.path)
      if (response.status === 403) this.denied = await problemOf(response)
      else await response.body?.cancel()
    } catch {
      // not reached: the page says that it is not live
    }
  }

  #again(): void {
    if (this.#reopening !== undefined) return
    this.#failures += 1
    this.#reopening = setTimeout(() => this.#connect(), nextTry(this.#failures))
  }

  /** A connection can be dead without an error: after too long a silence it is made anew. */
  #watch(): void {
    const now_ms = performance.now()
    const heard = { opened_ms: this.#opened_ms, beat_ms: this.#beat_ms, broken_ms: this.#broken_ms }
    this.fresh = freshness(heard, now_ms, centreClock.now)
    const quiet_since = Math.max(this.#heard_ms, this.#tried_ms)
    if (now_ms - quiet_since > SILENCE_MS) this.#again()
  }
}
