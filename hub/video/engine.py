"""What does the hub ask of whatever carries the pictures? Five verbs, the same for each engine.

The hub decides who sees what; an engine reads cameras, sends their pictures to viewers, and keeps to what it was told.
Moments are `time.monotonic()` of this machine, so that a request that lay somewhere for a while gives no lease longer
than its facts are young.
"""

from __future__ import annotations

from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from hub.video.model import LARGEST_SDP, CameraProblem, Picture, PlayCode


class EngineUnreachable(Exception):
    """The engine does not answer: it is down or starting. The leases that it was given run out by themselves."""


class EngineRefused(Exception):
    """The engine cannot do it; `code` is for the page, the message for whoever can repair it.

    `problem` is the camera's, where the camera is why.
    """

    def __init__(self, code: PlayCode, message: str = "", problem: CameraProblem | None = None) -> None:
        super().__init__(message or code)
        self.code = code
        self.problem = problem


class _EngineMessage(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Open(_EngineMessage):
    """Start a viewing: answer this offer with the picture of this camera. It is also the viewing's first lease.

    `held_seconds` is how long the grant has held without a break at `as_of`: nothing captured before is sent. `address`
    is where the camera's pictures are; it may hold a password, and is logged nowhere.
    """

    op: Literal["open"] = "open"
    viewing_id: str
    camera_id: str
    address: str = Field(repr=False)
    picture: Picture
    as_of: float
    held_seconds: Annotated[float, Field(ge=0)]
    offer: Annotated[str, Field(max_length=LARGEST_SDP)]


class Candidates(_EngineMessage):
    """More of the viewer's addresses: an SDP fragment as RFC 8840 has it."""

    op: Literal["candidates"] = "candidates"
    viewing_id: str
    fragment: Annotated[str, Field(max_length=LARGEST_SDP)]


class Renew(_EngineMessage):
    """The grants of these viewings still held at `as_of`, each for this picture."""

    op: Literal["renew"] = "renew"
    pictures: dict[str, Picture]
    as_of: float


class Close(_EngineMessage):
    """End these viewings."""

    op: Literal["close"] = "close"
    viewing_ids: tuple[str, ...]


class SdpAnswer(_EngineMessage):
    """The SDP answer of a viewing that started."""

    op: Literal["answer"] = "answer"
    sdp: str


class Renewed(_EngineMessage):
    """Which of the viewings do not run, each with why, and which cameras cannot be shown, each with what to set.

    A camera with a problem that ends no viewing is in `unusable` as well. `well` are
    those whose pictures come as they should: what was wrong with them is over.
    """

    op: Literal["renewed"] = "renewed"
    gone: dict[str, str] = {}
    unusable: dict[str, CameraProblem] = {}
    well: tuple[str, ...] = ()


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


class Stats(_EngineMessage):
    """All viewings and cameras that are open now."""

    op: Literal["stats"] = "stats"
    viewings: dict[str, ViewingStats] = {}
    cameras: dict[str, CameraStats] = {}


class Engine(Protocol):
    """What carries the pictures. Every verb raises EngineUnreachable within seconds rather than wait for ever.

    What each engine has to keep:
    nothing is sent to a viewing but while its lease holds, for 0.8 s after the `as_of` of its opening or last renewal;
    nothing that was captured before its grant began to hold, or while there was no lease;
    nothing clear while the picture that it was granted last is a blurred one. An engine that has no blurred picture of
    a camera refuses or ends the viewing with `cannot-blur`.
    """

    async def open(self, request: Open) -> SdpAnswer:
        """Start a viewing; each is opened once. Raises EngineRefused when the offer or the camera is of no use."""
        ...

    async def add_candidates(self, request: Candidates) -> None:
        """Try these addresses of the viewer as well. Raises EngineRefused for nonsense, or when there is no viewing."""
        ...

    async def renew(self, request: Renew) -> Renewed:
        """Renew leases, and change how much of the room each viewing may see: in force before the answer."""
        ...

    async def close(self, request: Close) -> None:
        """End viewings, also such as have not opened yet: not one packet of theirs leaves after this returns."""
        ...

    async def stats(self) -> Stats:
        """What runs now, and how much of it."""
        ...
