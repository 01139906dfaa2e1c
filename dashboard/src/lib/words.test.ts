import { expect, test } from 'vitest'
import { Problem } from './api/request'
import { language, type InBoth } from './language.svelte'
import { whyNoPicture } from './picture/words'
import { common, reader, refusal } from './words'

/** Every book of words there is: what each `words.ts` exports as `…Words`, by that name. */
const files = import.meta.glob<Record<string, unknown>>('../**/words.ts', { eager: true })
const BOOKS = Object.fromEntries(
  Object.values(files).flatMap((file) => Object.entries(file).filter(([name]) => name.endsWith('Words'))),
) as Record<string, InBoth<object>>

test('each file of words has one book, and no two have the same name', () => {
  expect(Object.keys(BOOKS)).toHaveLength(Object.keys(files).length)
  expect(Object.keys(BOOKS)).toEqual(expect.arrayContaining(['commonWords', 'familyWords', 'stageWords', 'staffWords', 'alarmWords']))
})

/** Every text of a book by its path; texts that need something get ‹so›. */
function texts(words: unknown, path = ''): [string, string][] {
  if (typeof words === 'string') return [[path, words]]
  if (typeof words === 'function') {
    const filled: unknown = path.includes('refusals') ? words({}) : words('‹so›', {})
    return [[path, String(filled)]]
  }
  return Object.entries(words as object).flatMap(([key, value]) => texts(value, `${path}.${key}`))
}

test.each(Object.entries(BOOKS))('%s says the same things in both languages', (_, book) => {
  expect(texts(book.en).map(([path]) => path)).toEqual(texts(book['zh-CN']).map(([path]) => path))
})

test.each(Object.entries(BOOKS))('%s leaves nothing empty and nothing untranslated', (name, book) => {
  // an English page names the other language, and the button on the organisation's phones, in Chinese
  const mayBeChinese = ['.otherLanguage', '.steps.taken.1']
  const mayBeEmpty = name === 'roomWords' ? ['.people'] : ['.light.dark']
  for (const [path, text] of texts(book.en)) {
    if (!mayBeEmpty.includes(path)) expect(text, path).not.toBe('')
    if (!mayBeChinese.includes(path)) expect(text, path).not.toMatch(/\p{Script=Han}/u)
  }
  for (const [path, text] of texts(book['zh-CN'])) {
    if (!mayBeEmpty.includes(path)) expect(text, path).not.toBe('')
  }
})

test('nobody ever reads "error", and a family never reads 监控', () => {
  for (const book of Object.values(BOOKS)) {
    for (const [path, text] of [...texts(book.en), ...texts(book['zh-CN'])]) {
      expect(text, path).not.toMatch(/\berror\b|出错|错误发生|监控|误报|false alarm/i)
    }
  }
})

test('a refusal nobody has words for says what to do, and its code for the administrator', () => {
  language.current = 'en'

  expect(refusal(new Problem('brand-new', 403))).toBe(
    'Your account cannot do this. Please ask the colleague in charge. (brand-new)',
  )
  expect(refusal(new Problem('', 502))).toMatch(/busy/)
  expect(refusal(new Problem('unreachable', 0))).toMatch(/network/)
})

test('somebody else who objects and a veto read the same: nobody learns who said no', () => {
  for (const spoken of ['zh-CN', 'en'] as const) {
    language.current = spoken
    expect(whyNoPicture('veto', '妈妈')).toBe(whyNoPicture('someone-objects', '妈妈'))
  }
})

test('who lost the race to an alarm reads the name of the one who won', () => {
  language.current = 'zh-CN'

  expect(refusal(new Problem('already-taken', 409, { name: '李护士', name_en: 'Nurse Li' }))).toMatch(/^李护士/)
})

test('a family at home is never sent to the room, and colleagues are nobody of theirs', () => {
  const problems = ['unreachable', 'database-away', 'not-allowed', 'signed-out', 'account-disabled']
  reader.isFamily = true
  for (const spoken of ['zh-CN', 'en'] as const) {
    language.current = spoken
    const told = [common().staleAdvice, ...problems.map((code) => refusal(new Problem(code, 0)))]
    told.push(refusal(new Problem('', 502)))
    for (const text of told) expect(text).not.toMatch(/房间|值班|同事|管理员|to the room|duty|colleague|administrator/)
  }
  reader.isFamily = false

  language.current = 'zh-CN'
  expect(refusal(new Problem('unreachable', 0))).toMatch(/去房间看/)
})
