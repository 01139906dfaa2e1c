/** What a family member calls the senior: 妈妈, not 王奶奶. */
import type { Kinship } from '../lib/api/types'
import type { Language } from '../lib/language.svelte'

type Sex = 'she' | 'he' | 'unknown'

const SHE = /(奶奶|婆婆|姥姥|外婆|阿姨|大妈|大娘|女士)$/
const HE = /(爷爷|公公|姥爷|外公|大爷|叔叔|伯伯|先生)$/

const CALLED: Partial<Record<Kinship, Record<Language, Record<'she' | 'he', string>>>> = {
  daughter: { 'zh-CN': { she: '妈妈', he: '爸爸' }, en: { she: 'Mum', he: 'Dad' } },
  son: { 'zh-CN': { she: '妈妈', he: '爸爸' }, en: { she: 'Mum', he: 'Dad' } },
  spouse: { 'zh-CN': { she: '老伴', he: '老伴' }, en: { she: 'your wife', he: 'your husband' } },
  grandchild: { 'zh-CN': { she: '奶奶', he: '爷爷' }, en: { she: 'Grandma', he: 'Grandpa' } },
}

/** The senior's sex as far as the way she is addressed at the centre says it. */
export function sexOf(address_as: string): Sex {
  if (SHE.test(address_as)) return 'she'
  return HE.test(address_as) ? 'he' : 'unknown'
}

/** What somebody with this `kinship` calls the senior; how the centre addresses her where that is not clear. */
export function calling(
  senior: { address_as: string; address_as_en: string },
  kinship: Kinship,
  language: Language,
): string {
  const sex = sexOf(senior.address_as)
  const known = sex === 'unknown' ? undefined : CALLED[kinship]?.[language][sex]
  return known ?? (language === 'en' ? senior.address_as_en : senior.address_as)
}
