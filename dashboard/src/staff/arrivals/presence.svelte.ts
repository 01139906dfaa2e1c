/** Where one senior is, what was tapped of her here, and what a colleague has changed meanwhile. */
import { hub } from '../../lib/api/request'
import type { PresenceTapped, RoomCard, SeniorHere } from '../../lib/api/types'
import { centreClock } from '../../lib/clock.svelte'
import { named } from '../../lib/language.svelte'
import { Resource, type Conflict } from '../../lib/resource.svelte'
import { STILL_MS } from '../../lib/steady.svelte'
import { arrivalSays } from './words'

type What = PresenceTapped['what']

/** What a row knows of the list that it stands in. */
export interface PresenceSource {
  /** Write a change to the version with that tag. Raises Problem. */
  record: (change: PresenceTapped, etag: string) => Promise<void>
  /** The row as the list has it. */
  row: () => SeniorHere
  /** Read the list again. Raises Problem. */
  again: () => Promise<void>
  /** She was tapped here. */
  tapped: () => void
}

export class Presence {
  readonly row: Resource<SeniorHere, PresenceTapped>
  /** Whether the form with the rooms is open. */
  choosing = $state(false)
  #resting = $state(false)
  #noted = $state.raw<{ what: 'arrive' | 'leave'; at: string; room_id: string | null } | null>(null)

  readonly busy = $derived.by((): boolean => this.row.saving || this.#resting)
  readonly now = $derived.by((): SeniorHere => this.row.value ?? this.source.row())
  /** What was just tapped here and still stands, with where she was before. */
  readonly undoable = $derived.by(() => {
    const noted = this.#noted
    return noted && this.now.present === (noted.what === 'arrive') && !this.row.conflict ? noted : null
  })

  constructor(readonly source: PresenceSource) {
    const load = (): Promise<SeniorHere> => source.again().then(() => source.row())
    this.row = new Resource({ load, etagOf: (one) => one.etag, save: source.record }, source.row())
  }

  /** Say where she is; whether it was noted. */
  async tap(what: What, room_id: string | null): Promise<boolean> {
    const was_in = this.now.room_id
    this.#noted = null
    this.source.tapped()
    const done = await this.row.save({ senior_id: this.now.id, what, room_id })
    if (done) await this.#note(what, was_in)
    return done
  }

  /** What a colleague changed meanwhile is changed again to what was tapped here; an open form goes on. */
  async keepMine(): Promise<void> {
    const mine = this.row.conflict?.mine
    const was_in = this.now.room_id
    if ((await this.row.keepMine()) && mine) await this.#note(mine.what, was_in)
  }

  /** Out again, or in again: where she was, if that is known. */
  undo(): Promise<boolean> {
    if (this.#noted?.what === 'arrive') return this.tap('leave', null)
    return this.#noted?.room_id ? this.tap('enter', this.#noted.room_id) : this.tap('arrive', null)
  }

  /** Open the form with the rooms. */
  choose(): void {
    this.choosing = true
    this.row.edit()
  }

  /** Leave it as it stands. */
  giveUp(): void {
    this.choosing = false
    this.row.takeTheirs()
  }

  async #note(what: What, room_id: string | null): Promise<void> {
    this.choosing = false
    if (what !== 'enter') this.#noted = { what, at: centreClock.at(centreClock.now), room_id }
    // another button stands there now: the second tap of a double tap is not for it
    this.#resting = true
    await new Promise((next) => setTimeout(next, STILL_MS))
    this.#resting = false
  }
}

/** Say where a senior is, of whom that version was seen. Raises Problem, `changed-meanwhile` with the row that stands. */
export async function recordPresence(change: PresenceTapped, etag: string): Promise<void> {
  await hub.POST('/api/presence', { body: change, headers: { 'If-Match': etag } })
}

/** Who changed it when, and where she is now; first that mine was not noted, if it was sent. */
export function changedText({ theirs, mine }: Conflict<SeniorHere, PresenceTapped>, rooms: readonly RoomCard[]): string {
  const refused = mine ? arrivalSays().notNoted(tappedText(mine, rooms)) : ''
  const is = stands(theirs, rooms)
  if (theirs.changed === null) return refused + arrivalSays().changedBefore(is)
  const who = theirs.changed.by ? named(theirs.changed.by) : arrivalSays().by[theirs.changed.how]
  return refused + arrivalSays().changed(who, centreClock.moment(theirs.changed.at), is)
}

/** What was tapped, as the button that sends it again says it. */
export function tappedText(change: PresenceTapped, rooms: readonly RoomCard[]): string {
  if (change.what !== 'enter') return arrivalSays().said[change.what]
  return arrivalSays().said.enter(roomName(change.room_id ?? null, rooms))
}

function stands(senior: SeniorHere, rooms: readonly RoomCard[]): string {
  if (!senior.present) return arrivalSays().is.away
  return senior.room_id === null ? arrivalSays().is.here : arrivalSays().is.in(roomName(senior.room_id, rooms))
}

function roomName(room_id: string | null, rooms: readonly RoomCard[]): string {
  const room = rooms.find((one) => one.id === room_id)
  return room ? named(room) : (room_id ?? '')
}
