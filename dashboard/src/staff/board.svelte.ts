/** What the staff's pages know of the centre now, and what they do to an alarm. */
import { answer, asProblem, hub, type Problem } from '../lib/api/request'
import type { AlarmCard, NoticeCard, Outcome, RoomCard, Snapshot, StaffEvents } from '../lib/api/types'
import { centreClock } from '../lib/clock.svelte'
import { LiveStream } from '../lib/live/stream.svelte'
import { byNeed } from './alarms/alarms'
import { standing } from './notices/notices'

type ById<Card> = Record<string, Card>
const byId = <Card extends { id: string }>(cards: Card[]): ById<Card> =>
  Object.fromEntries(cards.map((card) => [card.id, card]))

/** How long a refusal is said: long enough to be read twice. */
const SAID_MS = 20_000

/** Words that are not sent yet; of the end of an alarm its outcome too. */
export interface Draft {
  words: string
  outcome: Outcome | null
}

export class Board {
  #alarms = $state.raw<ById<AlarmCard>>({})
  #rooms = $state.raw<ById<RoomCard>>({})
  #refusals = $state.raw<Record<string, Problem>>({})
  readonly #forgetting = new Map<string, ReturnType<typeof setTimeout>>()
  #notices = $state.raw<ById<NoticeCard>>({})
  channelsSetUp = $state(true)
  /** Whether the hub has said yet what there is: before that, nothing is not none. */
  known = $state(false)
  /** What was being written when a dialog was closed, by what it was about. */
  readonly drafts = new Map<string, Draft>()
  /** When an alarm was last taken from this page, on the steady clock: the rows move then. */
  taken_ms = 0
  readonly alarms = $derived(byNeed(Object.values(this.#alarms)))
  readonly rooms = $derived(Object.values(this.#rooms))
  readonly notices = $derived(standing(Object.values(this.#notices)))
  readonly live: LiveStream<StaffEvents>

  constructor(refused: () => void) {
    this.live = new LiveStream<StaffEvents>(
      '/api/live',
      {
        snapshot: (all) => this.#replace(all),
        alarm: (alarm) => this.#keep(alarm),
        room: (room) => (this.#rooms = { ...this.#rooms, [room.id]: room }),
        notice: (notice) => (this.#notices = { ...this.#notices, [notice.id]: notice }),
        channels: (set_up) => (this.channelsSetUp = set_up),
        beat: (beat) => centreClock.set(beat.at),
      },
      refused,
    )
  }

  alarm(id: string): AlarmCard | undefined {
    return this.#alarms[id]
  }

  /** Why the last tap on an alarm was refused. Its row may look different by then: a colleague was faster. */
  refusal(alarm_id: string): Problem | undefined {
    return this.#refusals[alarm_id]
  }

  /** Do what was tapped, and keep for a while why it was refused. */
  async tapped(alarm_id: string, doing: () => Promise<void>): Promise<void> {
    this.#forget(alarm_id)
    try {
      await doing()
    } catch (thrown) {
      this.#refusals = { ...this.#refusals, [alarm_id]: asProblem(thrown) }
      this.#forgetting.set(alarm_id, setTimeout(() => this.#forget(alarm_id), SAID_MS))
    }
  }

  room(id: string): RoomCard | undefined {
    return this.#rooms[id]
  }

  /** Take responsibility, or say that one is still coming. Raises Problem `already-taken` when somebody was faster. */
  async accept(alarm_id: string): Promise<void> {
    try {
      this.#keep(await answer(hub.POST('/api/alarms/{alarm_id}/accept', { params: { path: { alarm_id } } })))
    } finally {
      this.taken_ms = performance.now()
    }
  }

  /** Say that one is with her; `reason` says how that is known. Raises Problem. */
  async arrive(alarm_id: string, reason: string): Promise<void> {
    const asked = { params: { path: { alarm_id } }, body: { how: 'tap' as const, reason } }
    this.#keep(await answer(hub.POST('/api/alarms/{alarm_id}/arrive', asked)))
  }

  /** End an alarm with its outcome. Raises Problem. */
  async resolve(alarm_id: string, outcome: Outcome, sentence: string): Promise<void> {
    const asked = { params: { path: { alarm_id } }, body: { outcome, sentence } }
    this.#keep(await answer(hub.POST('/api/alarms/{alarm_id}/resolve', asked)))
  }

  #forget(alarm_id: string): void {
    clearTimeout(this.#forgetting.get(alarm_id))
    this.#forgetting.delete(alarm_id)
    const { [alarm_id]: _, ...others } = this.#refusals
    this.#refusals = others
  }

  #replace(all: Snapshot): void {
    centreClock.set(all.at)
    this.#alarms = byId(all.alarms)
    this.#rooms = byId(all.rooms)
    this.#notices = byId(all.notices)
    this.known = true
    this.channelsSetUp = all.channels_set_up
  }

  /** The answer to a tap and the event about it may overtake each other: the higher version is the later one. */
  #keep(alarm: AlarmCard): void {
    const known = this.#alarms[alarm.id]
    if (known && known.version > alarm.version) return
    this.#alarms = { ...this.#alarms, [alarm.id]: alarm }
  }
}
