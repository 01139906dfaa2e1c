import { beforeEach, expect, test } from 'vitest'
import type { FamilyHome } from '../lib/api/types'
import { language } from '../lib/language.svelte'
import { whyEnded, whyNot, type Now } from './reason'

function now(code: FamilyHome['picture']['code'], more: Partial<Now> = {}): Now {
  const picture = { camera_id: 'cam-music', camera: null, allowed: code === null, code, next_at: null }
  return { at_centre: true, picture, isElsewhere: false, hasChanged: true, ...more }
}

beforeEach(() => {
  language.current = 'zh-CN'
})

test('who is not at the centre is not looked for in its rooms', () => {
  expect(whyNot('not-present', false, '妈妈')).toBe('妈妈来了中心，就可以看画面。')
  expect(whyNot('not-present', true, '妈妈')).toMatch(/不在活动室/)
  expect(whyEnded('moved', now('not-present', { at_centre: false }), '妈妈')).toBe('妈妈来了中心，就可以看画面。')
})

test('a reason that is over does not stand beside her room', () => {
  expect(whyEnded('not-present', now(null), '妈妈')).toBe('现在又可以看妈妈了。')
  expect(whyEnded('moved', now(null), '妈妈')).toBe('现在又可以看妈妈了。')
  expect(whyEnded('moved', now(null, { isElsewhere: true }), '妈妈')).toBe('妈妈换了房间。')
})

test('a refusal that the page did not see coming stands as the hub gave it', () => {
  expect(whyEnded('not-present', now(null, { hasChanged: false }), '妈妈')).toMatch(/不在活动室/)
})

test('what this browser cannot do stays true wherever she is', () => {
  expect(whyEnded('no-webrtc', now(null), '妈妈')).toMatch(/浏览器/)
})
