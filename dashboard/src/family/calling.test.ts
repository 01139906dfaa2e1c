import { expect, test } from 'vitest'
import { calling } from './calling'

const WANG = { address_as: '王奶奶', address_as_en: 'Grandma Wang' }
const LI = { address_as: '李爷爷', address_as_en: 'Grandpa Li' }
const ZHAO = { address_as: '赵老师', address_as_en: 'Teacher Zhao' }

test('a daughter reads mum and dad', () => {
  expect(calling(WANG, 'daughter', 'zh-CN')).toBe('妈妈')
  expect(calling(LI, 'son', 'en')).toBe('Dad')
})

test('somebody whose kinship has no word of its own reads what the centre says', () => {
  expect(calling(WANG, 'sibling', 'zh-CN')).toBe('王奶奶')
  expect(calling(WANG, 'other', 'en')).toBe('Grandma Wang')
})

test('a mother is not guessed where the address does not say', () => {
  expect(calling(ZHAO, 'daughter', 'zh-CN')).toBe('赵老师')
})
