/** What somebody is filling in: kept until it is saved or given up, whatever else happens on the page. */
import { asProblem, type Problem } from '../api/request'

/** What is wrong with each field, in words. */
export type FieldErrors<Values> = { [Field in keyof Values]?: string | undefined }

export class FormState<Values extends object> {
  values = $state<Values>({} as Values)
  sending = $state(false)
  /** Why sending failed, where it is about no field. */
  problem = $state.raw<Problem | null>(null)
  #tried = $state(false)
  #refused = $state.raw<{ field: string; value: unknown } | null>(null)

  /** Said once somebody has tried to send it, and gone as soon as the field is right. */
  readonly errors = $derived.by((): FieldErrors<Values> => {
    if (!this.#tried) return {}
    const found = { ...this.check(this.values) }
    const refused = this.#refusedField()
    if (refused && !found[refused]) found[refused] = this.refusedText()
    return found
  })

  /** `check` gives the words for what is wrong; `refusedText` those for a field that the hub refused. */
  constructor(
    first: Values,
    readonly check: (values: Values) => FieldErrors<Values>,
    readonly refusedText: () => string,
  ) {
    this.values = first
  }

  /** Whether anything is wrong now; from here on it is said at its field. */
  isWrong(): boolean {
    this.#tried = true
    return Object.values(this.errors).some((error) => error !== undefined)
  }

  /**
   * Send what is filled in, once however often it is called: whether that was done.
   *
   * `send` raises Problem, or answers false when it has told why not itself. Nothing that was filled in is lost.
   */
  async submit(send: (values: Values) => Promise<boolean>): Promise<boolean> {
    if (this.sending) return false
    this.#refused = null
    this.problem = null
    if (this.isWrong()) return false
    this.sending = true
    try {
      return await send($state.snapshot(this.values) as Values)
    } catch (thrown) {
      this.#refuse(asProblem(thrown))
      return false
    } finally {
      this.sending = false
    }
  }

  /** The hub names the field it refuses (`body.room_id`): said there, until something else stands in it. */
  #refuse(problem: Problem): void {
    const field = String(problem.params.field ?? '').replace(/^body\./, '')
    if (problem.code === 'invalid' && field in this.values) {
      this.#refused = { field, value: this.values[field as keyof Values] }
    } else {
      this.problem = problem
    }
  }

  #refusedField(): keyof Values | null {
    const refused = this.#refused
    if (refused === null) return null
    const field = refused.field as keyof Values
    return this.values[field] === refused.value ? field : null
  }
}
