/** Could somebody on this network read along? */

const THIS_MACHINE = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Plain HTTP matters once it leaves the machine. */
export function isReadable(plain_http: boolean, host: string = location.hostname): boolean {
  return plain_http && !THIS_MACHINE.has(host)
}
