/** What a family member's page knows: who she is, how her relative is, and whether that is still true. */
import { Problem, answer, asProblem, hub } from '../lib/api/request'
import type { FamilyEvents, FamilyHome } from '../lib/api/types'
import { centreClock } from '../lib/clock.svelte'
import { language } from '../lib/language.svelte'
import { LiveStream } from '../lib/live/stream.svelte'
import { calling } from './calling'

export class Home {
  now = $state<FamilyHome | null>(null)
  problem = $state<Problem | null>(null)
  signedOut = $state(false)
  readonly live = new LiveStream<FamilyEvents>(
    '/api/family/live',
    { home: (home) => this.#hear(home), beat: (beat) => centreClock.set(beat.at) },
    () => void this.#check(),
  )

  /** What this person calls her relative. */
  readonly who = $derived(
    this.now ? calling(this.now.senior, this.now.me.kinship, language.current) : '',
  )

  async open(): Promise<void> {
    this.live.close()
    this.problem = null
    this.signedOut = false
    await this.#check()
    if (this.now) this.live.open()
  }

  close(): void {
    this.live.close()
  }

  async #check(): Promise<void> {
    try {
      this.#hear(await answer(hub.GET('/api/family/home')))
      this.problem = null
    } catch (thrown) {
      const problem = asProblem(thrown)
      this.signedOut = problem.status === 401
      if (this.signedOut) this.live.close()
      // what was true while she might still see it is not left standing
      if (problem.status === 403) this.now = null
      this.problem = problem
    }
  }

  #hear(home: FamilyHome): void {
    centreClock.zone = home.centre.timezone
    language.suggest(home.me.language)
    this.now = home
  }
}
