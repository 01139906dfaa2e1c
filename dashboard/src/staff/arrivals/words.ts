/** The words of who comes, goes and changes rooms. */
import { inLanguage, type InBoth } from '../../lib/language.svelte'

const zh = {
  find: '找长者',
  findHint: '名字或称呼',
  nobody: '没有找到。请换一个字试试。',
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
  count: (here: number, all: number) => `${here} 人在中心，共 ${all} 人`,
  onlyHere: '只看在中心的',
}

const en: typeof zh = {
  find: 'Find a senior',
  findHint: 'Name',
  nobody: 'Nobody found. Try another word.',
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
  count: (here: number, all: number) => `${here} of ${all} are at the centre`,
  onlyHere: 'Only those at the centre',
}

export const arrivalWords: InBoth<typeof zh> = { 'zh-CN': zh, en }

/** The same in the language of the page. */
export const arrivalSays = inLanguage(arrivalWords)
