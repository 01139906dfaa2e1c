import { expect, test } from 'vitest'
import { isReadable } from './plain_http'

test('plain HTTP is worth a word only where it leaves the machine', () => {
  expect(isReadable(true, '192.0.2.7')).toBe(true)
  expect(isReadable(true, 'localhost')).toBe(false)
  expect(isReadable(false, '192.0.2.7')).toBe(false)
})
