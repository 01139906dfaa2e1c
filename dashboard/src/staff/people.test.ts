import { expect, test } from 'vitest'
import type { SeniorHere } from '../lib/api/types'
import { found } from './people'

const row = (id: string, name: string, address_as: string, address_as_en: string, present: boolean): SeniorHere => ({
  id,
  name,
  address_as,
  address_as_en,
  present,
  room_id: null,
  since: null,
})
const SENIORS = [row('1', '王桂兰', '王奶奶', 'Grandma Wang', false), row('2', '李德福', '李爷爷', 'Grandpa Li', true)]

test('a senior is found by her name and by how she is called, in either language', () => {
  for (const typed of ['桂', '王奶', 'wang ']) expect(found(SENIORS, typed, false).map((one) => one.id)).toEqual(['1'])
})

test('nothing typed shows everybody, those who are here first', () => {
  expect(found(SENIORS, '', false).map((one) => one.id)).toEqual(['2', '1'])
  expect(found(SENIORS, '', true).map((one) => one.id)).toEqual(['2'])
})
