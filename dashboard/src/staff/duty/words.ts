/** The words of what a screen does while somebody is on duty. */
import { inLanguage, type InBoth } from '../../lib/language.svelte'

const zh = {
  startDuty: '开始值班',
  startDutyWhy: '打开声音，让屏幕一直亮着。请听到两声轻响再放心。',
  hello: (name: string) => `${name}，您好`,
  noSound: '这块屏幕没有声音，有报警也不会响。点这里打开声音。',
  noWakeLock: '这块屏幕会自己熄灭。请在系统设置里关闭自动锁屏。',
}

const en: typeof zh = {
  startDuty: 'Start duty',
  startDutyWhy: 'Switches the sound on and keeps the screen awake. Wait until you have heard two soft tones.',
  hello: (name: string) => `Hello, ${name}`,
  noSound: 'This screen is silent and will not ring for an alarm. Tap here to switch the sound on.',
  noWakeLock: 'This screen will go dark by itself. Please switch automatic lock off in its settings.',
}

export const dutyWords: InBoth<typeof zh> = { 'zh-CN': zh, en }

/** The same in the language of the page. */
export const dutySays = inLanguage(dutyWords)
