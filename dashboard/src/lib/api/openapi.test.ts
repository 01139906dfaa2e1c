import { readFileSync } from 'node:fs'
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript'
import { expect, test } from 'vitest'

test('the types are those of the description the hub commits; if not, run npm run types', async () => {
  const described = new URL('../../../../docs/openapi.json', import.meta.url)
  const committed = readFileSync(new URL('openapi.ts', import.meta.url), 'utf8')

  expect(COMMENT_HEADER + astToString(await openapiTS(described))).toBe(committed)
})
