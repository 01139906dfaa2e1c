/** Why is there no picture, said so that it fits what else stands on the page now? */
import type { FamilyHome } from '../lib/api/types'
import { whyNoPicture } from '../lib/picture/words'
import { says } from './words'

/** What ends a picture because of her or her room: it is over as soon as it no longer holds. */
const OF_HER = new Set([
  'moved', 'not-present', 'unsure', 'no-camera', 'room-not-allowed', 'veto', 'someone-objects', 'lamp-silent',
  'centre-closed', 'no-consent',
])

/** What the page knows now. `hasChanged`: since the picture was opened she could not be watched for a while. */
export interface Now extends Pick<FamilyHome, 'at_centre' | 'picture'> {
  isElsewhere: boolean
  hasChanged: boolean
}

/** One sentence for the code with which a picture ended; `who` is what the reader calls her. */
export function whyEnded(code: string, now: Now, who: string): string {
  if (!OF_HER.has(code)) return whyNoPicture(code, who)
  if (!now.picture.allowed) return whyNot(now.picture.code ?? code, now.at_centre, who)
  if (now.isElsewhere) return whyNoPicture('moved', who)
  return now.hasChanged ? says().canLookAgain(who) : whyNoPicture(code, who)
}

/** One sentence for the code of a refusal. */
export function whyNot(code: string | null, at_centre: FamilyHome['at_centre'], who: string): string {
  return code === 'not-present' && at_centre === false ? says().whenHere(who) : whyNoPicture(code, who)
}
