/** In which order seniors stand on the page: pure. */
import type { SeniorHere } from '../../lib/api/types'

const byName = new Intl.Collator('zh-CN')

/** Those who are here first, each group by name as a Chinese register has it. */
export function inOrder(seniors: readonly SeniorHere[]): SeniorHere[] {
  return [...seniors].sort((a, b) => Number(b.present) - Number(a.present) || byName.compare(a.name, b.name))
}

/** The order the page began with: a row never moves away under a finger. Whoever is new comes last. */
export function kept(seniors: readonly SeniorHere[], order: readonly string[]): SeniorHere[] {
  const place = new Map(order.map((id, n) => [id, n]))
  return inOrder(seniors).sort((a, b) => (place.get(a.id) ?? order.length) - (place.get(b.id) ?? order.length))
}
