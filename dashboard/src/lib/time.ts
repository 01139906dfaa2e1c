/** How a moment and the time since it are written. */
import type { Language } from './language.svelte'

const pad = (n: number): string => String(n).padStart(2, '0')

/** `0:42`, `12:05`, `1:02:10`; a moment still to come counts as now. */
export function running(from: string, now_ms: number): string {
  const seconds = Math.max(0, Math.floor((now_ms - Date.parse(from)) / 1000))
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`
}

/** How long until a moment, written like the time since one; `0:00` once it has come. */
export function remaining(until: string, now_ms: number): string {
  return running(new Date(now_ms).toISOString(), Date.parse(until))
}

/** `10:42`, on the wall of the centre. */
export function clock(at: string | number, zone: string): string {
  return new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: zone }).format(new Date(at))
}

/** `2026-11-23`: the centre's day, as the hub and date inputs write it. */
export function day(at: string | number, zone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeZone: zone }).format(new Date(at))
}

/** `10:42` today, `11月22日 10:42` or `22 Nov, 10:42` on another day. */
export function moment(at: string, now_ms: number, zone: string, language: Language): string {
  if (day(at, zone) === day(now_ms, zone)) return clock(at, zone)
  const date = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : 'zh-CN', {
    day: 'numeric',
    month: language === 'en' ? 'short' : 'long',
    timeZone: zone,
  }).format(new Date(at))
  return language === 'en' ? `${date}, ${clock(at, zone)}` : `${date} ${clock(at, zone)}`
}

/** The same with its seconds: `10:42:07`, `22 Nov, 10:42:07`. */
export function second(at: string, now_ms: number, zone: string, language: Language): string {
  const seconds = pad(new Date(at).getUTCSeconds())
  return `${moment(at, now_ms, zone, language)}:${seconds}`
}

/** Whole minutes between two moments, at least one: nobody watched for nought minutes. */
export function minutes(from: string, to: string | number): number {
  return Math.max(1, Math.round((new Date(to).getTime() - Date.parse(from)) / 60_000))
}
