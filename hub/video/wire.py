"""How do the hub and its media process speak to each other? One JSON object a line over a local socket.

The hub asks, and the media process answers with the same `n`. Nobody but the two ends of the socket knows this file.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from hub.video.engine import Candidates, Close, Open, Renew, Renewed, SdpAnswer, Stats
from hub.video.model import CameraProblem, PlayCode

LONGEST_LINE = 256 * 1024


class AskStats(BaseModel):
    """What runs, and how much of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    op: Literal["stats"] = "stats"


class MediaDone(BaseModel):
    """It is done."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    op: Literal["done"] = "done"


class MediaFailed(BaseModel):
    """It could not be done; `code` is for the page, `message` for whoever can repair it, `problem` the camera's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    op: Literal["failed"] = "failed"
    code: PlayCode
    message: str = ""
    problem: CameraProblem | None = None


_Asks: TypeAlias = Annotated[Open | Candidates | Renew | Close | AskStats, Field(discriminator="op")]
_Says: TypeAlias = Annotated[SdpAnswer | MediaFailed | MediaDone | Renewed | Stats, Field(discriminator="op")]


class MediaRequest(BaseModel):
    """One question of the hub."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int
    asks: _Asks


class MediaReply(BaseModel):
    """The answer to question `n`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int
    says: _Says


def encode_line(message: MediaRequest | MediaReply) -> bytes:
    """The message as it goes over the socket."""
    return message.model_dump_json().encode() + b"\n"
