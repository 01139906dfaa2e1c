/** How a browser receives one live picture over WHEP (draft-ietf-wish-whep): offer, answer, trickle, end. */
import { Problem, problemOf, reach } from '../api/request'
import type { Ticket } from '../api/types'
import { fragment, h264Only, hasPicture, type Candidate } from './sdp'

/** Why this browser can show no live picture; null when it can. */
export function lacking(): 'no-webrtc' | 'no-h264' | null {
  if (typeof RTCPeerConnection === 'undefined' || typeof RTCRtpReceiver === 'undefined') return 'no-webrtc'
  const capabilities = RTCRtpReceiver.getCapabilities?.('video')
  // a browser that cannot be asked may still have it: the answer will tell
  return capabilities && h264Only(capabilities.codecs).length === 0 ? 'no-h264' : null
}

/** The hub's own servers and no others: an empty list asks nobody on the internet. */
function iceServers(viewing: Ticket): RTCIceServer[] {
  return (viewing.ice_servers ?? []).map(({ urls, username, credential }) => ({
    urls,
    ...(username && credential ? { username, credential } : {}),
  }))
}

/** One peer connection of one viewing; `end` is the only way out and may be called at any time. */
export class WhepSession {
  readonly stream = new MediaStream()
  readonly #connection: RTCPeerConnection
  readonly #waiting: Candidate[] = []
  #resource: string | null = null
  #etag: string | null = null
  #ended = false

  constructor(
    readonly viewing: Ticket,
    readonly onTrouble: () => void,
  ) {
    this.#connection = new RTCPeerConnection({ iceServers: iceServers(viewing), bundlePolicy: 'max-bundle' })
    this.#connection.addEventListener('track', (event) => this.stream.addTrack(event.track))
    this.#connection.addEventListener('icecandidate', (event) => this.#gathered(event.candidate))
    this.#connection.addEventListener('connectionstatechange', () => this.#changed())
  }

  /** Post the offer at once, without waiting for candidates. Raises Problem when the hub refuses. */
  async open(): Promise<void> {
    const transceiver = this.#connection.addTransceiver('video', { direction: 'recvonly' })
    const codecs = h264Only(RTCRtpReceiver.getCapabilities?.('video')?.codecs ?? [])
    if (codecs.length > 0) transceiver.setCodecPreferences?.(codecs)
    await this.#connection.setLocalDescription()
    const response = await reach(this.viewing.whep, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp', Authorization: `Bearer ${this.viewing.ticket}`, 'X-Anling': '1' },
      body: this.#connection.localDescription?.sdp ?? '',
    })
    if (!response.ok) throw await problemOf(response)
    await this.#answered(response)
  }

  async #answered(response: Response): Promise<void> {
    this.#resource = new URL(response.headers.get('Location') ?? this.viewing.whep, response.url).pathname
    this.#etag = response.headers.get('ETag')
    const answer = await response.text()
    if (this.#ended) return this.#hangUp()
    if (!hasPicture(answer)) throw new Problem('no-h264', 406)
    await this.#connection.setRemoteDescription({ type: 'answer', sdp: answer })
    await this.#trickle()
  }

  /** How many frames were decoded so far, and how large they are. */
  async frames(): Promise<{ decoded: number; width: number; height: number }> {
    const report = await this.#connection.getStats()
    for (const stats of report.values()) {
      if (stats.type === 'inbound-rtp' && stats.kind === 'video') {
        const { framesDecoded = 0, frameWidth = 0, frameHeight = 0 } = stats
        return { decoded: framesDecoded, width: frameWidth, height: frameHeight }
      }
    }
    return { decoded: 0, width: 0, height: 0 }
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#connection.close()
    for (const track of this.stream.getTracks()) track.stop()
    this.#hangUp()
  }

  /** The page may be closing: `keepalive` lets the request outlive it; the lease ends the viewing if it does not. */
  #hangUp(): void {
    if (this.#resource === null) return
    const path = this.#resource
    this.#resource = null
    fetch(path, { method: 'DELETE', headers: { 'X-Anling': '1' }, keepalive: true }).catch(() => undefined)
  }

  #gathered(candidate: RTCIceCandidate | null): void {
    if (candidate === null) return
    this.#waiting.push({ candidate: candidate.candidate, sdpMid: candidate.sdpMid })
    void this.#trickle()
  }

  /** Candidates help only hubs behind address translation; one that cannot be told finds us by our own checks. */
  async #trickle(): Promise<void> {
    if (this.#resource === null || this.#ended) return
    const body = fragment(this.#connection.localDescription?.sdp ?? '', this.#waiting.splice(0))
    if (body === null) return
    const headers: Record<string, string> = {
      'Content-Type': 'application/trickle-ice-sdpfrag',
      'X-Anling': '1',
    }
    if (this.#etag) headers['If-Match'] = this.#etag
    await reach(this.#resource, { method: 'PATCH', headers, body }).catch(() => undefined)
  }

  #changed(): void {
    const state = this.#connection.connectionState
    if (!this.#ended && (state === 'failed' || state === 'closed')) this.onTrouble()
  }
}
