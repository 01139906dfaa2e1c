import { expect, test } from 'vitest'
import type { Outcome } from '../lib/api/types'
import { language } from '../lib/language.svelte'
import { isLive, progress } from './calls'
import { familyWords } from './words'

const OUTCOMES = Object.keys(familyWords.en.over) as Outcome[]

test('while a call lives the family reads who is going', () => {
  language.current = 'zh-CN'

  expect(progress({ state: 'open', outcome: null }, '')).toBe('中心已经收到，正在找人过去')
  expect(progress({ state: 'accepted', outcome: null }, '孙丽')).toBe('孙丽正在赶来')
  expect(progress({ state: 'on_scene', outcome: null }, '孙丽')).toBe('孙丽已经到了')
})

test('a call that ended says how', () => {
  language.current = 'zh-CN'
  expect(progress({ state: 'closed', outcome: 'accidental' }, '')).toBe('已处理好（误按）')

  language.current = 'en'
  expect(progress({ state: 'resolved', outcome: 'company' }, '')).toBe('Taken care of (kept company)')
})

test.each(['fall', 'ambulance'] as const)('after a %s nobody reads that all is well: she is asked to call', (outcome) => {
  for (const spoken of ['zh-CN', 'en'] as const) {
    language.current = spoken
    const told = progress({ state: 'resolved', outcome }, '孙丽')
    expect(told).toMatch(/请打中心电话|call the centre/)
    expect(told).not.toMatch(/处理好|跌倒|120|well|fall|ambulance/i)
  }
})

test('a call lives until it has an outcome', () => {
  expect(isLive({ outcome: null })).toBe(true)
  expect(OUTCOMES.some((outcome) => isLive({ outcome }))).toBe(false)
})
