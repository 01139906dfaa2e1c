/** Where each room lies on the plan, and in which order rooms are read where there is no room for a plan: pure. */
import type { RoomCard } from '../../lib/api/types'

/** The CSS grid place of a room: lines count from 1, whatever the plan counts from. */
export function place(room: RoomCard, rooms: readonly RoomCard[]): { column: string; row: string } {
  const left = Math.min(...rooms.map((one) => one.plan.column))
  const top = Math.min(...rooms.map((one) => one.plan.row))
  return {
    column: `${room.plan.column - left + 1} / span ${room.plan.width}`,
    row: `${room.plan.row - top + 1} / span ${room.plan.height}`,
  }
}

/** Rooms with an alarm first, then those with people, the fullest first, then by the plan. */
export function byNeed(rooms: readonly RoomCard[]): RoomCard[] {
  const rank = (room: RoomCard): number[] => [
    room.alarm_ids.length > 0 ? 0 : 1,
    -room.present.length,
    room.plan.row,
    room.plan.column,
  ]
  return [...rooms].sort((a, b) => {
    const [left, right] = [rank(a), rank(b)]
    const at = left.findIndex((value, n) => value !== right[n])
    return at < 0 ? 0 : (left[at] ?? 0) - (right[at] ?? 0)
  })
}
