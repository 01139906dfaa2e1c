/** Why a camera's picture cannot be shown, and what to set on it: `why` and `codec` of the notice `camera-unusable`. */
import type { CameraFault, NoticeCard, WordsOf } from '../../lib/api/types'

type Params = NoticeCard['params']
type Sentences = WordsOf<CameraFault, (codec: string) => string>

const zh: Sentences = {
  codec: (codec) => `它发的是 ${codec}，请管理员把摄像头的视频编码改成 H.264。`,
  'b-frames': () => '请管理员在摄像头里把 B 帧关掉，或者把编码档次（Profile）改成 Baseline。',
  'no-picture': () => '这个地址上没有画面，请管理员检查摄像头的 RTSP 地址。',
  'sent-on': () => '摄像头要我们去找另一个地址，请管理员直接填出画面的那个地址。',
  'bad-address': () => '它的 RTSP 地址不对，请管理员改正。',
  'our-mistake': () => '这是安铃自己的毛病，不是摄像头没设好。请管理员把日志交给技术支持。',
}

const en: Sentences = {
  codec: (codec) => `It sends ${codec}: the administrator should set its video codec to H.264.`,
  'b-frames': () => 'The administrator should switch B-frames off on it, or set its profile to Baseline.',
  'no-picture': () => 'There is no picture at its address: the administrator should check its RTSP address.',
  'sent-on': () => 'It sends us on to another address: the administrator should enter the one that has the picture.',
  'bad-address': () => 'Its RTSP address is wrong: the administrator should correct it.',
  'our-mistake': () =>
    'This is a defect of Anling, not a setting of the camera: the administrator should send the log to support.',
}

export function unusableInChinese(camera: string, params: Params): string {
  const why = zh[String(params.why)] ?? (() => '请管理员检查摄像头设置（H.264，不要 B 帧）。')
  return `${camera}的画面放不出来。${why(String(params.codec))}`
}

export function unusableInEnglish(camera: string, params: Params): string {
  const why = en[String(params.why)] ?? (() => 'It has to send H.264 without B-frames.')
  return `The picture of ${camera} cannot be shown. ${why(String(params.codec))}`
}
