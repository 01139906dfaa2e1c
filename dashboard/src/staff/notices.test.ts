import { beforeEach, expect, test } from 'vitest'
import type { NoticeCard } from '../lib/api/types'
import { language } from '../lib/language.svelte'
import { noticeText, standing } from './notices'

function notice(id: string, changes: Partial<NoticeCard> = {}): NoticeCard {
  return {
    id,
    centre_id: 'jiuquan-road',
    code: 'camera-dark',
    priority: 'P3',
    subject: 'device:c-gym',
    subject_name: '健身室摄像头',
    subject_name_en: 'Gym camera',
    params: {},
    raised_at: '2026-11-23T02:00:00Z',
    last_at: '2026-11-23T02:00:00Z',
    times: 1,
    cleared_at: null,
    ...changes,
  }
}

beforeEach(() => {
  language.current = 'en'
})

test('what broke last comes first, what is only for information last, what is over not at all', () => {
  const old = notice('old')
  const fresh = notice('fresh', { raised_at: '2026-11-23T03:00:00Z' })
  const idle = notice('idle', { priority: 'P4', raised_at: '2026-11-23T04:00:00Z' })
  const over = notice('over', { cleared_at: '2026-11-23T04:00:00Z' })

  expect(standing([old, idle, over, fresh]).map((one) => one.id)).toEqual(['fresh', 'old', 'idle'])
})

test('a notice says which thing, and what to do', () => {
  expect(noticeText(notice('dark'))).toBe('Gym camera shows a black picture. Is the lens covered or the light off?')
})

test('a tier without anybody is named by its number', () => {
  const gap = notice('gap', { code: 'roster-gap', subject: 'tier:2', subject_name: '', subject_name_en: '' })

  expect(noticeText(gap)).toMatch(/tier 2/)
})

test("a notice of a centre's own rule names the thing before the rule", () => {
  expect(noticeText(notice('own', { code: 'kettle-on' }))).toBe(
    'Gym camera needs a look. Please tell the administrator: kettle-on',
  )
})

test('a rule of the centre says it in its own words, in the language of the page', () => {
  const words = { 'zh-CN': '健身室太吵', en: 'The gym is too loud', value: '80' }

  expect(noticeText(notice('loud', { code: 'room-loud', params: words }))).toBe('The gym is too loud')
  language.current = 'zh-CN'
  expect(noticeText(notice('loud', { code: 'room-loud', params: words }))).toBe('健身室太吵')
})
