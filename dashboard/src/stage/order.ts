/** Whose button stands where on the stage? */
import type { StageSenior } from '../lib/api/types'

type Lit = Pick<StageSenior, 'id' | 'light'>

/** The mother first, because the tour needs her; then whoever waits for somebody; then the others as they are. */
export function ordered<Senior extends Lit>(seniors: readonly Senior[], mother: string | null): Senior[] {
  const rank = (one: Lit): number => (one.id === mother ? 0 : one.light === 'dark' ? 2 : 1)
  return [...seniors].sort((a, b) => rank(a) - rank(b))
}

/** The seniors in an order of before: nothing moves under a hand that is about to press. */
export function held<Senior extends Lit>(seniors: readonly Senior[], order: readonly string[]): Senior[] {
  const place = new Map(order.map((id, n) => [id, n]))
  return [...seniors].sort((a, b) => (place.get(a.id) ?? order.length) - (place.get(b.id) ?? order.length))
}
