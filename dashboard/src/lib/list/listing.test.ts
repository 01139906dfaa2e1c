import { expect, test } from 'vitest'
import { Listing, PAGE_ROWS } from './listing.svelte'

interface Row {
  id: string
  names: string[]
  here: boolean
}
const WANG: Row = { id: '1', names: ['王桂兰', '王奶奶', 'Grandma Wang'], here: false }
const LI: Row = { id: '2', names: ['李德福', '李爷爷', 'Grandpa Li'], here: true }

const listing = (rows: readonly Row[]): Listing<Row> =>
  new Listing({ rows: () => rows, searched: (row) => row.names, filters: { here: (row) => row.here } })
const ids = (list: Listing<Row>): string[] => list.shown.map((row) => row.id)

test('a row is found by any of its names, in any case and either language', () => {
  const list = listing([WANG, LI])

  for (const typed of ['桂', '王奶', 'wang ', 'GRANDMA']) {
    list.wanted = typed
    expect(ids(list)).toEqual(['1'])
  }
})

test('nothing typed shows everything, in the order it came', () => {
  const list = listing([LI, WANG])

  expect([ids(list), list.isNarrowed]).toEqual([['2', '1'], false])
})

test('a filter narrows what is found, and one tap shows everything again', () => {
  const list = listing([WANG, LI])
  list.choose('here', true)
  const here = ids(list)
  list.wanted = '王'
  const none = [ids(list), list.isNarrowed]
  list.showAll()

  expect([here, none, ids(list)]).toEqual([['2'], [[], true], ['1', '2']])
})

test('a long list comes a page at a time, and a search looks through all of it', () => {
  const many = Array.from({ length: PAGE_ROWS * 2 + 5 }, (_, n): Row => ({ id: `${n}`, names: [`长者${n}`], here: true }))
  const list = listing(many)
  const first = [list.shown.length, list.hidden, list.next]
  list.showMore()
  list.showMore()
  const last = [list.shown.length, list.hidden, list.next]
  const searched = listing(many)
  searched.wanted = `长者${many.length - 1}`

  expect(first).toEqual([PAGE_ROWS, PAGE_ROWS + 5, PAGE_ROWS])
  expect(last).toEqual([many.length, 0, 0])
  expect(ids(searched)).toEqual([`${many.length - 1}`])
})
