"""How does a picture become H.264 (or, to be refused, H.265)? Once per camera, on one thread."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import av
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from simulators.rtsp.picture import Planes

CLOCK_RATE = 90_000
START = b"\x00\x00\x00\x01"


@dataclass(frozen=True, slots=True)
class Knobs:
    """How one stream of a camera is set up, as its own settings page would say it."""

    width: int = 640
    height: int = 360
    frames_per_second: int = 12
    gop: int = 12
    profile: Literal["baseline", "main", "high"] = "baseline"
    b_frames: int = 0
    intra_refresh: bool = False
    """Pictures are made anew column by column: after the first there is no key picture any more."""
    parameter_sets_in_band: bool = True
    codec: Literal["h264", "h265"] = "h264"
    quality: int = 27

    def __post_init__(self) -> None:
        if self.b_frames and self.profile == "baseline":
            raise ValueError("B-frames need the main or high profile")

    @property
    def ticks(self) -> int:
        """How long one picture lasts on the 90 kHz clock."""
        return CLOCK_RATE // self.frames_per_second


SUB = Knobs(width=160, height=90, frames_per_second=1, gop=1, quality=30)


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One coded picture: NAL units without start codes, its moment on the 90 kHz clock, and whether it stands alone."""

    units: tuple[bytes, ...]
    shown_at: int
    is_key: bool


class Encoder:
    """One run of one stream. Each `encode` is a few milliseconds of work: call it on a thread."""

    def __init__(self, knobs: Knobs) -> None:
        self.knobs = knobs
        self._codec = _open_encoder(knobs)
        self._frames = 0
        self.parameter_sets = tuple(_split_units(bytes(self._codec.extradata or b"")))

    def encode(self, planes: Planes, ticks: int) -> tuple[AccessUnit, ...]:
        """The coded pictures that are ready after this one; `ticks` is its moment on the 90 kHz clock."""
        frame = av.VideoFrame.from_ndarray(planes.array, format="yuv420p")
        frame.pts, frame.time_base = ticks, Fraction(1, CLOCK_RATE)
        self._frames += 1
        return tuple(self._unit(packet) for packet in self._codec.encode(frame))

    def _unit(self, packet: av.Packet[VideoStream]) -> AccessUnit:
        units = tuple(unit for unit in _split_units(bytes(packet)) if not self._is_chatter(unit))
        if packet.is_keyframe and self.knobs.parameter_sets_in_band:
            units = self.parameter_sets + units
        return AccessUnit(units, packet.pts or 0, bool(packet.is_keyframe))

    def _is_chatter(self, unit: bytes) -> bool:
        """x264 says in an SEI how it was built; nobody needs 600 bytes of that in every key picture."""
        if self.knobs.codec == "h265":
            return (unit[0] >> 1) & 0x3F == 39
        return unit[0] & 0x1F == 6


SOUND = "m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=control:track2\r\n"
"""What a camera with a microphone says besides in its SDP."""


def session_description(knobs: Knobs, parameter_sets: tuple[bytes, ...]) -> str:
    """The SDP (RFC 8866, RFC 6184 clause 8) of one stream: one video track, no sound."""
    lines = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=simulated camera", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*"]
    lines += ["m=video 0 RTP/AVP 96", f"a=framerate:{knobs.frames_per_second}", "a=control:track1"]
    sets = [base64.b64encode(unit).decode() for unit in parameter_sets]
    if knobs.codec == "h265":
        names = ("sprop-vps", "sprop-sps", "sprop-pps")
        sprop = "; ".join(f"{name}={value}" for name, value in zip(names, sets, strict=False))
        lines += ["a=rtpmap:96 H265/90000", f"a=fmtp:96 {sprop}"]
    else:
        profile = parameter_sets[0][1:4].hex()
        fmtp = f"packetization-mode=1; profile-level-id={profile}; sprop-parameter-sets={','.join(sets)}"
        lines += ["a=rtpmap:96 H264/90000", f"a=fmtp:96 {fmtp}"]
    return "\r\n".join(lines) + "\r\n"


def _open_encoder(knobs: Knobs) -> VideoCodecContext:
    codec = av.CodecContext.create("libx265" if knobs.codec == "h265" else "libx264", "w")
    assert isinstance(codec, VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt = knobs.width, knobs.height, "yuv420p"
    codec.framerate = Fraction(knobs.frames_per_second, 1)
    codec.time_base = Fraction(1, CLOCK_RATE)
    codec.gop_size, codec.max_b_frames, codec.thread_count = knobs.gop, knobs.b_frames, 1
    codec.flags |= Flags.global_header
    options = {"preset": "superfast", "crf": str(knobs.quality)}
    if not knobs.b_frames:
        options["tune"] = "zerolatency"
    if knobs.codec == "h265":
        options["x265-params"] = "log-level=none:pools=none:frame-threads=1:repeat-headers=0"
    else:
        # One thread: several delay as many pictures (measured), and here each would delay what is seen.
        refresh = f":intra-refresh={int(knobs.intra_refresh)}"
        options["x264-params"] = f"threads=1:scenecut=0:keyint={knobs.gop}:min-keyint={knobs.gop}{refresh}"
        codec.profile = knobs.profile.capitalize()
    codec.options = options
    codec.open()
    return codec


def _split_units(stream: bytes) -> Iterator[bytes]:
    """The NAL units of an Annex B byte stream."""
    for piece in stream.split(b"\x00\x00\x01")[1:]:
        unit = piece.rstrip(b"\x00") if piece.endswith(b"\x00") else piece
        if unit:
            yield unit
