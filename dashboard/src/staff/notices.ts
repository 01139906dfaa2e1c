/** What a notice says in plain words, and which comes first. */
import type { NoticeCard } from '../lib/api/types'
import { language } from '../lib/language.svelte'
import { says } from './words'

/** P3 before P4, the newest first: what has just broken is what somebody may still mend. */
export function standing(notices: Iterable<NoticeCard>): NoticeCard[] {
  return [...notices]
    .filter((notice) => notice.cleared_at === null)
    .sort((a, b) => a.priority.localeCompare(b.priority) || Date.parse(b.raised_at) - Date.parse(a.raised_at))
}

/** What the notice is about, by name. */
export function subjectOf(notice: NoticeCard): string {
  const name = language.current === 'en' ? notice.subject_name_en : notice.subject_name
  if (name) return name
  const [kind, id] = notice.subject.split(':')
  return kind === 'hub' ? says().hub : (id ?? notice.subject)
}

/** One or two sentences: what is wrong and what to do. The centre's own rules bring their own words. */
export function noticeText(notice: NoticeCard): string {
  const known = says().notice[notice.code]
  const subject = subjectOf(notice)
  if (known) return known(subject, notice.params)
  const own = notice.params[language.current]
  return own ? String(own) : says().noticeOther(subject, notice.code)
}
