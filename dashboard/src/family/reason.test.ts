import { beforeEach, expect, test } from 'vitest'
import { language } from '../lib/language.svelte'
import { reason } from './reason'

const HERE = { at_centre: true, isBack: true }
const ELSEWHERE = { at_centre: true, isBack: false }
const AWAY = { at_centre: false, isBack: false }

beforeEach(() => {
  language.current = 'zh-CN'
})

test('who is not at the centre is not looked for in its rooms', () => {
  expect(reason('not-present', AWAY, '妈妈')).toBe('妈妈来了中心，就可以看画面。')
  expect(reason('not-present', ELSEWHERE, '妈妈')).toMatch(/不在活动室/)
})

test('a reason that is over does not stand beside her room', () => {
  expect(reason('not-present', HERE, '妈妈')).toBe('现在又可以看妈妈了。')
  expect(reason('moved', HERE, '妈妈')).toBe('妈妈换了房间。')
})

test('what this browser cannot do stays true wherever she is', () => {
  expect(reason('no-webrtc', HERE, '妈妈')).toMatch(/浏览器/)
})
