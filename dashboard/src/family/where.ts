/** Where is she, as far as this person may know it? */
import type { FamilyHome } from '../lib/api/types'
import { named } from '../lib/language.svelte'
import { says } from './words'

/** One sentence; `who` is what the reader calls her. */
export function whereIs(home: Pick<FamilyHome, 'presence' | 'at_centre'>, who: string): string {
  const words = says()
  if (home.presence) {
    const room = named(home.presence.room)
    return home.presence.sure ? words.isIn(who, room) : words.perhaps(who, room)
  }
  if (home.at_centre === null) return words.mayNotKnow(who)
  return home.at_centre ? words.isAtCentre(who) : words.notHere(who)
}
