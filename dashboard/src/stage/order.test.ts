import { expect, test } from 'vitest'
import { held, ordered } from './order'

const dark = (id: string) => ({ id, light: 'dark' as const })
const lit = (id: string) => ({ id, light: 'steady' as const })
const ids = (seniors: { id: string }[]): string[] => seniors.map((one) => one.id)

test('the mother comes first, then whoever has pressed', () => {
  expect(ids(ordered([dark('zhang'), dark('wang'), lit('yang')], 'wang'))).toEqual(['wang', 'yang', 'zhang'])
})

test('under a hand nobody moves, whoever lights up', () => {
  expect(ids(held([dark('wang'), dark('zhang'), lit('yang')], ['wang', 'zhang', 'yang']))).toEqual(['wang', 'zhang', 'yang'])
})
