/** The words of the devices. */
import type { DeviceKind, DeviceState } from '../../lib/api/types'
import { inLanguage, type InBoth } from '../../lib/language.svelte'

const zh = {
  title: '设备',
  find: '找设备',
  findHint: '名字、编号或种类',
  onlyTrouble: '只看要处理的',
  count: (trouble: number, all: number) => `${trouble} 个要处理，共 ${all} 个`,
  found: (n: number) => `找到 ${n} 个`,
  empty: '还没有设备。请管理员登记。',
  state: {
    online: '在线',
    offline: '离线',
    unknown: '还没有连接过',
  } satisfies Record<DeviceState, string> as Record<DeviceState, string>,
  off: '已停用',
  heard: (time: string) => `上次 ${time}`,
  never: '还没有收到过信号',
  battery: (percent: number) => `电量 ${percent}%`,
  batteryLow: (percent: number) => `电量低（${percent}%），请换电池或充电`,
  kinds: {
    button: '呼叫按钮',
    pull_cord: '拉绳',
    camera: '摄像头',
    sensor: '传感器',
    card_reader: '读卡器',
    siren: '警铃',
    lamp: '警灯',
    tablet: '平板',
    gateway: '网关',
    observer: '观察账号',
  } satisfies Record<DeviceKind, string> as Record<DeviceKind, string>,
}

const en: typeof zh = {
  title: 'Devices',
  find: 'Find a device',
  findHint: 'Name, id or kind',
  onlyTrouble: 'Only those that need somebody',
  count: (trouble: number, all: number) => `${trouble} of ${all} need somebody`,
  found: (n: number) => `${n} found`,
  empty: 'No devices yet. An administrator registers them.',
  state: { online: 'online', offline: 'offline', unknown: 'never connected' },
  off: 'switched off',
  heard: (time: string) => `heard ${time}`,
  never: 'never heard',
  battery: (percent: number) => `battery ${percent}%`,
  batteryLow: (percent: number) => `battery low (${percent}%): change or charge it`,
  kinds: {
    button: 'Call button',
    pull_cord: 'Pull cord',
    camera: 'Camera',
    sensor: 'Sensor',
    card_reader: 'Card reader',
    siren: 'Siren',
    lamp: 'Lamp',
    tablet: 'Tablet',
    gateway: 'Gateway',
    observer: 'Observer account',
  },
}

export const deviceWords: InBoth<typeof zh> = { 'zh-CN': zh, en }

/** The same in the language of the page. */
export const deviceSays = inLanguage(deviceWords)
