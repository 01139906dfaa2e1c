"""What live video is made of: how much may be seen, for how long, and the codes of what can go wrong with it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

LEASE_SECONDS = 0.8
RENEW_SECONDS = 0.25
LONGEST_SOCKET_PATH = 104  # bytes; sun_path of unix(4) on macOS, of unix(7) on Linux is three longer
LARGEST_SDP = 64 * 1024


class Picture(StrEnum):
    """How much of a room may be seen. Whoever may see it clear may see it blurred; never the other way round."""

    CLEAR = "clear"
    BLURRED = "blurred"


class PlayCode(StrEnum):
    """Why an engine cannot show a picture, or take an offer; pages have the words."""

    ALREADY_OPENED = "already-opened"
    NO_SUCH_VIEWING = "no-such-viewing"
    TOO_MANY_VIEWERS = "too-many-viewers"
    CAMERA_UNUSABLE = "camera-unusable"
    TOO_LARGE = "too-large"
    BAD_OFFER = "bad-offer"
    BAD_CANDIDATE = "bad-candidate"
    VIDEO_ONLY = "video-only"
    NO_H264 = "no-h264"
    CANNOT_BLUR = "cannot-blur"
    OUR_MISTAKE = "our-mistake"


class Ending(StrEnum):
    """Why a viewing ended, where the grant did not end it: then it is the code of the refusal."""

    CAMERA_UNUSABLE = PlayCode.CAMERA_UNUSABLE
    OUR_MISTAKE = PlayCode.OUR_MISTAKE
    CANNOT_BLUR = PlayCode.CANNOT_BLUR
    PICTURE_AWAY = "picture-away"
    CLOSED = "closed"
    STOPPED = "stopped"
    NEVER_CONNECTED = "never-connected"
    NEVER_STARTED = "never-started"
    VIEWER_GONE = "viewer-gone"
    NO_LEASE = "no-lease"


class CameraFault(StrEnum):
    """What is wrong with a camera that cannot be shown, or not at once; pages say what to set on it."""

    CODEC = "codec"
    B_FRAMES = "b-frames"
    NO_PICTURE = "no-picture"
    NO_KEY_PICTURES = "no-key-pictures"
    KEY_INTERVAL = "key-interval"
    UNREADABLE = "unreadable"
    SENT_ON = "sent-on"
    BAD_ADDRESS = "bad-address"
    UNKNOWN_HOST = "unknown-host"
    UNREACHABLE = "unreachable"
    CLOSED_PORT = "closed-port"
    NO_ANSWER = "no-answer"
    NO_TLS = "no-tls"
    NOT_RTSP = "not-rtsp"
    ENDS = "connection-ends"
    NO_ACCOUNT = "no-account"
    WRONG_ACCOUNT = "wrong-account"
    UNKNOWN_SIGN_IN = "unknown-sign-in"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "path-not-found"
    TOO_MANY_READERS = "too-many-readers"
    TRANSPORT = "no-transport"
    REFUSED = "refused"
    CAMERA_ERROR = "camera-error"
    OUR_MISTAKE = "our-mistake"


class CameraProblem(BaseModel):
    """Why a camera cannot be shown, or not at once: a code, and what pages say with it (`codec`, the `status` it
    answered, `seconds` between key pictures); the sentence for logs says what to set on it.
    """

    model_config = ConfigDict(frozen=True)

    code: CameraFault
    message: str
    codec: str = ""
    status: int = 0
    seconds: int = 0
