"""What does a camera's description (SDP, RFC 8866) offer, and what does FFmpeg read of it? One video, no sound."""

from __future__ import annotations

import re
from typing import Final

_NAMED: Final = re.compile(rb"a=rtpmap:[0-9]{1,3} *([A-Za-z0-9][A-Za-z0-9.+_-]{0,31})/", re.IGNORECASE)
_VIDEO: Final = re.compile(rb"m=video[ \t]", re.IGNORECASE)
# RFC 3551 table 5, and 14496-10's name as some cameras write it.
_STATIC: Final = {b"26": "JPEG", b"28": "nv", b"31": "H261", b"32": "MPV", b"33": "MP2T", b"34": "H263"}
_H264: Final = ("h264", "avc", "x-h264")


def video_codecs(description: bytes) -> tuple[str, ...]:
    """The names of the codecs of its video tracks, in order, also of those that FFmpeg does not know; no nonsense."""
    return tuple(name for track in _split_tracks(description)[1] if _is_video(track) for name in _codecs_of(track))


def choose_track(description: bytes) -> bytes:
    """The description with its first video track of H.264 alone; where there is none, with all its video tracks.

    Sound and what else there is are left out: what FFmpeg does not read of it, it cannot take for the picture.
    """
    session, tracks = _split_tracks(description)
    videos = [track for track in tracks if _is_video(track)]
    chosen = next(([track] for track in videos if _is_h264(track)), videos)
    return b"".join(line + b"\r\n" for part in (session, *chosen) for line in part)


def _split_tracks(description: bytes) -> tuple[list[bytes], list[list[bytes]]]:
    """The lines of the session, and those of each medium."""
    session: list[bytes] = []
    tracks: list[list[bytes]] = []
    for line in description.splitlines():
        if line[:2].lower() == b"m=":
            tracks.append([line])
        elif line.strip():
            (tracks[-1] if tracks else session).append(line)
    return session, tracks


def _is_video(track: list[bytes]) -> bool:
    return _VIDEO.match(track[0]) is not None


def _is_h264(track: list[bytes]) -> bool:
    return any(name.lower() in _H264 for name in _codecs_of(track))


def _codecs_of(track: list[bytes]) -> list[str]:
    named = [found[1].decode("ascii") for line in track if (found := _NAMED.match(line))]
    if named:
        return named
    words = track[0].split()
    return [_STATIC[word] for word in words[3:4] if word in _STATIC]
