/** What time it is at the centre: this screen's own clock may be wrong. */
import { clock as clockTime, moment as momentText, second as secondText } from './time'
import { language } from './language.svelte'

class CentreClock {
  zone = $state('Asia/Shanghai')
  now = $state(Date.now())
  #ahead_ms = 0

  constructor() {
    setInterval(() => this.tick(), 500)
  }

  /** The hub said it is `at` now. */
  set(at: string): void {
    const ahead_ms = Date.parse(at) - Date.now()
    // the message was a little while on its way: smaller differences are not errors of our clock
    if (Math.abs(ahead_ms - this.#ahead_ms) > 1500) this.#ahead_ms = ahead_ms
    this.tick()
  }

  tick(): void {
    this.now = Date.now() + this.#ahead_ms
  }

  at(moment: string | number): string {
    return clockTime(moment, this.zone)
  }

  /** To the second, for what happens faster than a minute. */
  second(at: string): string {
    return secondText(at, this.now, this.zone, language.current)
  }

  moment(at: string): string {
    return momentText(at, this.now, this.zone, language.current)
  }
}

export const centreClock = new CentreClock()
