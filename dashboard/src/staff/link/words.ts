/** The words of the link of a notification. */
import { inLanguage, type InBoth } from '../../lib/language.svelte'

const zh = {
  taken: '您已经接下。请现在过去。',
  there: '已记下您到了。处理完，请在值班看板上填写处置结果。',
  arriveReason: '负责人在消息里的链接上点了“我到了”。',
  over: '这个报警已经不用处理了。',
  by: (owner: string) => `${owner}已经接了。`,
  to: (you: string) => `发给${you}`,
  board: '打开值班看板',
}

const en: typeof zh = {
  taken: 'You have taken it. Please go now.',
  there: 'Noted that you are there. When it is over, write down on the duty board how it ended.',
  arriveReason: 'The owner tapped “I’m here” behind the link in her message.',
  over: 'This alarm needs nobody any more.',
  by: (owner: string) => `${owner} has taken it.`,
  to: (you: string) => `sent to ${you}`,
  board: 'Open the duty board',
}

export const linkWords: InBoth<typeof zh> = { 'zh-CN': zh, en }

/** The same in the language of the page. */
export const linkSays = inLanguage(linkWords)
