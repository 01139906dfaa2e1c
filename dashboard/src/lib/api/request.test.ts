import { expect, test } from 'vitest'
import { problemOf } from './request'

/** A refusal of the hub as `fetch` gives it: with the address that was asked. */
function refused(path: string, body: unknown, status = 422): Response {
  const response = Response.json(body, { status })
  Object.defineProperty(response, 'url', { value: `http://localhost${path}` })
  return response
}

test.each([
  ['/api/family/invitations/abc', 'no-such-invitation'],
  ['/api/first-administrator/x', 'no-such-invitation'],
  ['/api/a/x', 'no-such-link'],
  ['/api/alarms/notthere', 'no-such-alarm'],
  ['/api/rooms/NO/day', 'no-such-room'],
])('a malformed link %s is one that leads nowhere', async (path, code) => {
  const problem = await problemOf(refused(path, { code: 'invalid', params: { field: 'path.token', rule: 'x' } }))

  expect([problem.code, problem.status]).toEqual([code, 404])
})

test('a field that is filled in wrong stays one', async () => {
  const wrong = { code: 'invalid', params: { field: 'body.phone_last4', rule: 'string_pattern_mismatch' } }

  expect((await problemOf(refused('/api/family/invitations/abc', wrong))).code).toBe('invalid')
})
