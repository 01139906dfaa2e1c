/** Who is signed in to the staff pages on this device. */
import { Problem, answer, asProblem, hub } from '../lib/api/request'
import type { Me } from '../lib/api/types'
import { centreClock } from '../lib/clock.svelte'
import { language } from '../lib/language.svelte'

export class Session {
  me = $state.raw<Me | null>(null)
  problem = $state.raw<Problem | null>(null)
  known = $state(false)

  /** Ask the hub who we are; somebody who is signed out is known to be nobody. */
  async check(): Promise<void> {
    try {
      this.me = await answer(hub.GET('/api/me'))
      centreClock.zone = this.me.centre.timezone
      language.suggest(this.me.account.language)
      this.problem = null
      this.known = true
    } catch (thrown) {
      this.#refused(asProblem(thrown))
    }
  }

  async signOut(): Promise<void> {
    await hub.POST('/api/sign-out').catch(() => undefined)
    this.me = null
    await this.check()
  }

  /** A hub that cannot be reached says nothing about us: a board on the wall stays, and says that it is not live. */
  #refused(problem: Problem): void {
    if (problem.status === 401) {
      this.me = null
      this.problem = null
      this.known = true
    } else {
      this.problem = problem
    }
  }
}
