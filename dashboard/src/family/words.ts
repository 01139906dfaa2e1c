/** The words of the family's page: 您, kind, and never 监控. */
import type { Outcome } from '../lib/api/types'
import { language, type InBoth } from '../lib/language.svelte'

const zh = {
  title: '安铃 · 家人',
  welcome: (who: string) => `看看${who}`,
  invitedBy: (who: string) => `${who}邀请您`,
  lastFour: '请填您手机号的后四位',
  lastFourWhy: '就是登记在中心的那个号码。不用密码，这部手机会记住您。',
  demoHint: (digits: string) => `演示：填 ${digits}`,
  comeIn: '进入',
  fourDigits: '请填四个数字。',
  needInvitation: '请打开中心发给您的邀请链接，或扫中心给您的二维码。',
  needInvitationWhy: '没有收到？请向中心的工作人员要一个。',
  isIn: (who: string, room: string) => `${who}在${room}`,
  since: (time: string) => `${time} 起`,
  perhaps: (who: string, room: string) => `不确定${who}在哪个房间，最后一次是在${room}`,
  isAtCentre: (who: string) => `${who}在中心`,
  notHere: (who: string) => `${who}现在不在中心`,
  mayNotKnow: (who: string) => `${who}还没有同意让您知道行踪`,
  look: (who: string) => `看看${who}`,
  stop: '不看了',
  whileLooking: (who: string) => `${who}在这里的时候画面才开着；每次观看都会记下来，${who}也能看到。`,
  today: '今天',
  todayEmpty: '今天还没有来中心。',
  did: {
    arrived: () => '到了中心',
    entered: (room: string) => room,
    left: () => '离开了中心',
  } as Record<string, (room: string) => string>,
  didOther: (room: string) => room || '在中心',
  watched: '谁看过',
  watchedEmpty: '还没有人看过画面。',
  watchedFor: (minutes: number) => `${minutes} 分钟`,
  watchingNow: '正在看',
  why: (who: string, reason: string) => `${who}（${reason}）`,
  back: '回去',
  because: {
    consent: '家人',
    'stated-reason': '工作人员查看，理由已记录',
    'accepted-alarm': '处理呼叫',
  } as Record<string, string>,
  called: (who: string) => `${who}按了呼叫`,
  alarm: {
    open: () => '中心已经收到，正在找人过去',
    accepted: (owner: string) => `${owner}正在赶来`,
    on_scene: (owner: string) => `${owner}已经到了`,
  },
  /** How it ended, in the outcome's own words: a family is never told by a page how she fell. */
  over: {
    assisted: '已处理好（已协助）',
    reassurance: '已处理好（已安抚）',
    company: '已处理好（已陪伴）',
    accidental: '已处理好（误按）',
    device_fault: '已处理好（设备故障）',
    fall: '工作人员已处理，请打中心电话了解情况',
    ambulance: '工作人员已处理，请打中心电话了解情况',
  } as Record<Outcome, string>,
  aColleague: '工作人员',
}

const en: typeof zh = {
  title: 'Anling · family',
  welcome: (who: string) => `See how ${who} is`,
  invitedBy: (who: string) => `${who} invites you`,
  lastFour: 'The last four digits of your phone number',
  lastFourWhy: 'The number the centre has written down. No password: this phone will be remembered.',
  demoHint: (digits: string) => `Demo: type ${digits}`,
  comeIn: 'Come in',
  fourDigits: 'Please type four digits.',
  needInvitation: 'Please open the invitation link from the centre, or scan the code it gave you.',
  needInvitationWhy: 'No link yet? The staff of the centre will gladly make one.',
  isIn: (who: string, room: string) => `${who} is in the ${room}`,
  since: (time: string) => `since ${time}`,
  perhaps: (who: string, room: string) => `Not sure which room ${who} is in; last seen in the ${room}`,
  isAtCentre: (who: string) => `${who} is at the centre`,
  notHere: (who: string) => `${who} is not at the centre now`,
  mayNotKnow: (who: string) => `${who} has not yet agreed to tell you where she or he is`,
  look: (who: string) => `See ${who} now`,
  stop: 'Stop watching',
  whileLooking: (who: string) => `The picture is open only while ${who} is here; each viewing is written down for ${who} to read.`,
  today: 'Today',
  todayEmpty: 'Not at the centre yet today.',
  did: {
    arrived: () => 'arrived at the centre',
    entered: (room: string) => room,
    left: () => 'left the centre',
  },
  didOther: (room: string) => room || 'at the centre',
  watched: 'Who watched',
  watchedEmpty: 'Nobody has watched yet.',
  watchedFor: (minutes: number) => `${minutes} min`,
  watchingNow: 'watching now',
  why: (who: string, reason: string) => `${who} (${reason})`,
  back: 'Back',
  because: {
    consent: 'family',
    'stated-reason': 'staff, reason on record',
    'accepted-alarm': 'answering a call',
  },
  called: (who: string) => `${who} pressed the button`,
  alarm: {
    open: () => 'The centre has heard it and is finding somebody',
    accepted: (owner: string) => `${owner} is on the way`,
    on_scene: (owner: string) => `${owner} is there`,
  },
  over: {
    assisted: 'Taken care of (helped)',
    reassurance: 'Taken care of (reassured)',
    company: 'Taken care of (kept company)',
    accidental: 'Taken care of (pressed by accident)',
    device_fault: 'Taken care of (a device fault)',
    fall: 'The staff have dealt with it. Please call the centre to hear more',
    ambulance: 'The staff have dealt with it. Please call the centre to hear more',
  },
  aColleague: 'Staff',
}

export const familyWords: InBoth<typeof zh> = { 'zh-CN': zh, en }

export function says(): typeof zh {
  return familyWords[language.current]
}
