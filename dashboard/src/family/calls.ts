/** What is being done about her call, or how did it end? */
import type { FamilyAlarm } from '../lib/api/types'
import { says } from './words'

/** Whether somebody still looks after this call. */
export function isLive(alarm: Pick<FamilyAlarm, 'outcome'>): boolean {
  return alarm.outcome === null
}

/** One sentence; `owner` is whoever goes or went to her. */
export function progress(alarm: Pick<FamilyAlarm, 'state' | 'outcome'>, owner: string): string {
  const words = says()
  if (alarm.outcome !== null) return words.over[alarm.outcome]
  if (alarm.state === 'accepted') return words.alarm.accepted(owner)
  return alarm.state === 'on_scene' ? words.alarm.on_scene(owner) : words.alarm.open()
}
