/** When a list that is not on the live stream is read again. */
import { untrack } from 'svelte'

const AGAIN_MS = 30_000

/**
 * Call `look` now, whenever what `notices` gives changes, when the network is back, and every 30 s: for the time in
 * which the component lives.
 */
export function lookAgain(notices: () => unknown, look: () => Promise<void>): void {
  $effect(() => {
    void notices()
    untrack(() => void look())
    const lookNow = (): void => void look()
    const again = setInterval(lookNow, AGAIN_MS)
    addEventListener('online', lookNow)
    return () => {
      clearInterval(again)
      removeEventListener('online', lookNow)
    }
  })
}
