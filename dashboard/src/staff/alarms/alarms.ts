/** Which alarm needs somebody first, whether the board rings, and what it says aloud: pure. */
import type { AlarmCard, Outcome } from '../../lib/api/types'
import type { Language } from '../../lib/language.svelte'
import { alarmWords } from './words'

export function isLive(alarm: AlarmCard): boolean {
  return alarm.state === 'open' || alarm.state === 'accepted' || alarm.state === 'on_scene'
}

/** Since when somebody waits: the press, not its arrival. */
export function waitingSince(alarm: AlarmCard): string {
  return alarm.pressed_at ?? alarm.opened_at
}

/** Live alarms: those nobody has taken first, P1 before P2, the longest wait first. */
export function byNeed(alarms: Iterable<AlarmCard>): AlarmCard[] {
  const rank = (alarm: AlarmCard): string =>
    `${alarm.state === 'open' ? 0 : 1}${alarm.priority}${new Date(waitingSince(alarm)).toISOString()}`
  return [...alarms].filter(isLive).sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
}

/** The same in the order of the bar: what nobody has taken, what is one's own, what colleagues have taken. */
export function forBar(alarms: readonly AlarmCard[], me: string): AlarmCard[] {
  const group = (alarm: AlarmCard): number => (alarm.state === 'open' ? 0 : alarm.owner?.id === me ? 1 : 2)
  return [...alarms].sort((a, b) => group(a) - group(b))
}

/** How high the tones are: the highest tier of the alarms nobody has taken; null is silence. */
export function ringing(alarms: Iterable<AlarmCard>): number | null {
  const open = [...alarms].filter((alarm) => alarm.state === 'open')
  return open.length === 0 ? null : Math.max(...open.map((alarm) => alarm.tier))
}

/** What changes when the words have to be spoken again: a new alarm, another tier, or open again. */
export function spokenKey(alarm: AlarmCard): string {
  return `${alarm.id}:${alarm.tier}:${alarm.times_pressed}`
}

/** Who or what an alarm is about, in two short words: 王奶奶, 健身室; a room alone where no senior is meant.
 *
 * A senior in no room is not at the centre, or somewhere in it: whoever goes must not have to guess.
 */
export function whoAndWhere(alarm: AlarmCard, language: Language): { who: string; where: string | null } {
  const english = language === 'en'
  const words = alarmWords[language]
  const senior = alarm.senior && (english ? alarm.senior.address_as_en : alarm.senior.address_as)
  const room = alarm.room && (english ? alarm.room.name_en : alarm.room.name)
  if (senior) return { who: senior, where: room ?? (alarm.away ? words.away : words.inTheHouse) }
  return { who: room ?? alarm.device_id ?? '', where: null }
}

/** What each live alarm says of itself, in words: how urgent it is, how long it has waited, whom and where it is about. */
export type AlarmTexts = { urgency: string; waited: string; about: string }

/** What can be done: take it, say that one is still coming, is there, is still there, or how it ended. */
export type Step = 'accept' | 'confirm' | 'arrive' | 'stay' | 'resolve'

/** What somebody can do about an alarm, the main thing first; nothing about one that a colleague has taken. */
export function steps(alarm: AlarmCard, mine: boolean): Step[] {
  if (alarm.state === 'open') return ['accept']
  if (!mine || !isLive(alarm)) return []
  if (alarm.state === 'on_scene') return alarm.confirm_by ? ['stay', 'resolve'] : ['resolve']
  return alarm.confirm_by ? ['confirm', 'arrive'] : ['arrive', 'resolve']
}

/** Whether the hub's own words say more than who pressed where. */
export function saysMore(alarm: AlarmCard, language: Language): boolean {
  const english = language === 'en'
  const who = (english ? alarm.senior?.address_as_en : alarm.senior?.address_as) ?? ''
  const room = (english ? alarm.room?.name_en : alarm.room?.name) ?? null
  return alarm.summary[language] !== alarmWords[language].pressed(who, room)
}

/** What an alarm can end with: a hot room was neither reassured nor pressed by accident. */
export function outcomesOf(alarm: AlarmCard): Outcome[] {
  const all: Outcome[] = ['assisted', 'reassurance', 'company', 'accidental', 'device_fault', 'fall', 'ambulance']
  const called = alarm.senior !== null || alarm.pressed_at !== null
  return called ? all : all.filter((one) => !['reassurance', 'company', 'accidental'].includes(one))
}

/** Whether nobody has been on scene for so long that the card with 120 belongs on every screen. */
export function needsAmbulance(alarm: AlarmCard, now_ms: number): boolean {
  const waits = alarm.state === 'open' || alarm.state === 'accepted'
  return waits && alarm.ambulance_card_at !== null && Date.parse(alarm.ambulance_card_at) <= now_ms
}
