"""What is wrong with a camera that cannot be read, and what is to be set? For each surprise a reason in words."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import Final

import av

from devices.rtsp.address import NotAnAddress
from devices.rtsp.conversation import CameraRefused
from devices.rtsp.filter import NotRtsp, SentOn
from hub.video.model import CameraFault, CameraProblem

# RFC 2326 clause 11 and RFC 7826 clause 17.4.
_FORBIDDEN, _NOT_FOUND, _FULL, _TRANSPORT, _UNAVAILABLE = 403, 404, (453, 503), 461, 500
_SETTINGS: Final = frozenset({
    *(CameraFault.CODEC, CameraFault.B_FRAMES, CameraFault.NO_PICTURE, CameraFault.SENT_ON, CameraFault.BAD_ADDRESS),
    *(CameraFault.WRONG_ACCOUNT, CameraFault.NO_ACCOUNT, CameraFault.UNKNOWN_SIGN_IN, CameraFault.FORBIDDEN),
    *(CameraFault.NOT_FOUND, CameraFault.TRANSPORT),
})  # fmt: skip
"""What no waiting mends: it is said at once."""

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 4.0
FIRST_SIGN_IN_PAUSE, LONGEST_SIGN_IN_PAUSE = 30.0, 600.0
"""Cameras lock an account for half an hour after five to seven wrong passwords."""

B_FRAMES: Final = CameraProblem(
    code=CameraFault.B_FRAMES, message="the camera sends B-frames: set its profile to Baseline, or B-frames to 0"
)
NO_PICTURE: Final = CameraProblem(
    code=CameraFault.NO_PICTURE, message="the camera offers no picture: check the path in its RTSP address"
)
ENDED: Final = CameraProblem(
    code=CameraFault.ENDS, message="the camera ends the connection by itself: restart it, or look how many read it"
)
NO_KEY_PICTURES: Final = CameraProblem(
    code=CameraFault.NO_KEY_PICTURES,
    message="the camera sends no key pictures: switch intra refresh off, and set the key frame interval to 2 s",
)


class UnusableStream(Exception):
    """A camera whose stream no browser could show as it is; its message says what to set on it."""

    def __init__(self, problem: CameraProblem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def key_pictures_every(seconds: int) -> CameraProblem:
    """Key pictures are at least so far apart: whoever begins to watch may wait that long."""
    return CameraProblem(
        code=CameraFault.KEY_INTERVAL,
        message=f"key pictures come every {seconds} s or less often: set the key frame interval to 2 s",
        seconds=seconds,
    )


def classify_failure(error: UnusableStream | OSError | av.FFmpegError) -> CameraProblem:
    """Why a camera could not be read. Nothing that the camera or its address says is repeated, but for a codec."""
    match error:
        case UnusableStream():
            return error.problem
        case CameraRefused():
            return _classify_refusal(error)
        case SentOn() | NotAnAddress() | NotRtsp():
            return CameraProblem(code=_SAID[type(error)], message=str(error))
        case _:
            code, message = next((said for kind, said in _UNREADABLE.items() if isinstance(error, kind)), _NO_ROUTE)
            return CameraProblem(code=code, message=message)


_SAID: Final = {
    SentOn: CameraFault.SENT_ON,
    NotAnAddress: CameraFault.BAD_ADDRESS,
    NotRtsp: CameraFault.NOT_RTSP,
}
_NO_ANSWER: Final = (
    CameraFault.NO_ANSWER,
    "the camera does not answer, or too slowly: look at its power and its network",
)
_NO_ROUTE: Final = (
    CameraFault.UNREACHABLE,
    "the camera cannot be reached: look at its power, its network and its address",
)
# The most special first: most of these are OSErrors as well.
_UNREADABLE: Final[dict[type[Exception], tuple[CameraFault, str]]] = {
    socket.gaierror: (
        CameraFault.UNKNOWN_HOST,
        "no machine has the name in the camera's address: write its IP address",
    ),
    ssl.SSLError: (CameraFault.NO_TLS, "the camera speaks no TLS at this port: write rtsp:// instead of rtsps://"),
    TimeoutError: _NO_ANSWER,
    av.error.ExitError: _NO_ANSWER,
    ConnectionRefusedError: (CameraFault.CLOSED_PORT, "nothing listens at the port in the camera's address: check it"),
    av.EOFError: (ENDED.code, ENDED.message),
    ConnectionError: (ENDED.code, ENDED.message),
    av.FFmpegError: (CameraFault.UNREADABLE, "what the camera sends cannot be read: restart it, and set it to H.264"),
}


def _classify_refusal(refused: CameraRefused) -> CameraProblem:
    status = refused.status
    if refused.lacks_account:
        code, said = (
            CameraFault.NO_ACCOUNT,
            "asks for an account (401) and its address has none: write rtsp://user:password@…",
        )
    elif refused.asks_for:
        code, said = CameraFault.UNKNOWN_SIGN_IN, f"asks for {refused.asks_for} (401): set its authentication to Digest"
    elif status == 401:
        code, said = (
            CameraFault.WRONG_ACCOUNT,
            "refuses the account in its address (401): write its user and password of now",
        )
    elif status == _FORBIDDEN:
        code, said = (
            CameraFault.FORBIDDEN,
            "forbids us to watch (403): give the account the right to, or wait if it was locked",
        )
    elif status == _NOT_FOUND:
        code, said = CameraFault.NOT_FOUND, "knows no such path (404): check the path in its address"
    elif status in _FULL:
        code, said = (
            CameraFault.TOO_MANY_READERS,
            f"has no place for one more reader ({status}): end another one, or read its sub-stream",
        )
    elif status == _TRANSPORT:
        code, said = CameraFault.TRANSPORT, "sends neither over TCP nor over UDP (461): switch unicast RTP on"
    elif status >= _UNAVAILABLE:
        code, said = CameraFault.CAMERA_ERROR, f"has a fault of its own ({status}): restart it"
    else:
        code, said = CameraFault.REFUSED, f"refuses to be read ({status}): check its address, and restart it"
    return CameraProblem(code=code, message=f"the camera {said}", status=status)


@dataclass(slots=True)
class Outage:
    """For how long a camera has failed without a picture between: when people are told, and when it is tried again.

    `patience`: seconds after which what may mend itself is said; moments are monotonic seconds.
    """

    patience: float
    _since: float | None = None
    _pause: float = FIRST_PAUSE
    _sign_in_pause: float = FIRST_SIGN_IN_PAUSE

    def end_outage(self) -> None:
        """A picture came."""
        self._since, self._pause, self._sign_in_pause = None, FIRST_PAUSE, FIRST_SIGN_IN_PAUSE

    def note_failure(self, problem: CameraProblem, began: float, now: float) -> tuple[float, bool]:
        """It failed again, in a try that `began` then: seconds until the next, and whether people are to be told."""
        self._since = began if self._since is None else self._since
        is_said = problem.code in _SETTINGS or now - self._since >= self.patience
        if problem.code is CameraFault.WRONG_ACCOUNT:
            pause, self._sign_in_pause = self._sign_in_pause, min(2 * self._sign_in_pause, LONGEST_SIGN_IN_PAUSE)
        elif problem.code in _SETTINGS:
            pause = LONGEST_PAUSE
        else:
            pause, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE)
        return pause, is_said
