/** What a viewer's screen says, decided from counted frames and the time: pure. */

/** "Connected" is not "has a picture": a picture that has not moved on for this long is paused. */
export const PAUSE_MS = 1500
/** A paused picture is asked for anew after this long. */
export const REOPEN_MS = 3000
/** The first frame may need a cold camera and its next keyframe. */
export const FIRST_FRAME_MS = 8000
/** "Still watching?" after this long, and how long the answer is awaited. */
export const STILL_WATCHING_MS = 15 * 60_000
export const ANSWER_MS = 60_000

/** What was counted: `decoded` frames in all, and when the last new one was seen (ms of a steady clock). */
export interface Counted {
  decoded: number
  moved_ms: number
}

export type Seen = 'connecting' | 'live' | 'paused' | 'lost'

export function count(before: Counted, decoded: number, now_ms: number): Counted {
  return decoded > before.decoded ? { decoded, moved_ms: now_ms } : before
}

/** `lost` means: ask for the picture again. */
export function seen(counted: Counted, now_ms: number): Seen {
  const still_ms = now_ms - counted.moved_ms
  if (counted.decoded === 0) return still_ms >= FIRST_FRAME_MS ? 'lost' : 'connecting'
  if (still_ms >= REOPEN_MS) return 'lost'
  return still_ms >= PAUSE_MS ? 'paused' : 'live'
}

export type Attention = 'watching' | 'asked' | 'gone'

/** Whether somebody is still there who watches, from when she last said so. */
export function attention(confirmed_ms: number, now_ms: number): Attention {
  const silent_ms = now_ms - confirmed_ms
  if (silent_ms >= STILL_WATCHING_MS + ANSWER_MS) return 'gone'
  return silent_ms >= STILL_WATCHING_MS ? 'asked' : 'watching'
}

/** Whether a refused viewing can become possible by itself within seconds: then the page goes on trying. */
export function passes(status: number): boolean {
  return status === 0 || status === 429 || status >= 500
}
