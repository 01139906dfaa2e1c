import { expect, test } from 'vitest'
import { whereIs } from './where'

const GYM = { id: 'gym', name: '健身室', name_en: 'Gym' }
const CARD = { room: GYM, since: '2026-11-23T02:14:05Z', evidence: 'card' as const }

test('she is in the room that her card named', () => {
  expect(whereIs({ presence: { ...CARD, sure: true }, at_centre: true }, '妈妈')).toBe('妈妈在健身室')
})

test('after too long without a sign of her the room is a guess', () => {
  expect(whereIs({ presence: { ...CARD, sure: false }, at_centre: true }, '妈妈')).toContain('不确定')
})

test('who has come and entered no room is at the centre', () => {
  expect(whereIs({ presence: null, at_centre: true }, '妈妈')).toBe('妈妈在中心')
  expect(whereIs({ presence: null, at_centre: false }, '妈妈')).toBe('妈妈现在不在中心')
})

test('without her consent nobody is told that she is away', () => {
  expect(whereIs({ presence: null, at_centre: null }, '妈妈')).not.toContain('不在')
})
