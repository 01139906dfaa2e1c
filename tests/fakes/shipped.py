"""The example of a centre's file as a real centre writes it: without the part of the demo, and with whole addresses."""

from pathlib import Path
from typing import Final

from hub.importing.file import parse_centre_file
from hub.importing.parts import CentreFile

FILE: Final = Path(__file__).parents[2] / "simulators" / "centre.yaml"
ADDRESSES: Final = {"rtsp": "rtsp://127.0.0.1:8554", "phones": "http://127.0.0.1:8090"}


def shipped_text(phones: str = ADDRESSES["phones"]) -> str:
    """Its text."""
    own, _, _ = FILE.read_text("utf-8").partition("\n# What only the demo wants")
    return own.replace("{rtsp}", ADDRESSES["rtsp"]).replace("{phones}", phones)


def shipped_centre(phones: str = ADDRESSES["phones"]) -> CentreFile:
    """Its content."""
    return parse_centre_file(shipped_text(phones))
