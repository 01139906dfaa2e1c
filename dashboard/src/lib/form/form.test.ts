import { expect, test } from 'vitest'
import { Problem } from '../api/request'
import { FormState } from './form.svelte'

interface Visit {
  room: string
  why: string
}

const form = (): FormState<Visit> =>
  new FormState<Visit>(
    { room: '', why: '' },
    (filled) => ({
      room: filled.room === '' ? 'choose a room' : undefined,
      why: filled.why === '' ? 'say why' : undefined,
    }),
    () => 'look again',
  )

/** A form in which nothing is wrong. */
function filled(): FormState<Visit> {
  const one = form()
  one.values.room = 'gym'
  one.values.why = 'a noise'
  return one
}

test('nothing is wrong before somebody tries, then each field says it until it is right', async () => {
  const one = form()
  const sent: Visit[] = []
  const send = (visit: Visit): Promise<boolean> => Promise.resolve(sent.push(visit) > 0)
  const before = { ...one.errors }

  const first = await one.submit(send)
  const both = { ...one.errors }
  one.values.room = 'gym'
  const left = { ...one.errors }
  one.values.why = 'a noise'

  expect([before, first, both]).toEqual([{}, false, { room: 'choose a room', why: 'say why' }])
  expect(left).toEqual({ room: undefined, why: 'say why' })
  expect([await one.submit(send), sent]).toEqual([true, [{ room: 'gym', why: 'a noise' }]])
})

test('a second tap while it is being sent sends nothing', async () => {
  const one = filled()
  let done: (saved: boolean) => void = () => {}
  let times = 0
  const send = (): Promise<boolean> => {
    times += 1
    return new Promise((resolve) => (done = resolve))
  }

  const first = one.submit(send)
  const during = one.sending
  const second = await one.submit(send)
  done(true)

  expect([during, second, await first, times, one.sending]).toEqual([true, false, true, 1, false])
})

test.each([new Problem('unreachable', 0), new Problem('database-away', 503)])(
  'after a failure everything filled in is still there and can be sent again',
  async (problem) => {
    const one = filled()

    await one.submit(() => Promise.reject(problem))
    const told = one.problem
    const again = await one.submit(() => Promise.resolve(true))

    expect([told, { ...one.values }]).toEqual([problem, { room: 'gym', why: 'a noise' }])
    expect([again, one.problem]).toEqual([true, null])
  },
)

test('a field that the hub refuses says so until something else stands in it', async () => {
  const one = filled()

  await one.submit(() => Promise.reject(new Problem('invalid', 422, { field: 'body.why', rule: 'string_too_long' })))
  const told = { ...one.errors }
  one.values.why = 'noise'

  expect([told.why, told.room, one.problem]).toEqual(['look again', undefined, null])
  expect(one.errors.why).toBeUndefined()
  expect(await one.submit(() => Promise.resolve(true))).toBe(true)
})

test('what the hub refused can be sent again as it is: it may have changed its mind', async () => {
  const one = filled()

  await one.submit(() => Promise.reject(new Problem('invalid', 422, { field: 'body.why', rule: 'x' })))

  expect(await one.submit(() => Promise.resolve(true))).toBe(true)
})

test('a refusal of a field that the form has not is said of the whole form', async () => {
  const one = filled()
  const problem = new Problem('invalid', 422, { field: 'body.senior_id', rule: 'x' })

  await one.submit(() => Promise.reject(problem))

  expect(one.problem).toBe(problem)
})

test('a defect of ours is not told as a refusal', async () => {
  await expect(filled().submit(() => Promise.reject(new TypeError('ours')))).rejects.toThrow('ours')
})
