/** The words of one room: who is here, its day, and looking into it. */
import { inLanguage, type InBoth } from '../../lib/language.svelte'

const zh = {
  back: '回到看板',
  here: '在场长者',
  nobody: '现在没有长者在这里。',
  day: '这一天',
  date: '日期',
  temperature: '温度',
  occupancy: '人数',
  motion: '活动',
  degrees: '°C',
  people: '人',
  share: '%',
  range: (low: string, high: string) => `最低 ${low} · 最高 ${high}`,
  empty: '这一天还没有读数。传感器每分钟送一次，第一条到了就会出现。',
  emptyOne: '没有读数',
  look: '看一眼房间',
  lookWhy: '为什么要看？理由会记下来备查；家属和长者能读到谁看过、什么时候看的。',
  lookHint: '例如：听到响声，看看有没有人跌倒',
  reasonNeeded: '请写明为什么要看。',
  open: '打开画面',
  someone: '长者',
}

const en: typeof zh = {
  back: 'Back to the board',
  here: 'Who is here',
  nobody: 'No senior is here now.',
  day: 'The day',
  date: 'Date',
  temperature: 'Temperature',
  occupancy: 'People',
  motion: 'Movement',
  degrees: '°C',
  people: '',
  share: '%',
  range: (low: string, high: string) => `lowest ${low} · highest ${high}`,
  empty: 'No readings on this day yet. Sensors send one a minute; the first will appear here.',
  emptyOne: 'no readings',
  look: 'Look at the room',
  lookWhy: 'Why do you look? The reason is kept; the senior and her family can read who looked and when.',
  lookHint: 'For example: heard a noise, has somebody fallen?',
  reasonNeeded: 'Please write down why you look.',
  open: 'Open the picture',
  someone: 'A senior',
}

export const roomWords: InBoth<typeof zh> = { 'zh-CN': zh, en }

/** The same in the language of the page. */
export const roomSays = inLanguage(roomWords)
