/** What has her day been so far? Rooms, and calls that are over, in one list. */
import type { FamilyAlarm, FamilyHome } from '../lib/api/types'
import { named } from '../lib/language.svelte'
import { progress } from './calls'
import { says } from './words'

interface Line {
  at: string
  text: string
}

/** Oldest first. */
export function dayOf(today: FamilyHome['today'], over: readonly FamilyAlarm[]): Line[] {
  const words = says()
  const went = today.map(({ at, what, room }) => ({ at, text: (words.did[what] ?? words.didOther)(room ? named(room) : '') }))
  const called = over.map((call) => ({ at: call.opened_at, text: words.calledAndOver(progress(call, '')) }))
  return [...went, ...called].sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
}
