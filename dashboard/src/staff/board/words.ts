/** The words of the rooms at a glance. */
import { inLanguage, type InBoth } from '../../lib/language.svelte'

const zh = {
  plan: '房间',
  present: (n: number) => `${n} 人`,
  nobodyHere: '没有长者',
  counted: (n: number) => `摄像头数到 ${n} 人`,
  more: (n: number) => `还有 ${n} 人`,
  camera: { ok: '摄像头正常', dark: '摄像头画面全黑', frozen: '摄像头画面不动', silent: '摄像头收不到信号' },
  noCamera: '没有摄像头',
  watched: (n: number) => `${n} 人正在看画面`,
  alarmHere: '这里有报警',
}

const en: typeof zh = {
  plan: 'Rooms',
  present: (n: number) => (n === 1 ? '1 person' : `${n} people`),
  nobodyHere: 'No seniors',
  counted: (n: number) => `camera counts ${n}`,
  more: (n: number) => `and ${n} more`,
  camera: { ok: 'Camera works', dark: 'Camera picture is black', frozen: 'Camera picture stands still', silent: 'Camera is silent' },
  noCamera: 'No camera',
  watched: (n: number) => (n === 1 ? '1 person is watching' : `${n} people are watching`),
  alarmHere: 'Alarm here',
}

export const boardWords: InBoth<typeof zh> = { 'zh-CN': zh, en }

/** The same in the language of the page. */
export const boardSays = inLanguage(boardWords)
