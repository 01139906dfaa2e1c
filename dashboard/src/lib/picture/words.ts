/** What is said about a picture: why there is none, when there may be one again, what it is doing. */
import type { CameraState, PictureCode, WordsOf } from '../api/types'
import { language, type InBoth } from '../language.svelte'

type Why = (who: string) => string

const zh = {
  connecting: '正在接通画面…',
  live: '实时画面',
  paused: '画面暂停，正在恢复',
  tapToPlay: '点一下，播放画面',
  /** Frames come, and they show nothing: what the hub knows of the camera. */
  noPictureOf: {
    dark: '画面全黑，镜头可能被挡住了。',
    frozen: '画面不动了，不是现在的样子。',
  } satisfies Partial<Record<CameraState, string>> as Record<string, string>,
  andStaffKnow: (what: string) => `${what}工作人员已经知道了。`,
  ended: '画面已经结束',
  again: '再看一次',
  stillWatching: '还在看吗？',
  stillHere: '还在看',
  nextTime: (time: string) => `${time} 以后可以再看。`,
  /** `who` is what the reader calls the senior, or 长者 where she is not meant. */
  reasons: {
    'not-present': (who: string) => `${who}现在不在活动室，到了活动室就可以看。`,
    'moved': (who: string) => `${who}换了房间。`,
    'no-consent': (who: string) => `${who}还没有同意让您看画面。想看的话，请和中心的工作人员说一声。`,
    'veto': () => '现在看不到活动室画面，过一会儿可以再看。',
    'someone-objects': () => '现在看不到活动室画面，过一会儿可以再看。',
    'cannot-blur': () => '现在看不到活动室画面，过一会儿可以再看。',
    'room-not-allowed': (who: string) => `${who}在的房间不放摄像头，去了别的活动室就可以看。`,
    'no-camera': (who: string) => `${who}在的房间没有摄像头，去了别的活动室就可以看。`,
    'centre-closed': () => '中心现在没有开放，开门以后可以看。',
    'relation-blocked': () => '现在不能看画面。请打电话问一问中心。',
    'relation-unconfirmed': () => '中心还没有确认您和长者的关系。请打电话问一问中心。',
    'not-your-relative': () => '这不是您家人的画面，所以不能看。',
    'unsure': (who: string) => `我们不确定${who}现在在哪个房间。请打电话请工作人员看一看。`,
    'lamp-silent': () => '房间里的提示灯没有回应，所以暂时看不到画面。工作人员已经知道了。',
    'camera-unusable': () => '这个房间的摄像头现在没有画面，工作人员已经知道了。',
    'no-such-camera': () => '这个房间的摄像头已经拆走了。请回到上一页再看。',
    'picture-away': () => '画面服务正在启动，马上就好。',
    'too-many-viewings': () => '您已经打开了好几个画面。请先关掉别的。',
    'too-many-viewers': () => '现在看的人很多，正在等位置。',
    'bad-ticket': () => '这次的观看凭证已经过期，请再看一次。',
    'no-such-viewing': () => '这次观看已经结束，请再看一次。',
    'bad-offer': () => '这个浏览器放不出画面。请换手机自带的浏览器，或者 Chrome、Safari 打开。',
    'video-only': () => '这个浏览器放不出画面。请换手机自带的浏览器，或者 Chrome、Safari 打开。',
    'unreachable': () => '没有连上中心。请检查网络。',
    'no-alarm': () => '只有接了这个房间的报警，才可以看画面。',
    'reason-missing': () => '请先写明为什么要看。',
    'no-webrtc': () => '这个浏览器不能播放实时画面。请复制链接，用手机自带的浏览器打开。',
    'no-h264': () => '这个浏览器不会解 H.264 画面。请换手机自带的浏览器，或者 Chrome、Safari 打开。',
    'no-picture': () => '这个浏览器放不出画面。请换手机自带的浏览器，或者 Chrome、Safari 打开。',
    'not-watching': () => '一段时间没有人看，画面先停了。',
    'left': () => '您离开过这一页，画面先停了。',
    'signed-out': () => '登录已经结束。请重新打开邀请链接。',
    'already-opened': () => '这次观看已经打开了，请再看一次。',
    'bad-candidate': () => '这个浏览器放不出画面。请换手机自带的浏览器，或者 Chrome、Safari 打开。',
  } satisfies WordsOf<PictureCode, Why> as WordsOf<PictureCode, Why>,
  noReason: '现在看不到画面。请过一会儿再试，或打电话问一问中心。',
}

const en: typeof zh = {
  connecting: 'Connecting the picture…',
  live: 'Live picture',
  paused: 'Picture paused, coming back',
  tapToPlay: 'Tap to play the picture',
  noPictureOf: {
    dark: 'The picture is black; the camera may be covered.',
    frozen: 'The picture stands still: this is not how it is now.',
  },
  andStaffKnow: (what: string) => `${what} The staff know.`,
  ended: 'The picture has ended',
  again: 'Watch again',
  stillWatching: 'Still watching?',
  stillHere: 'Still watching',
  nextTime: (time: string) => `You can look again after ${time}.`,
  reasons: {
    'not-present': (who: string) => `${who} is not in an activity room now. You can look as soon as ${who} is in one.`,
    'moved': (who: string) => `${who} went to another room.`,
    'no-consent': (who: string) => `${who} has not yet agreed to being seen by you. Please ask the staff of the centre.`,
    'veto': () => 'The room cannot be shown now. You can look again in a while.',
    'someone-objects': () => 'The room cannot be shown now. You can look again in a while.',
    'cannot-blur': () => 'The room cannot be shown now. You can look again in a while.',
    'room-not-allowed': (who: string) => `${who} is in a room without cameras. You can look once ${who} is in another one.`,
    'no-camera': (who: string) => `${who} is in a room without a camera. You can look once ${who} is in another one.`,
    'centre-closed': () => 'The centre is closed. You can look when it is open again.',
    'relation-blocked': () => 'You cannot look now. Please call the centre.',
    'relation-unconfirmed': () => 'The centre has not confirmed your relation yet. Please call the centre.',
    'not-your-relative': () => 'This is not the picture of a relative of yours, so it cannot be shown.',
    'unsure': (who: string) => `We are not sure which room ${who} is in. Please call and ask the staff to look.`,
    'lamp-silent': () => "The room's lamp does not answer, so the picture waits. The staff know.",
    'camera-unusable': () => 'The camera of this room gives no picture at the moment. The staff know.',
    'no-such-camera': () => 'The camera of this room has been taken away. Please go back and look again.',
    'picture-away': () => 'Pictures are starting up, just a moment.',
    'too-many-viewings': () => 'You have several pictures open. Please close the others first.',
    'too-many-viewers': () => 'Many people are watching; waiting for a place.',
    'bad-ticket': () => 'This ticket has run out. Please watch again.',
    'no-such-viewing': () => 'This viewing is over. Please watch again.',
    'bad-offer': () => 'This browser cannot play the picture. Please open the page in Chrome, Safari or your phone’s own browser.',
    'video-only': () => 'This browser cannot play the picture. Please open the page in Chrome, Safari or your phone’s own browser.',
    'unreachable': () => 'The centre cannot be reached. Please check the network.',
    'no-alarm': () => 'The picture is only for whoever has taken an alarm of this room.',
    'reason-missing': () => 'Please write down why you want to look.',
    'no-webrtc': () => 'This browser cannot play live pictures. Copy the link into the browser that came with your phone.',
    'no-h264': () => 'This browser cannot decode H.264. Please open the page in Chrome, Safari or your phone’s own browser.',
    'no-picture': () => 'This browser cannot play the picture. Please open the page in Chrome, Safari or your phone’s own browser.',
    'not-watching': () => 'Nobody seemed to be watching, so the picture stopped.',
    'left': () => 'You left this page, so the picture stopped.',
    'signed-out': () => 'You are signed out. Please open the invitation link again.',
    'already-opened': () => 'This viewing has been opened already. Please watch again.',
    'bad-candidate': () => 'This browser cannot play the picture. Please open the page in Chrome, Safari or your phone’s own browser.',
  },
  noReason: 'The picture cannot be shown now. Please try later or call the centre.',
}

export const pictureWords: InBoth<typeof zh> = { 'zh-CN': zh, en }

export function pictureSays(): typeof zh {
  return pictureWords[language.current]
}

/** Why there is no picture, in kind words that never say who objected. */
export function whyNoPicture(code: string | null, who: string): string {
  const words = pictureSays()
  return (words.reasons[code ?? ''] ?? (() => words.noReason))(who)
}
