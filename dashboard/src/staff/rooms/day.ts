/** What a room's day means as numbers on a chart: pure. */
import type { RoomDay } from '../../lib/api/types'

type Series = (number | null)[]

/** Whether there is no reading at all. */
export function isEmpty(day: RoomDay): boolean {
  return [day.temperature, day.occupancy, day.motion].every((series) => series.every((value) => value === null))
}

/** The whole hours that have readings, at least one: what a chart shows of a day, as seconds since 1970. */
export function hours(day: RoomDay, zone: string): [number, number] {
  const [midnight, next_midnight] = bounds(day.date, zone)
  const read = day.at.filter((_, n) => [day.temperature, day.occupancy, day.motion].some((all) => all[n] != null))
  const first = read[0] ?? midnight
  const last = (read.at(-1) ?? next_midnight) + day.bucket_seconds
  const from = midnight + Math.floor((first - midnight) / 3600) * 3600
  return [from, Math.max(from + 3600, midnight + Math.ceil((last - midnight) / 3600) * 3600)]
}

/** Lowest and highest value; null without one. */
export function range(values: Series): [number, number] | null {
  const real = values.filter((value): value is number => value !== null)
  return real.length === 0 ? null : [Math.min(...real), Math.max(...real)]
}

/** Shares from 0 to 1 as per cent. */
export function percent(values: Series): Series {
  return values.map((value) => (value === null ? null : value * 100))
}

/** How far the wall clock of `zone` is ahead of UTC at `at_ms`. */
function ahead_ms(at_ms: number, zone: string): number {
  const wall = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone: zone }).format(at_ms)
  return Date.parse(`${wall.replace(' ', 'T')}Z`) - at_ms
}

/** First and last second of a day of the centre, as seconds since 1970. */
export function bounds(date: string, zone: string): [number, number] {
  const midnight_utc_ms = Date.parse(`${date}T00:00:00Z`)
  const start_ms = midnight_utc_ms - ahead_ms(midnight_utc_ms, zone)
  return [start_ms / 1000, start_ms / 1000 + 86_400]
}
