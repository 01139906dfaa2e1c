import { expect, test } from 'vitest'
import { framed } from './frames'

test("the daughter's page keeps the host the stage was opened at", () => {
  expect(framed('http://localhost:8080/family#i/tok', 'http://127.0.0.1:8080/demo')).toBe('/family#i/tok')
})

test("the organisation's phones are another server's page", () => {
  expect(framed('http://localhost:8090/', 'http://localhost:8080/demo')).toBe('http://localhost:8090/')
})
