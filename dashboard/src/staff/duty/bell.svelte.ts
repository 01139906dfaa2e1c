/** How the board rings: two soft tones that rise with each tier, the words spoken, and a screen that stays awake. */
import type { AlarmCard } from '../../lib/api/types'
import { language, written } from '../../lib/language.svelte'
import { ringing, spokenKey } from '../alarms/alarms'

const AGAIN_MS = 4000

/** The two tones of a tier, in hertz: each tier a whole tone higher, at most an octave. */
export function tones(tier: number): [number, number] {
  const low = 523.25 * 2 ** (Math.min(tier, 6) / 6)
  return [low, low * 1.25]
}

export class Bell {
  sounding = $state(false)
  awake = $state(false)
  #context: AudioContext | null = null
  #lock: WakeLockSentinel | null = null
  #wanted = false
  #tier: number | null = null
  #spoken = new Set<string>()
  #repeating: ReturnType<typeof setInterval> | undefined

  /** To be called from a tap: browsers give sound to nothing else. Plays the tones, so that a person hears them. */
  async start(): Promise<void> {
    this.#wanted = true
    this.#context ??= this.#makeContext()
    await this.#context?.resume()
    this.#noted()
    this.#play(0)
    await this.#stayAwake()
  }

  /** What is on the board now: ring for what nobody has taken, speak what is new. */
  hear(alarms: readonly AlarmCard[]): void {
    const tier = ringing(alarms)
    if (tier !== this.#tier) this.#ring(tier)
    const open = alarms.filter((alarm) => alarm.state === 'open')
    const news = open.filter((alarm) => !this.#spoken.has(spokenKey(alarm)))
    this.#spoken = new Set(open.map(spokenKey))
    for (const alarm of news) this.#say(written(alarm.summary))
  }

  stop(): void {
    this.#wanted = false
    clearInterval(this.#repeating)
    document.removeEventListener('visibilitychange', this.#back)
    void this.#lock?.release()
    void this.#context?.close()
  }

  #makeContext(): AudioContext | null {
    if (typeof AudioContext === 'undefined') return null
    const context = new AudioContext()
    context.addEventListener('statechange', () => this.#noted())
    document.addEventListener('visibilitychange', this.#back)
    return context
  }

  #noted(): void {
    this.sounding = this.#context?.state === 'running'
  }

  #ring(tier: number | null): void {
    this.#tier = tier
    clearInterval(this.#repeating)
    if (tier === null) return
    this.#play(tier)
    this.#repeating = setInterval(() => this.#play(tier), AGAIN_MS)
  }

  #play(tier: number): void {
    const context = this.#context
    if (context?.state !== 'running') return
    tones(tier).forEach((hertz, n) => {
      const at = context.currentTime + n * 0.45
      const tone = new OscillatorNode(context, { frequency: hertz, type: 'sine' })
      const loudness = new GainNode(context, { gain: 0 })
      loudness.gain.setValueAtTime(0, at)
      loudness.gain.linearRampToValueAtTime(0.5, at + 0.04)
      loudness.gain.exponentialRampToValueAtTime(0.001, at + 0.7)
      tone.connect(loudness).connect(context.destination)
      tone.start(at)
      tone.stop(at + 0.75)
    })
  }

  #say(words: string): void {
    if (!this.sounding || typeof speechSynthesis === 'undefined') return
    const utterance = new SpeechSynthesisUtterance(words)
    utterance.lang = language.current
    utterance.rate = 0.95
    speechSynthesis.speak(utterance)
  }

  /** A lock on the screen ends whenever the page is hidden; sound may have been suspended meanwhile. */
  readonly #back = (): void => {
    if (document.visibilityState !== 'visible' || !this.#wanted) return
    void this.#context?.resume()
    void this.#stayAwake()
  }

  /** Refused over plain HTTP and on low battery: then the board says so. */
  async #stayAwake(): Promise<void> {
    try {
      this.#lock = (await navigator.wakeLock?.request('screen')) ?? null
      this.#lock?.addEventListener('release', () => (this.awake = false))
    } catch {
      this.#lock = null
    }
    this.awake = this.#lock !== null
  }
}
