/** One thing of the hub on a page: reads it, changes it, and knows what to say when it cannot or somebody was faster. */
import { asProblem, type Problem } from './api/request'
import { centreClock } from './clock.svelte'

/** From when on a page says that it takes long: answers come within a tenth of that, and 10 s are the end of patience. */
export const SLOW_MS = 3000

/**
 * How a resource stands. `loading` and `slow`: nothing has come yet; `ready`; `stale`: shown, but the last try failed;
 * `offline`: this device has no network; `broken`: nothing to show; `refused`: this account may not, trying again is no use.
 */
export type ResourceState = 'loading' | 'slow' | 'ready' | 'stale' | 'offline' | 'broken' | 'refused'

/** Where a resource comes from and goes to. */
export interface Source<Value, Change> {
  /** Read it. Raises Problem. */
  load: () => Promise<Value>
  /** The entity tag of a value, as the hub sent it. What has none is never in conflict. */
  etagOf?: (value: Value) => string
  /** Change the version that has this tag (`If-Match`). Raises Problem; with `current` when another version stands. */
  save?: (change: Change, etag: string) => Promise<unknown>
}

/** Somebody else has changed what is being edited here. */
export interface Conflict<Value, Change> {
  /** What stands now. */
  theirs: Value
  /** The change that was refused; null while it is not sent yet. */
  mine: Change | null
}

export class Resource<Value, Change = never> {
  value = $state.raw<Value | null>(null)
  /** Why the last reading failed. */
  problem = $state.raw<Problem | null>(null)
  /** Why the last change failed. It was not made, or nobody knows: it can be sent again without harm. */
  saveProblem = $state.raw<Problem | null>(null)
  loading = $state(false)
  saving = $state(false)
  /** When what is shown was read, by the centre's clock. */
  read_ms = $state(Number.NaN)
  #slow = $state(false)
  #offline = $state(false)
  /** The tag of what whoever edits began with. */
  #base = $state<string | null>(null)
  #mine = $state.raw<Change | null>(null)
  /** Whether a form is open: a change without one leaves nothing behind when it fails. */
  #isEdited = false
  #asked = 0
  #answered = 0
  #slowly: ReturnType<typeof setTimeout> | undefined
  #sending: Promise<boolean> | null = null

  readonly state = $derived.by((): ResourceState => {
    if (this.problem?.status === 403) return 'refused'
    if (this.problem && this.#offline) return 'offline'
    if (this.problem) return this.value === null ? 'broken' : 'stale'
    // what is shown stays where it is, under a finger perhaps: a slow second reading is nobody's concern
    if (this.value !== null) return 'ready'
    return this.#slow ? 'slow' : 'loading'
  })

  readonly conflict = $derived.by((): Conflict<Value, Change> | null => {
    if (this.#base === null || this.value === null || this.#etag() === this.#base) return null
    return { theirs: this.value, mine: this.#mine }
  })

  constructor(
    readonly source: Source<Value, Change>,
    first: Value | null = null,
  ) {
    if (first !== null) this.take(first)
  }

  /** Read it anew. What is shown stays until something newer is there, and so does what is being edited. */
  async load(): Promise<void> {
    const asked = ++this.#asked
    this.loading = true
    this.#slowly ??= setTimeout(() => (this.#slow = true), SLOW_MS)
    try {
      const value = await this.source.load()
      // answers may overtake each other, and one that was asked for before a change shows what was before it
      if (asked > this.#answered) this.#hold(value, asked)
    } catch (thrown) {
      const problem = asProblem(thrown)
      if (asked === this.#asked) this.#fail(problem)
    } finally {
      if (asked === this.#asked) this.#settle()
    }
  }

  /** It was read elsewhere: in a list, on the live stream, in the answer to a change. */
  take(value: Value): void {
    this.#hold(value, this.#asked)
  }

  /** Somebody edits it from now on: what others change meanwhile is a conflict. */
  edit(): void {
    this.#isEdited = true
    this.#rebase()
  }

  /** Nobody edits it any more. */
  stop(): void {
    this.#isEdited = false
    this.#base = null
    this.#mine = null
    this.saveProblem = null
  }

  /** Make a change to the version that is edited or shown; whether it was made. A second tap sends nothing. */
  save(change: Change): Promise<boolean> {
    this.#sending ??= this.#send(change).finally(() => (this.#sending = null))
    return this.#sending
  }

  /** Mine, over what stands now: a change that was refused is sent again, an open form goes on. */
  async keepMine(): Promise<boolean> {
    const mine = this.#mine
    this.#rebase()
    return mine === null ? false : this.save(mine)
  }

  /** Theirs: what stands now, and nothing is being edited. */
  takeTheirs(): void {
    this.stop()
  }

  async #send(change: Change): Promise<boolean> {
    const base = this.#base ?? this.#etag() ?? ''
    this.saving = true
    this.saveProblem = null
    try {
      await this.source.save?.(change, base)
      this.#answered = this.#asked
      this.stop()
      await this.load()
      return true
    } catch (thrown) {
      this.#refuse(asProblem(thrown), change, base)
      return false
    } finally {
      this.saving = false
    }
  }

  #refuse(problem: Problem, change: Change, base: string): void {
    const isConflict = [409, 412].includes(problem.status) && problem.current !== null
    if (!isConflict) {
      if (!this.#isEdited) this.stop()
      this.saveProblem = problem
      return
    }
    this.take(problem.current as Value)
    this.#base = base
    this.#mine = change
  }

  /** From here on it is what stands now that is edited. */
  #rebase(): void {
    this.#base = this.#etag()
    this.#mine = null
    this.saveProblem = null
  }

  #hold(value: Value, asked: number): void {
    this.#answered = asked
    this.value = value
    this.problem = null
    this.read_ms = centreClock.now
  }

  #fail(problem: Problem): void {
    this.problem = problem
    this.#offline = problem.code === 'unreachable' && globalThis.navigator?.onLine === false
  }

  #settle(): void {
    clearTimeout(this.#slowly)
    this.#slowly = undefined
    this.#slow = false
    this.loading = false
  }

  #etag(): string | null {
    return this.value === null ? null : (this.source.etagOf?.(this.value) ?? null)
  }
}
