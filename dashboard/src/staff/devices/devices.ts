/** Which device needs somebody first: pure. */
import type { DeviceRow } from '../../lib/api/types'

const LOW_PERCENT = 20

/** Whether its battery will not last much longer. */
export function isBatteryLow(device: DeviceRow): boolean {
  return device.battery_percent !== null && device.battery_percent <= LOW_PERCENT
}

/** Whether somebody has to go to it: it is in use and offline, or its battery will not last. */
export function needsSomebody(device: DeviceRow): boolean {
  return device.enabled && (device.state === 'offline' || isBatteryLow(device))
}

/** What is offline, then low batteries, then what never connected, what works, and last what is switched off. */
export function byNeed(devices: readonly DeviceRow[]): DeviceRow[] {
  const rank = (device: DeviceRow): number => {
    if (!device.enabled) return 4
    if (device.state === 'offline') return 0
    if (isBatteryLow(device)) return 1
    return device.state === 'unknown' ? 2 : 3
  }
  return [...devices].sort((a, b) => rank(a) - rank(b))
}
