"""What does a viewer see? Real decoded frames, and the room and moment of capture that are burnt into them."""

from dataclasses import dataclass

from playwright.sync_api import Locator
from pydantic import TypeAdapter

from simulators.rtsp.pattern import READ_STAMP_JS

_LOOK = f"""
async (video, {{ wanted, patience_ms }}) => {{
  {READ_STAMP_JS}
  const canvas = document.createElement('canvas');
  const brush = canvas.getContext('2d', {{ willReadFrequently: true }});
  let decoded = 0, stamp = null;
  while (decoded < wanted || stamp === null) {{
    const late = new Promise((_, no) => setTimeout(() => no(new Error(`no frame; ${{decoded}} before`)), patience_ms));
    await Promise.race([new Promise((next) => video.requestVideoFrameCallback(next)), late]);
    decoded += 1;
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    brush.drawImage(video, 0, 0);
    stamp = readStamp(brush.getImageData(0, 0, canvas.width, canvas.height)) ?? stamp;
    if (decoded > wanted + 50 && stamp === null) throw new Error('frames without a stamp: is the picture black?');
  }}
  return {{ decoded, room_id: stamp.roomId, at_ms: stamp.atMs, width: canvas.width, height: canvas.height }};
}}
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """Frames that were decoded and drawn; `at_ms` is when the last was captured, in milliseconds since 1970."""

    decoded: int
    room_id: str
    at_ms: int
    width: int
    height: int


def watch(video: Locator, frames: int = 5) -> Seen:
    """Wait for so many new decoded frames and read the last one's stamp from a canvas; fails after 10 s without one."""
    return TypeAdapter(Seen).validate_python(video.evaluate(_LOOK, {"wanted": frames, "patience_ms": 10_000}))
