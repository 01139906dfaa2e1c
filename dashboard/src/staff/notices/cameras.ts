/** Why a camera's picture cannot be shown, and what to set on it: `why` and its figures of the notice `camera-unusable`. */
import type { CameraFault, NoticeCard, WordsOf } from '../../lib/api/types'

type Params = NoticeCard['params']
type Sentences = WordsOf<CameraFault, (params: Params) => string>

/** What ends no picture: it is shown, and not well. */
const SHOWN: ReadonlySet<string> = new Set(['key-interval'])

const zh: Sentences = {
  codec: ({ codec }) => `它发的是 ${codec}，请管理员把摄像头的视频编码改成 H.264。`,
  'b-frames': () => '请管理员在摄像头里把 B 帧关掉，或者把编码档次（Profile）改成 Baseline。',
  'no-picture': () => '这个地址上没有画面，请管理员检查摄像头的 RTSP 地址。',
  'no-key-pictures': () => '它一直不发完整的画面，请管理员在摄像头里关掉“帧内刷新”，把关键帧间隔（I 帧间隔）设成 2 秒。',
  'key-interval': ({ seconds }) => `它每隔 ${seconds} 秒或更久才发一次完整的画面，刚点开的人要等这么久。请管理员把关键帧间隔（I 帧间隔）设成 2 秒，并关掉“智能编码”。`,
  unreadable: () => '它发来的画面读不懂，请先断电重启摄像头；还不行，请管理员把视频编码改成 H.264。',
  'sent-on': () => '摄像头要我们去找另一个地址，请管理员直接填出画面的那个地址。',
  'bad-address': () => '它的 RTSP 地址不对，请管理员改正。',
  'unknown-host': () => '它的地址里写的名字找不到，请管理员改成摄像头的 IP 地址。',
  unreachable: () => '连不上它。请看看摄像头有没有电、网线插好没有；都好的话，请管理员检查地址。',
  'closed-port': () => '那台设备没有开放画面端口，请管理员检查地址里的端口，并在摄像头里打开 RTSP。',
  'no-answer': () => '它没有回应，或者太慢。请看看摄像头有没有电、网线插好没有，也可以断电重启。',
  'no-tls': () => '它不支持加密连接，请管理员把地址开头的 rtsps:// 改成 rtsp://。',
  'not-rtsp': () => '这个地址上的设备不会用 RTSP 说话，请管理员检查地址和端口。',
  'connection-ends': () => '它自己断开了连接。请断电重启；还不行，请管理员看看是不是同时看它的太多。',
  'no-account': () => '它要用户名和密码（401），地址里没有写。请管理员写成 rtsp://用户名:密码@…',
  'wrong-account': () => '它不认地址里的用户名和密码（401），可能是密码改过了。请管理员写上现在的用户名和密码。',
  'unknown-sign-in': () => '它的登录方式我们不会（401），请管理员在摄像头里把 RTSP 认证改成 Digest。',
  forbidden: () => '它不让我们看（403）。请管理员给这个用户开通看画面的权限；要是密码输错太多次被锁了，过半小时再看。',
  'path-not-found': () => '它说没有这个画面（404），请管理员检查 RTSP 地址里的路径。',
  'too-many-readers': ({ status }) => `同时看它的太多，没有位置了（${status}）。请管理员关掉别的录像或客户端，或者改用子码流。`,
  'no-transport': () => '它不肯用 TCP 也不肯用 UDP 发画面（461），请管理员在摄像头里打开单播 RTP。',
  refused: ({ status }) => `它不让读画面（${status}），请管理员检查地址，再断电重启摄像头。`,
  'camera-error': ({ status }) => `摄像头自己出了错（${status}），请断电重启；还不行，请联系厂家。`,
  'our-mistake': () => '这是安铃自己的毛病，不是摄像头没设好。请管理员把日志交给技术支持。',
}

const en: Sentences = {
  codec: ({ codec }) => `It sends ${codec}: the administrator should set its video codec to H.264.`,
  'b-frames': () => 'The administrator should switch B-frames off on it, or set its profile to Baseline.',
  'no-picture': () => 'There is no picture at its address: the administrator should check its RTSP address.',
  'no-key-pictures': () =>
    'It never sends a whole picture: the administrator should switch intra refresh off and set the key frame interval to 2 s.',
  'key-interval': ({ seconds }) =>
    `Key pictures come every ${seconds} s or less often, and whoever begins to watch may wait that long: the administrator should set the key frame interval to 2 s, and switch “smart codec” off.`,
  unreadable: () =>
    'What it sends cannot be read: restart it; if that does not help, the administrator should set its codec to H.264.',
  'sent-on': () => 'It sends us on to another address: the administrator should enter the one that has the picture.',
  'bad-address': () => 'Its RTSP address is wrong: the administrator should correct it.',
  'unknown-host': () => 'No machine has the name in its address: the administrator should enter its IP address.',
  unreachable: () =>
    'It cannot be reached: see that it has power and its cable is in; then the administrator should check its address.',
  'closed-port': () =>
    'Nothing listens at its port: the administrator should check the port in its address, and switch RTSP on.',
  'no-answer': () => 'It does not answer, or too slowly: see that it has power and its cable is in, or restart it.',
  'no-tls': () => 'It speaks no TLS: the administrator should write rtsp:// instead of rtsps:// in its address.',
  'not-rtsp': () => 'What answers at its address speaks no RTSP: the administrator should check address and port.',
  'connection-ends': () =>
    'It ends the connection by itself: restart it; if that does not help, the administrator should see how many read it.',
  'no-account': () =>
    'It asks for an account (401) and its address has none: the administrator should write rtsp://user:password@…',
  'wrong-account': () =>
    'It refuses the account in its address (401), whose password may have been changed: the administrator should enter the one of now.',
  'unknown-sign-in': () =>
    'It asks for a way to sign in that we do not know (401): the administrator should set its RTSP authentication to Digest.',
  forbidden: () =>
    'It forbids us to watch (403): the administrator should give the account that right; if it was locked after wrong passwords, wait half an hour.',
  'path-not-found': () =>
    'It knows no such picture (404): the administrator should check the path in its RTSP address.',
  'too-many-readers': ({ status }) =>
    `It has no place for one more reader (${status}): the administrator should end another one, or enter its sub-stream.`,
  'no-transport': () =>
    'It sends neither over TCP nor over UDP (461): the administrator should switch unicast RTP on.',
  refused: ({ status }) =>
    `It refuses to be read (${status}): the administrator should check its address, then restart it.`,
  'camera-error': ({ status }) =>
    `It has a fault of its own (${status}): restart it; if that does not help, ask its maker.`,
  'our-mistake': () =>
    'This is a defect of Anling, not a setting of the camera: the administrator should send the log to support.',
}

export function unusableInChinese(camera: string, params: Params): string {
  const why = zh[String(params.why)] ?? (() => '请管理员检查摄像头设置（H.264，不要 B 帧）。')
  return `${camera}的画面${SHOWN.has(String(params.why)) ? '出得慢' : '放不出来'}。${why(params)}`
}

export function unusableInEnglish(camera: string, params: Params): string {
  const why = en[String(params.why)] ?? (() => 'It has to send H.264 without B-frames.')
  const what = SHOWN.has(String(params.why)) ? 'comes late' : 'cannot be shown'
  return `The picture of ${camera} ${what}. ${why(params)}`
}
