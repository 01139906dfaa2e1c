/** Is what this page shows still true, and if not, since when? */

/** The hub sends a beat every 5 s: two missed ones and a little are silence. */
export const SILENCE_MS = 12_000

/** A stream that broke and was not back within this long is silence too: the hub is gone, and this page knows. */
export const BROKEN_MS = 5000

export type Freshness = { is: 'opening' } | { is: 'live' } | { is: 'stale'; since: number }

/**
 * When a stream was opened, when its last beat came, and when it broke without being heard since; of one steady clock.
 * Only beats say that somebody who presses a button is heard: other events go on while the alarm path is dead.
 */
export interface Heard {
  opened_ms: number
  beat_ms: number | null
  broken_ms: number | null
}

/**
 * How fresh a live page is.
 *
 * `now_ms` is of the same steady clock (performance.now) as the beats, so that a screen whose wall clock jumps
 * neither hides nor invents a silence; `wall_ms` is the wall time at `now_ms` and gives `since` its face.
 */
export function freshness({ opened_ms, beat_ms, broken_ms }: Heard, now_ms: number, wall_ms: number): Freshness {
  const silent_ms = now_ms - (beat_ms ?? opened_ms)
  const isBroken = broken_ms !== null && now_ms - broken_ms >= BROKEN_MS
  if (isBroken || silent_ms >= SILENCE_MS) return { is: 'stale', since: wall_ms - silent_ms }
  return { is: beat_ms === null ? 'opening' : 'live' }
}

/** How long to wait before the try after `failures` failed ones: 1, 2, 4, then every 8 s. */
export function nextTry(failures: number): number {
  return Math.min(8000, 1000 * 2 ** Math.max(0, failures - 1))
}
