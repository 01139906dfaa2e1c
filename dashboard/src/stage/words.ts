/** The words of the stage: what a stranger can try, and what to watch. */
import { language, type InBoth } from '../lib/language.svelte'
import type { Light, StepName } from '../lib/api/types'

const zh = {
  title: '安铃 · 演示',
  intro: '一家真正在运行的日间照料中心，长者、设备和手机是模拟的。不用动手，三分钟里也会有一次呼叫、一间房过热、一个摄像头黑屏。',
  tour: '六步看完',
  restart: '从头再来',
  steps: {
    data: ['数据到了', '传感器和摄像头的读数进了时序库。先在看板上点“李敏”，再点“开始值班”。'],
    press: ['有人按了呼叫', '先在看板上点“李敏”，再点“开始值班”。然后点下面任意一位长者。'],
    told: ['社工的手机响了', '看中间的手机：谁、在哪、多急。'],
    taken: ['有人接了', '在手机或看板上点“我来处理”。按钮的灯会说谁正在赶来。'],
    picture: ['看到妈妈了', '女儿的手机上号码已填好，点“进入”，再点“看看妈妈”。'],
    chart: ['房间的一天', '在看板上点一个房间，看温度、人数和活动。'],
  } as Record<StepName, [string, string]>,
  done: '完成',
  walked: '六步都看完了。随便再按、再看，或从头再来。',
  press: '按呼叫按钮',
  pressHint: '每一下都会传到那个模拟按钮自己的进程，由它去按。',
  daughter: '女儿手机上的妈妈',
  atHome: '在家',
  everybody: (n: number) => `其余 ${n} 位长者`,
  light: {
    dark: () => '',
    blinking: () => '正在发送…',
    steady: () => '听到了，有人来',
    coming: (who: string) => `${who}正在赶来`,
    on_scene: () => '有人到了',
  } as Record<Light, (who: string) => string>,
  somebody: '工作人员',
  switches: '出点状况',
  hot: '让房间变热',
  hotWhich: '哪个房间',
  dark: '遮住摄像头',
  darkWhich: '哪个摄像头',
  cut: '剪断设备的网线',
  state: (label: string) => `${label}：`,
  on: '开',
  off: '关',
  away: '模拟的中心没有回应，正在等它回来。请看运行演示的窗口。',
  screens: { board: '值班看板', phones: '社工机构的手机', daughter: '女儿的手机' },
  openAlone: '单独打开',
}

const en: typeof zh = {
  title: 'Anling · demo',
  intro:
    'A day-care centre that really runs; its seniors, devices and phones are simulated. Untouched, three minutes bring a call, a hot room and a black camera.',
  tour: 'Six steps',
  restart: 'Begin anew',
  steps: {
    data: ['Data arrives', 'Readings of sensors and cameras are in the time-series store. First tap “Li Min” on the board, then “Start duty”.'],
    press: ['Somebody presses', 'First tap “Li Min” on the board, then “Start duty”. Then tap any senior below.'],
    told: ['A duty phone rings', 'Look at the phones in the middle: who, where, how urgent.'],
    taken: ['Somebody takes it', 'Tap “I’ll take it” on the phone or the board. The button’s light says who is coming.'],
    picture: ['Mum is on the picture', 'On the daughter’s phone the digits are filled in: tap “Come in”, then “See Mum now”.'],
    chart: ['A room’s day', 'Tap a room on the board: temperature, people, movement.'],
  },
  done: 'done at',
  walked: 'All six steps are done. Press and look as you like, or begin anew.',
  press: 'Press a call button',
  pressHint: 'Each tap reaches the process of that simulated button, and the button presses.',
  daughter: 'the daughter’s mum',
  atHome: 'at home',
  everybody: (n: number) => `The other ${n} seniors`,
  light: {
    dark: () => '',
    blinking: () => 'sending…',
    steady: () => 'heard, somebody is coming',
    coming: (who: string) => `${who} is on the way`,
    on_scene: () => 'somebody is there',
  },
  somebody: 'Somebody',
  switches: 'Cause some trouble',
  hot: 'Hot room',
  hotWhich: 'Which room',
  dark: 'Dark lens',
  darkWhich: 'Which camera',
  cut: 'Devices’ line cut',
  state: (label: string) => `${label}: `,
  on: 'on',
  off: 'off',
  away: 'The simulated centre does not answer; waiting for it. See the window of the demo.',
  screens: { board: 'Duty board', phones: 'The organisation’s phones', daughter: 'The daughter’s phone' },
  openAlone: 'open alone',
}

export const stageWords: InBoth<typeof zh> = { 'zh-CN': zh, en }

export function says(): typeof zh {
  return stageWords[language.current]
}

export const SCREENS = ['board', 'phones', 'daughter'] as const
export type ScreenName = (typeof SCREENS)[number]

export const STEPS: readonly StepName[] = ['data', 'press', 'told', 'taken', 'picture', 'chart']
