/** Which seniors a few typed letters mean: pure. */
import type { SeniorHere } from '../lib/api/types'

/** Those whose name or address contains what was typed, in any case; those who are here first. */
export function found(seniors: readonly SeniorHere[], wanted: string, onlyHere: boolean): SeniorHere[] {
  const letters = wanted.trim().toLowerCase()
  return seniors
    .filter((one) => !onlyHere || one.present)
    .filter((one) => [one.name, one.address_as, one.address_as_en].some((name) => name.toLowerCase().includes(letters)))
    .sort((a, b) => Number(b.present) - Number(a.present))
}
