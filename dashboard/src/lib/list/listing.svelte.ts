/** Which rows of a list are shown: those that somebody looks for, a page of them at a time. */
import { SvelteSet } from 'svelte/reactivity'

/** As many as a phone draws at once and a person scrolls past. */
export const PAGE_ROWS = 100

export interface ListSource<Row> {
  /** Every row, in the order of the page. */
  rows: () => readonly Row[]
  /** What of a row is searched: names, in every language. */
  searched: (row: Row) => readonly string[]
  /** What somebody may narrow the list to, by name. */
  filters?: Record<string, (row: Row) => boolean>
}

export class Listing<Row> {
  /** What is typed into the search field. */
  wanted = $state('')
  /** The names of the filters that are on. */
  readonly chosen = new SvelteSet<string>()
  #limit = $state(PAGE_ROWS)

  /** The rows that are looked for. */
  readonly found = $derived.by((): Row[] => {
    const letters = this.wanted.trim().toLowerCase()
    const filters = Object.entries(this.source.filters ?? {}).filter(([name]) => this.chosen.has(name))
    return this.source
      .rows()
      .filter((row) => filters.every(([, holds]) => holds(row)))
      .filter((row) => this.source.searched(row).some((text) => text.toLowerCase().includes(letters)))
  })

  readonly shown = $derived.by((): Row[] => this.found.slice(0, this.#limit))
  /** How many more there are. */
  readonly hidden = $derived.by((): number => this.found.length - this.shown.length)
  /** How many of them come with a tap. */
  readonly next = $derived.by((): number => Math.min(this.hidden, PAGE_ROWS))
  /** Whether rows are missing because somebody looks for others. */
  readonly isNarrowed = $derived.by((): boolean => this.wanted.trim() !== '' || this.chosen.size > 0)

  constructor(readonly source: ListSource<Row>) {}

  showMore(): void {
    this.#limit += PAGE_ROWS
  }

  /** Look for nothing in particular: every row is there again. */
  showAll(): void {
    this.wanted = ''
    this.chosen.clear()
  }

  /** Switch a filter on or off. */
  choose(filter: string, on: boolean): void {
    if (on) this.chosen.add(filter)
    else this.chosen.delete(filter)
  }
}
