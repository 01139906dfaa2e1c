/** The words of who comes, goes and changes rooms. */
import type { PresenceChange } from '../../lib/api/types'
import { inLanguage, type InBoth } from '../../lib/language.svelte'

type Evidence = PresenceChange['how']

const zh = {
  find: '找长者',
  findHint: '名字或称呼',
  empty: '还没有长者。请管理员先导入中心的名单。',
  arrive: '到了',
  enter: '进房间',
  leave: '回家了',
  noted: {
    arrive: (time: string) => `已记下 ${time} 到`,
    leave: (time: string) => `已记下 ${time} 回家`,
  },
  undo: '撤销',
  notHere: '不在中心',
  here: '在中心',
  chooseRoom: '进了哪个房间？',
  roomMissing: '请先选一个房间。',
  save: '记下',
  /** How it is known where she is, where nobody of the staff said so. */
  by: {
    card: '刷卡',
    badge: '胸卡',
    press: '按呼叫',
    meal: '用餐登记',
    staff: '同事',
    roll_call: '点名',
  } satisfies Record<Evidence, string>,
  /** What stands now. */
  is: {
    away: '已回家',
    here: '在中心',
    in: (room: string) => `在${room}`,
  },
  /** What was tapped. */
  said: {
    arrive: '到了',
    leave: '回家了',
    enter: (room: string) => `进${room}`,
  },
  changed: (who: string, time: string, is: string) => `${who} ${time} 刚改过，现在是：${is}。`,
  changedBefore: (is: string) => `这里刚有变化，现在是：${is}。`,
  keepMine: (said: string) => `仍然记“${said}”`,
  goOn: '接着选房间',
  notNoted: (said: string) => `“${said}”没有记下。`,
  takeTheirs: '就按现在的',
  count: (here: number, all: number) => `${here} 人在中心，共 ${all} 人`,
  found: (n: number) => `找到 ${n} 位`,
  onlyHere: '只看在中心的',
}

const en: typeof zh = {
  find: 'Find a senior',
  findHint: 'Name',
  empty: 'No seniors yet. An administrator imports the list of the centre.',
  arrive: 'Arrived',
  enter: 'Into a room',
  leave: 'Went home',
  noted: {
    arrive: (time: string) => `Noted: arrived ${time}`,
    leave: (time: string) => `Noted: went home ${time}`,
  },
  undo: 'Undo',
  notHere: 'not at the centre',
  here: 'at the centre',
  chooseRoom: 'Into which room?',
  roomMissing: 'Please choose a room first.',
  save: 'Note it',
  by: {
    card: 'The card reader',
    badge: 'Her badge',
    press: 'A press',
    meal: 'The meal list',
    staff: 'A colleague',
    roll_call: 'The roll call',
  },
  is: {
    away: 'gone home',
    here: 'at the centre',
    in: (room: string) => room,
  },
  said: {
    arrive: 'arrived',
    leave: 'went home',
    enter: (room: string) => `into ${room}`,
  },
  changed: (who: string, time: string, is: string) => `${who} changed this at ${time}. Now: ${is}.`,
  changedBefore: (is: string) => `This has just changed. Now: ${is}.`,
  keepMine: (said: string) => `Note “${said}” anyway`,
  goOn: 'Go on choosing',
  notNoted: (said: string) => `“${said}” was not noted. `,
  takeTheirs: 'Leave it as it is',
  count: (here: number, all: number) => `${here} of ${all} are at the centre`,
  found: (n: number) => `${n} found`,
  onlyHere: 'Only those at the centre',
}

export const arrivalWords: InBoth<typeof zh> = { 'zh-CN': zh, en }

/** The same in the language of the page. */
export const arrivalSays = inLanguage(arrivalWords)
