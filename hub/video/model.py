"""What do the hub and the media process say to each other? One JSON object a line over a local socket.

The hub asks and the media process answers with the same `n`. Moments are `time.monotonic()`, which all processes of one
machine share; that way a message that lay in a socket for a while gives no lease longer than its facts are young.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

LEASE_SECONDS = 0.8
RENEW_SECONDS = 0.25
LONGEST_LINE = 256 * 1024
LONGEST_SOCKET_PATH = 104  # bytes; sun_path of unix(4) on macOS, of unix(7) on Linux is three longer
LARGEST_SDP = 64 * 1024


class MediaMessage(BaseModel):
    """What all messages share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int


class Open(MediaMessage):
    """Start a viewing: answer this offer with the picture of this camera. It is also the viewing's first lease.

    `held_seconds` is how long the grant has held without a break at `as_of`: nothing captured before is sent.
    """

    op: Literal["open"] = "open"
    viewing_id: str
    camera_id: str
    source_url: str = Field(repr=False)
    as_of: float
    held_seconds: Annotated[float, Field(ge=0)]
    offer: Annotated[str, Field(max_length=LARGEST_SDP)]


class Candidates(MediaMessage):
    """More of the viewer's addresses: an SDP fragment as RFC 8840 has it."""

    op: Literal["candidates"] = "candidates"
    viewing_id: str
    fragment: Annotated[str, Field(max_length=LARGEST_SDP)]


class Renew(MediaMessage):
    """The grants of these viewings still held at `as_of`."""

    op: Literal["renew"] = "renew"
    viewing_ids: tuple[str, ...]
    as_of: float


class Close(MediaMessage):
    """End these viewings. Not one packet of theirs leaves after the answer."""

    op: Literal["close"] = "close"
    viewing_ids: tuple[str, ...]


class AskStats(MediaMessage):
    """What runs, and how much of it."""

    op: Literal["stats"] = "stats"


class SdpAnswer(MediaMessage):
    """The SDP answer of a viewing that started."""

    op: Literal["answer"] = "answer"
    sdp: str


class PlayCode(StrEnum):
    """Why the media process cannot show a picture, or take an offer; pages have the words."""

    ALREADY_OPENED = "already-opened"
    NO_SUCH_VIEWING = "no-such-viewing"
    TOO_MANY_VIEWERS = "too-many-viewers"
    CAMERA_UNUSABLE = "camera-unusable"
    TOO_LARGE = "too-large"
    BAD_OFFER = "bad-offer"
    BAD_CANDIDATE = "bad-candidate"
    VIDEO_ONLY = "video-only"
    NO_H264 = "no-h264"
    OUR_MISTAKE = "our-mistake"


class Ending(StrEnum):
    """Why a viewing ended, where the grant did not end it: then it is the code of the refusal."""

    CAMERA_UNUSABLE = PlayCode.CAMERA_UNUSABLE
    OUR_MISTAKE = PlayCode.OUR_MISTAKE
    PICTURE_AWAY = "picture-away"
    CLOSED = "closed"
    STOPPED = "stopped"
    NEVER_CONNECTED = "never-connected"
    NEVER_STARTED = "never-started"
    VIEWER_GONE = "viewer-gone"
    NO_LEASE = "no-lease"


class CameraFault(StrEnum):
    """What is wrong with a camera that cannot be shown; pages say what to set on it."""

    CODEC = "codec"
    B_FRAMES = "b-frames"
    NO_PICTURE = "no-picture"
    SENT_ON = "sent-on"
    BAD_ADDRESS = "bad-address"
    OUR_MISTAKE = "our-mistake"


class MediaFailed(MediaMessage):
    """It could not be done; `code` is for the page, `message` for the administrator."""

    op: Literal["failed"] = "failed"
    code: PlayCode
    message: str = ""


class MediaDone(MediaMessage):
    """It is done."""

    op: Literal["done"] = "done"


class CameraProblem(BaseModel):
    """Why a camera cannot be shown: a code, and `codec` for pages; the sentence for logs says what to set on it."""

    model_config = ConfigDict(frozen=True)

    code: CameraFault
    message: str
    codec: str = ""


class Renewed(MediaMessage):
    """Which of the viewings do not run, each with why, and which cameras cannot be shown, each with what to set."""

    op: Literal["renewed"] = "renewed"
    gone: dict[str, str]
    unusable: dict[str, CameraProblem] = {}


class ViewingStats(BaseModel):
    """What one viewer was sent."""

    model_config = ConfigDict(frozen=True)

    camera_id: str
    connected: bool
    leased: bool
    packets: int
    bytes: int
    refused: int
    last_sent_at: float | None


class CameraStats(BaseModel):
    """What one camera's reader does."""

    model_config = ConfigDict(frozen=True)

    state: Literal["opening", "playing", "silent", "unusable"]
    viewers: int
    connections: int


class Stats(MediaMessage):
    """All viewings and cameras that are open now."""

    op: Literal["stats"] = "stats"
    viewings: dict[str, ViewingStats]
    cameras: dict[str, CameraStats]


Request: TypeAlias = Annotated[Open | Candidates | Renew | Close | AskStats, Field(discriminator="op")]
Reply: TypeAlias = Annotated[SdpAnswer | MediaFailed | MediaDone | Renewed | Stats, Field(discriminator="op")]

REQUEST: TypeAdapter[Request] = TypeAdapter(Request)
REPLY: TypeAdapter[Reply] = TypeAdapter(Reply)


def encode_line(message: MediaMessage) -> bytes:
    """The message as it goes over the socket."""
    return message.model_dump_json().encode() + b"\n"
