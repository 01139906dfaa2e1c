/** Which page the address names: `#/room/gym`. */

export type Route =
  | { page: 'board' | 'people' | 'devices' | 'quarantine' }
  | { page: 'alarm' | 'room'; id: string }
  | { page: 'link' | 'invitation' | 'first'; id: string }

const LISTS = ['people', 'devices', 'quarantine'] as const
const LINKS: Record<string, 'link' | 'invitation' | 'first'> = { take: 'link', i: 'invitation', first: 'first' }

/** The page of a hash; what is not understood is the board, because that is where alarms are. */
export function routeOf(hash: string): Route {
  const [kind = '', id] = hash.replace(/^#\/?/, '').split('/')
  const list = LISTS.find((one) => one === kind)
  if (list) return { page: list }
  if (id === undefined || !/^[\w-]+$/.test(id)) return { page: 'board' }
  if (kind === 'alarm' || kind === 'room') return { page: kind, id }
  const link = LINKS[kind]
  return link ? { page: link, id } : { page: 'board' }
}

class CurrentRoute {
  now = $state.raw<Route>({ page: 'board' })

  constructor() {
    const follow = (): void => {
      this.now = routeOf(location.hash)
      scrollTo(0, 0)
    }
    if (typeof window === 'undefined') return
    follow()
    addEventListener('hashchange', follow)
  }
}

export const route = new CurrentRoute()
