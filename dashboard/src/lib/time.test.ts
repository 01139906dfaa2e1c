import { expect, test } from 'vitest'
import { clock, day, minutes, moment, remaining, running, second } from './time'

const PRESS = '2026-11-23T02:14:05Z'
const later = (seconds: number): number => Date.parse(PRESS) + seconds * 1000

test('the time since a press runs in minutes and seconds, then in hours', () => {
  expect(running(PRESS, later(42.9))).toBe('0:42')
  expect(running(PRESS, later(725))).toBe('12:05')
  expect(running(PRESS, later(3730))).toBe('1:02:10')
})

test('a press that seems to come from the future has just happened', () => {
  expect(running(PRESS, later(-3))).toBe('0:00')
})

test('what is left runs down to nought and stays there', () => {
  expect(remaining(PRESS, later(-130))).toBe('2:10')
  expect(remaining(PRESS, later(5))).toBe('0:00')
})

test('what happened is told to the second', () => {
  expect(second(PRESS, later(60), 'Asia/Shanghai', 'zh-CN')).toBe('10:14:05')
  expect(second(PRESS, later(86_400), 'Asia/Shanghai', 'en')).toMatch(/23 Nov.*10:14:05/)
})

test('times are those of the wall at the centre', () => {
  expect(clock(PRESS, 'Asia/Shanghai')).toBe('10:14')
  expect(day('2026-11-23T17:00:00Z', 'Asia/Shanghai')).toBe('2026-11-24')
})

test('a moment of another day says which', () => {
  const tomorrow = later(86_400)

  expect(moment(PRESS, later(60), 'Asia/Shanghai', 'zh-CN')).toBe('10:14')
  expect(moment(PRESS, tomorrow, 'Asia/Shanghai', 'zh-CN')).toBe('11月23日 10:14')
  expect(moment(PRESS, tomorrow, 'Asia/Shanghai', 'en')).toBe('23 Nov, 10:14')
})

test('whoever watched for ten seconds watched for a minute', () => {
  expect(minutes(PRESS, later(10))).toBe(1)
  expect(minutes(PRESS, later(200))).toBe(3)
})
