/** Why is there no picture, said so that it fits what else stands on the page? */
import type { FamilyHome } from '../lib/api/types'
import { whyNoPicture } from '../lib/picture/words'
import { says } from './words'

/** What ends a picture because of her or her room: it is over as soon as she may be watched again. */
const OF_HER = new Set([
  'not-present', 'unsure', 'no-camera', 'room-not-allowed', 'veto', 'someone-objects', 'lamp-silent', 'centre-closed', 'no-consent',
])

/** What stands beside the reason. `isBack`: since the picture ended she may be watched again. */
interface Beside {
  at_centre: FamilyHome['at_centre']
  isBack: boolean
}

/** One sentence for the code of a refusal, or of a picture that has ended; `who` is what the reader calls her. */
export function reason(code: string | null, beside: Beside, who: string): string {
  if (beside.isBack && OF_HER.has(code ?? '')) return says().canLookAgain(who)
  if (code === 'not-present' && beside.at_centre === false) return says().whenHere(who)
  return whyNoPicture(code, who)
}
