/** Which address a frame of the stage shows: pages of ours at the host this stage was opened at. */

/** A page of the hub by its path, so that it keeps this host's session; another server's page as it is. */
export function framed(address: string, here: string = location.href): string {
  const [asked, own] = [new URL(address, here), new URL(here)]
  const isOurs = asked.port === own.port && asked.pathname === '/family'
  return isOurs ? `${asked.pathname}${asked.hash}` : asked.href
}
