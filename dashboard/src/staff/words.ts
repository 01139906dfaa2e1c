/** The words of the frame of the staff pages, and what several of them say. */
import { inLanguage, type InBoth } from '../lib/language.svelte'

const zh = {
  title: '安铃 · 值班',
  pages: { board: '看板', people: '长者', devices: '设备', quarantine: '异常报文' },
  menu: '页面',
  signOut: '退出',
  since: (time: string) => `${time} 起`,
  times: (n: number) => `${n} 次`,
}

const en: typeof zh = {
  title: 'Anling · duty',
  pages: { board: 'Board', people: 'Seniors', devices: 'Devices', quarantine: 'Unreadable messages' },
  menu: 'Pages',
  signOut: 'Sign out',
  since: (time: string) => `since ${time}`,
  times: (n: number) => (n === 1 ? 'once' : `${n} times`),
}

export const staffWords: InBoth<typeof zh> = { 'zh-CN': zh, en }

/** The same in the language of the page. */
export const says = inLanguage(staffWords)
