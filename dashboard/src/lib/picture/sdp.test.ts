import { expect, test } from 'vitest'
import { fragment, h264Only, hasPicture } from './sdp'

const OFFER = [
  'v=0',
  'm=video 9 UDP/TLS/RTP/SAVPF 102 103',
  'a=ice-ufrag:Zc4T',
  'a=ice-pwd:0123456789abcdef01234567',
  'a=mid:0',
  '',
].join('\r\n')

const HOST = { candidate: 'candidate:1 1 udp 2122260223 192.0.2.1 51234 typ host', sdpMid: '0' }

test('only H.264 and its retransmissions are offered', () => {
  const codecs = ['video/VP8', 'video/rtx', 'video/H264', 'video/AV1'].map((mimeType) => ({ mimeType }))

  expect(h264Only(codecs).map((codec) => codec.mimeType)).toEqual(['video/H264', 'video/rtx'])
})

test('a browser without H.264 is left with nothing to offer', () => {
  expect(h264Only([{ mimeType: 'video/VP8' }, { mimeType: 'video/rtx' }])).toEqual([])
})

test('a trickled candidate carries the credentials and the media line it belongs to', () => {
  expect(fragment(OFFER, [HOST])).toBe(
    [
      'a=ice-ufrag:Zc4T',
      'a=ice-pwd:0123456789abcdef01234567',
      'm=video 9 UDP/TLS/RTP/SAVPF 102 103',
      'a=mid:0',
      'a=candidate:1 1 udp 2122260223 192.0.2.1 51234 typ host',
      '',
    ].join('\r\n'),
  )
})

test('the end of gathering alone is not worth a request', () => {
  expect(fragment(OFFER, [{ candidate: '', sdpMid: '0' }])).toBeNull()
})

test('an answer that refuses the video line has no picture', () => {
  expect(hasPicture('v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 102\r\na=sendonly\r\n')).toBe(true)
  expect(hasPicture('v=0\r\nm=video 0 UDP/TLS/RTP/SAVPF 102\r\na=inactive\r\n')).toBe(false)
})
