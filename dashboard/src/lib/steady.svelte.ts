/** Has this button stood still for so long that a tap on it is meant for it? */

/** The second tap of a double tap, or a finger that was on its way, comes sooner. */
export const STILL_MS = 700

/** Whether a tap counts now: the button has not moved, and nobody here has taken an alarm, for a moment. */
export function isStill(now_ms: number, moved_ms: number, taken_ms: number): boolean {
  return now_ms - Math.max(moved_ms, taken_ms) >= STILL_MS
}

/** How far down a button is within `bar`, the part of the page that scrolls by itself; without one in the page. */
export function placeOf(button: HTMLElement, bar: HTMLElement | null): number {
  let place = 0
  for (let at: HTMLElement | null = button; at && at !== bar; at = at.offsetParent as HTMLElement | null) {
    place += at.offsetTop
  }
  return place
}

/** One button that must not slide under a finger. It looks the same all the time; only its taps wait. */
export class Steady {
  still = $state(false)
  #place = Number.NaN
  #moved_ms = 0

  constructor(readonly taken_ms: () => number) {}

  /** For `{@attach}`: follows the button for as long as it is on the page. */
  readonly follow = (button: HTMLElement): (() => void) => {
    const bar = button.closest<HTMLElement>('[data-scrolls]')
    let frame = 0
    const look = (): void => {
      this.#look(placeOf(button, bar))
      frame = requestAnimationFrame(look)
    }
    this.#place = Number.NaN
    look()
    return () => cancelAnimationFrame(frame)
  }

  /** Whether this click counts: keys go to the button that has the focus, wherever it is. */
  means(click: MouseEvent): boolean {
    return click.detail === 0 || this.still
  }

  #look(place: number): void {
    const now_ms = performance.now()
    if (place !== this.#place) this.#moved_ms = now_ms
    this.#place = place
    this.still = isStill(now_ms, this.#moved_ms, this.taken_ms())
  }
}
