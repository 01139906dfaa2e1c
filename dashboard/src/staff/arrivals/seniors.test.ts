import { expect, test } from 'vitest'
import type { SeniorHere } from '../../lib/api/types'
import { inOrder, kept } from './seniors'

const row = (id: string, name: string, address_as: string, address_as_en: string, present: boolean): SeniorHere => ({
  id,
  name,
  address_as,
  address_as_en,
  present,
  room_id: null,
  since: null,
  etag: '"0"',
  changed: null,
})
const SENIORS = [row('1', '王桂兰', '王奶奶', 'Grandma Wang', false), row('2', '李德福', '李爷爷', 'Grandpa Li', true)]

test('those who are here come first, each group by the sound of the name', () => {
  const zhou = row('3', '周建国', '周爷爷', 'Grandpa Zhou', false)
  const chen = row('4', '陈淑珍', '陈奶奶', 'Grandma Chen', false)

  expect(inOrder([zhou, ...SENIORS, chen]).map((one) => one.id)).toEqual(['2', '4', '1', '3'])
})

test('while the page is open nobody moves, whoever comes or goes', () => {
  const order = inOrder(SENIORS).map((one) => one.id)
  const later = SENIORS.map((one) => ({ ...one, present: !one.present }))

  expect(kept(later, order).map((one) => one.id)).toEqual(['2', '1'])
  expect(kept([row('9', '安秀兰', '安奶奶', 'Grandma An', true), ...later], order).at(-1)?.id).toBe('9')
})
