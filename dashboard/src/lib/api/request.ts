/** How a page asks the hub, and what it learns when that fails. */
import createClient from 'openapi-fetch'
import type { paths } from './openapi'

/** A refusal of the hub (RFC 9457), or a hub that could not be reached (status 0). */
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly params: Record<string, string | number> = {},
    /** What stands now, where somebody else was faster: as the route that shows it gives it. */
    readonly current: unknown = null,
  ) {
    super(code)
  }
}

const PATIENCE_MS = 10_000

/** The hub's routes, typed by its own description. Whatever goes wrong is raised as Problem. */
export const hub = createClient<paths>({
  baseUrl: '/',
  credentials: 'same-origin',
  cache: 'no-store',
  headers: { 'X-Anling': '1' },
  fetch: async (request) => {
    const response = await reach(request)
    if (!response.ok) throw await problemOf(response)
    return response
  },
})

/** What a call of `hub` answered; a refusal was raised before. An empty answer is `undefined`. */
export async function answer<Data>(asked: Promise<{ data?: Data }>): Promise<Data> {
  return (await asked).data as Data
}

/** `fetch` with a bound on the wait. Raises Problem `unreachable` when there is no answer. */
export async function reach(asked: Request | string, init: RequestInit = {}): Promise<Response> {
  const patience = new AbortController()
  const bell = setTimeout(() => patience.abort(), PATIENCE_MS)
  try {
    return await fetch(asked, { ...init, signal: patience.signal })
  } catch {
    throw new Problem('unreachable', 0)
  } finally {
    clearTimeout(bell)
  }
}

const NOWHERE: readonly [RegExp, string][] = [
  [/\/api\/a\//, 'no-such-link'],
  [/\/(invitations|first-administrator)\//, 'no-such-invitation'],
  [/\/alarms\//, 'no-such-alarm'],
  [/\/rooms\//, 'no-such-room'],
]

/** The problem of a refused response, also of one that is no problem+json (a proxy's page, say).
 *
 * Part of a link that is malformed leads nowhere: whoever followed it has filled in nothing.
 */
export async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as { code?: string; params?: Record<string, string | number>; current?: unknown }
    const params = body.params ?? {}
    const nowhere = String(params.field ?? '').startsWith('path.')
      ? NOWHERE.find(([path]) => path.test(response.url))?.[1]
      : undefined
    return nowhere ? new Problem(nowhere, 404) : new Problem(body.code ?? '', response.status, params, body.current ?? null)
  } catch {
    return new Problem('', response.status)
  }
}

/** What was thrown, as a Problem; anything else is our own defect and goes on. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown
  throw thrown
}
