/** What a notice says in plain words, and which comes first. */
import type { NoticeCard } from '../../lib/api/types'
import { language } from '../../lib/language.svelte'
import { noticeSays } from './words'

/** While one of these stands a call for help may not arrive: they come before everything else. */
const DEAF = ['broker-away', 'trigger-silent']

/** What makes times or an alarm wrong: a red bar, before everything else. */
const isRed = (notice: NoticeCard): boolean =>
  notice.code === 'clock-behind' ||
  notice.code === 'clock-ahead' ||
  notice.code === 'clock-set' ||
  notice.code === 'press-unkept' ||
  (notice.code === 'row-parked' && notice.params.kind === 'alarm')

/** From how many on the same thing is one matter: a switch, a cable, not forty batteries. */
const MANY = 3

/** Notices of one code that are said as one, the newest first; most often just one. */
export interface Matter {
  code: string
  notices: [NoticeCard, ...NoticeCard[]]
  /** A call for help may not arrive. */
  deaf: boolean
  /** Times or an alarm are wrong. */
  red: boolean
}

/** What calls depend on, then P3 before P4, the newest first: what has just broken somebody may still mend. */
export function standing(notices: Iterable<NoticeCard>): NoticeCard[] {
  const rank = (notice: NoticeCard): number =>
    isRed(notice) ? -1 : DEAF.includes(notice.code) ? DEAF.indexOf(notice.code) : DEAF.length
  return [...notices]
    .filter((notice) => notice.cleared_at === null)
    .sort(
      (a, b) =>
        rank(a) - rank(b) ||
        a.priority.localeCompare(b.priority) ||
        Date.parse(b.raised_at) - Date.parse(a.raised_at),
    )
}

/** The same in matters: from three of a code on they are one, in the place of the first. */
export function matters(notices: readonly NoticeCard[]): Matter[] {
  const of = (code: string): NoticeCard[] => notices.filter((notice) => notice.code === code && !isRed(notice))
  return notices.flatMap((notice): Matter[] => {
    const deaf = DEAF.includes(notice.code)
    const red = isRed(notice)
    const [first, ...others] = of(notice.code)
    if (!first || red || others.length + 1 < MANY) return [{ code: notice.code, notices: [notice], deaf, red }]
    return notice === first ? [{ code: notice.code, notices: [first, ...others], deaf, red }] : []
  })
}

/** Whether something stands that makes many calls go unheard: then it comes before the rooms. */
export function isLineDead(all: readonly Matter[]): boolean {
  return all.some((matter) => matter.code === 'broker-away' || (matter.deaf && matter.notices.length >= MANY))
}

/** What a matter says: of one notice its own words, of many how many and what it most likely is. */
export function matterText(matter: Matter): string {
  const [first, ...others] = matter.notices
  if (others.length === 0) return noticeText(first)
  const n = matter.notices.length
  return noticeSays().noticeMany[matter.code]?.(n) ?? noticeSays().noticeManyOther(n, noticeText(first))
}

/** What the notice is about, by name. */
export function subjectOf(notice: NoticeCard): string {
  const name = language.current === 'en' ? notice.subject_name_en : notice.subject_name
  if (name) return name
  const [kind, id] = notice.subject.split(':')
  return kind === 'hub' ? noticeSays().hub : (id ?? notice.subject)
}

/** One or two sentences: what is wrong and what to do. The centre's own rules bring their own words. */
export function noticeText(notice: NoticeCard): string {
  const known = noticeSays().notice[notice.code]
  const subject = subjectOf(notice)
  if (known) return known(subject, notice.params)
  const own = notice.params[language.current]
  return own ? String(own) : noticeSays().noticeOther(subject, notice.code)
}
