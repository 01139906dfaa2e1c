/** What is read out of and written into SDP by a WHEP viewer (RFC 8829, RFC 8840). */

interface Codec {
  mimeType: string
}

/** The browser's codecs with H.264 and what retransmits it; empty when it has no H.264. */
export function h264Only<C extends Codec>(codecs: readonly C[]): C[] {
  const h264 = codecs.filter((codec) => codec.mimeType.toLowerCase() === 'video/h264')
  if (h264.length === 0) return []
  return [...h264, ...codecs.filter((codec) => codec.mimeType.toLowerCase() === 'video/rtx')]
}

/** The lines of `sdp` that start with `prefix`, without it. */
function values(sdp: string, prefix: string): string[] {
  return sdp
    .split(/\r?\n/)
    .filter((line) => line.startsWith(prefix))
    .map((line) => line.slice(prefix.length))
}

export interface Candidate {
  candidate: string
  sdpMid: string | null
}

/**
 * The body of a trickle PATCH (application/trickle-ice-sdpfrag, RFC 8840 section 9) for candidates of `offer`.
 *
 * Gives null when there is nothing to say: no credentials yet, or only the empty candidate that ends gathering.
 */
export function fragment(offer: string, candidates: readonly Candidate[]): string | null {
  const [ufrag] = values(offer, 'a=ice-ufrag:')
  const [pwd] = values(offer, 'a=ice-pwd:')
  const [media] = values(offer, 'm=')
  const real = candidates.filter((one) => one.candidate !== '')
  if (!ufrag || !pwd || !media || real.length === 0) return null
  const mid = real[0]?.sdpMid ?? '0'
  return [
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${pwd}`,
    `m=${media}`,
    `a=mid:${mid}`,
    ...real.map((one) => `a=${one.candidate}`),
    '',
  ].join('\r\n')
}

/** Whether an answer really sends us a picture: an accepted video line that is not inactive. */
export function hasPicture(answer: string): boolean {
  const [media] = values(answer, 'm=video ')
  return media !== undefined && !media.startsWith('0 ') && !/^a=(inactive|recvonly)/m.test(answer)
}
