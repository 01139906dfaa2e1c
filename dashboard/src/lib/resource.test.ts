import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Problem } from './api/request'
import { Resource, SLOW_MS, type Source } from './resource.svelte'

interface Note {
  etag: string
  text: string
}
const FIRST: Note = { etag: '"1"', text: 'here' }
const THEIRS: Note = { etag: '"2"', text: 'gone home' }
const changed = new Problem('changed-meanwhile', 412, {}, THEIRS)

/** A hub whose answers are given by hand, in the order of the questions. */
class Hub implements Source<Note, string> {
  readonly loads: { give: (note: Note) => void; refuse: (problem: Error) => void }[] = []
  readonly saves: { change: string; etag: string; done: () => void; refuse: (problem: Error) => void }[] = []
  readonly load = (): Promise<Note> => new Promise((give, refuse) => this.loads.push({ give, refuse }))
  readonly etagOf = (note: Note): string => note.etag
  readonly save = (change: string, etag: string): Promise<void> =>
    new Promise((done, refuse) => this.saves.push({ change, etag, done, refuse }))
}

let hub: Hub
let resource: Resource<Note, string>

beforeEach(() => {
  vi.useFakeTimers()
  hub = new Hub()
  resource = new Resource(hub)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function shown(note: Note): Promise<void> {
  const loading = resource.load()
  hub.loads.at(-1)?.give(note)
  await loading
}

async function failed(problem: Problem): Promise<void> {
  const loading = resource.load()
  hub.loads.at(-1)?.refuse(problem)
  await loading
}

test('what takes long says so, and stops saying it when it is there', async () => {
  const loading = resource.load()
  const states = [resource.state]

  vi.advanceTimersByTime(SLOW_MS - 1)
  states.push(resource.state)
  vi.advanceTimersByTime(1)
  states.push(resource.state)
  hub.loads[0]?.give(FIRST)
  await loading

  expect([...states, resource.state]).toEqual(['loading', 'loading', 'slow', 'ready'])
  expect(vi.getTimerCount()).toBe(0)
})

test('what is read again slowly stays as it is, for whoever is about to tap on it', async () => {
  await shown(FIRST)
  void resource.load()
  vi.advanceTimersByTime(SLOW_MS)

  expect([resource.state, resource.loading]).toEqual(['ready', true])
})

test.each([
  ['broken', 'stale', new Problem('database-away', 503), true],
  ['broken', 'stale', new Problem('unreachable', 0), true],
  ['offline', 'offline', new Problem('unreachable', 0), false],
  ['refused', 'refused', new Problem('not-your-role', 403), true],
])('without an answer it is %s with nothing to show and %s with something', async (empty, full, problem, onLine) => {
  vi.stubGlobal('navigator', { onLine })

  await failed(problem)
  const before = resource.state
  await shown(FIRST)
  const between = resource.state
  await failed(problem)

  expect([before, between, resource.state]).toEqual([empty, 'ready', full])
  expect(resource.value).toEqual(FIRST)
})

test('while it is tried again the reason stands, and a success takes it back', async () => {
  await failed(new Problem('database-away', 503))
  const trying = resource.load()
  const during = [resource.state, resource.loading]
  hub.loads.at(-1)?.give(FIRST)
  await trying

  expect([during, resource.state, resource.loading]).toEqual([['broken', true], 'ready', false])
})

test('a defect of ours is not said to be one of the network', async () => {
  const loading = resource.load()
  hub.loads[0]?.refuse(new TypeError('ours'))

  await expect(loading).rejects.toThrow('ours')
})

test('an answer that was overtaken does not bring back what was before', async () => {
  const first = resource.load()
  const second = resource.load()
  hub.loads[1]?.give(THEIRS)
  hub.loads[0]?.give(FIRST)
  await Promise.all([first, second])

  expect(resource.value).toEqual(THEIRS)
})

test('a reading that began before a change was made does not take it back', async () => {
  await shown(FIRST)
  const early = resource.load()
  const saving = resource.save('mine')
  hub.saves[0]?.done()
  await vi.waitFor(() => expect(hub.loads).toHaveLength(3))
  hub.loads[2]?.give({ etag: '"2"', text: 'mine' })
  hub.loads[1]?.give(FIRST)
  await Promise.all([early, saving])

  expect(resource.value?.text).toBe('mine')
})

test('not even for the moment until the change itself is read', async () => {
  await shown(FIRST)
  const early = resource.load()
  void resource.save('mine')
  hub.saves[0]?.done()
  await vi.waitFor(() => expect(hub.loads).toHaveLength(3))
  hub.loads[1]?.give({ ...FIRST, text: 'long ago' })
  await early

  expect(resource.value).toEqual(FIRST)
})

test('why an older reading failed is nobody’s concern while a newer one is on its way', async () => {
  const first = resource.load()
  void resource.load()
  hub.loads[0]?.refuse(new Problem('database-away', 503))
  await first

  expect([resource.state, resource.problem]).toEqual(['loading', null])
})

test('what is there at once leaves no clock running', async () => {
  await shown(FIRST)

  expect(vi.getTimerCount()).toBe(0)
})

test('answers that keep coming late are shown all the same', async () => {
  const first = resource.load()
  void resource.load()
  hub.loads[0]?.give(FIRST)
  await first

  expect(resource.value).toEqual(FIRST)
})

test('two taps are one change, to the version that was seen', async () => {
  await shown(FIRST)
  const first = resource.save('mine')
  const second = resource.save('mine')
  hub.saves[0]?.done()
  await vi.waitFor(() => expect(hub.loads).toHaveLength(2))
  hub.loads[1]?.give(THEIRS)

  expect(await Promise.all([first, second])).toEqual([true, true])
  expect(hub.saves.map(({ change, etag }) => [change, etag])).toEqual([['mine', '"1"']])
  expect(resource.saving).toBe(false)
})

test('a change that failed can be sent again, and nothing of it is left behind', async () => {
  await shown(FIRST)
  const saving = resource.save('mine')
  hub.saves[0]?.refuse(new Problem('database-away', 503))

  expect(await saving).toBe(false)
  expect([resource.saveProblem?.code, resource.saving, resource.state]).toEqual(['database-away', false, 'ready'])
  resource.take(THEIRS)
  expect(resource.conflict).toBeNull()
  void resource.save('mine')
  expect([hub.saves[1]?.etag, resource.saveProblem]).toEqual(['"2"', null])
})

test('who was slower sees what stands and chooses: mine is sent over it', async () => {
  await shown(FIRST)
  const saving = resource.save('mine')
  hub.saves[0]?.refuse(changed)
  await saving
  const conflict = resource.conflict
  const again = resource.keepMine()
  hub.saves[1]?.done()
  await vi.waitFor(() => expect(hub.loads).toHaveLength(2))
  hub.loads[1]?.give({ etag: '"3"', text: 'mine' })

  expect(conflict).toEqual({ theirs: THEIRS, mine: 'mine' })
  expect([hub.saves[1]?.change, hub.saves[1]?.etag]).toEqual(['mine', '"2"'])
  expect([await again, resource.conflict, resource.saveProblem]).toEqual([true, null, null])
})

test('who was slower sees what stands and chooses: theirs stays, and nothing is sent', async () => {
  await shown(FIRST)
  const saving = resource.save('mine')
  hub.saves[0]?.refuse(changed)
  await saving
  resource.takeTheirs()

  expect([resource.value, resource.conflict, hub.saves.length]).toEqual([THEIRS, null, 1])
})

test('mine meets a third colleague: it is a conflict again', async () => {
  const third = { etag: '"3"', text: 'in the garden' }
  await shown(FIRST)
  const saving = resource.save('mine')
  hub.saves[0]?.refuse(changed)
  await saving
  const again = resource.keepMine()
  hub.saves[1]?.refuse(new Problem('changed-meanwhile', 412, {}, third))
  await again

  expect(resource.conflict).toEqual({ theirs: third, mine: 'mine' })
})

test('mine that could not be sent again waits for another tap, and is in nobody’s way', async () => {
  await shown(FIRST)
  const saving = resource.save('mine')
  hub.saves[0]?.refuse(changed)
  await saving
  const again = resource.keepMine()
  hub.saves[1]?.refuse(new Problem('database-away', 503))
  await again
  resource.take({ etag: '"3"', text: 'in the garden' })

  expect([resource.conflict, resource.saveProblem?.code]).toEqual([null, 'database-away'])
})

test('what a colleague changes while a form is open is a conflict, and the form goes on from it', async () => {
  await shown(FIRST)
  resource.edit()
  resource.take({ ...FIRST })
  const same = resource.conflict
  resource.take(THEIRS)
  const conflict = resource.conflict
  const sent = await resource.keepMine()
  void resource.save('mine')

  expect([same, conflict, sent]).toEqual([null, { theirs: THEIRS, mine: null }, false])
  expect(hub.saves.map(({ etag }) => etag)).toEqual(['"2"'])
})

test('an open form that could not be saved still hears of what others change', async () => {
  await shown(FIRST)
  resource.edit()
  const saving = resource.save('mine')
  hub.saves[0]?.refuse(new Problem('unreachable', 0))
  await saving
  resource.take(THEIRS)

  expect(resource.conflict).toEqual({ theirs: THEIRS, mine: null })
  resource.stop()
  expect([resource.conflict, resource.saveProblem]).toEqual([null, null])
})

test('a conflict whose state did not come is a failure that is told', async () => {
  await shown(FIRST)
  const saving = resource.save('mine')
  hub.saves[0]?.refuse(new Problem('changed-meanwhile', 412))
  await saving

  expect([resource.saveProblem?.code, resource.conflict]).toEqual(['changed-meanwhile', null])
})
