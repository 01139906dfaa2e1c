"""Which presses does the hub's spool hold? Read from its file alone, by the format in docs/spool.md.

Records begin at multiples of 512 bytes: the magic `ANSP`, the body's length and its CRC-32 (both big endian, 4 bytes),
then the body, a JSON object with the device and the MQTT payload in base64. The first multiple of 512 without the
magic ends them. A record whose CRC is wrong does not count.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

MAGIC: Final = b"ANSP"
ALIGNMENT: Final = 512
_HEADER: Final = 12


def find_spool(data_dir: Path, settings: Mapping[str, str]) -> Path:
    """Where the spool of the alarm lane is: `ANLING_SPOOL_DIR`, or beside the database's folder."""
    return Path(settings.get("ANLING_SPOOL_DIR", str(data_dir / "spool"))) / "alarm-lane.spool"


def is_spooled(file: Path, device_id: str, message_id: str) -> bool:
    """Whether a record that counts holds the press of this device and id; no file holds none."""
    try:
        content = file.read_bytes()
    except OSError:
        return False
    return (device_id, message_id) in list_spooled(content)


def list_spooled(content: bytes) -> set[tuple[str, str]]:
    """The device and the id of each press in the bytes of a spool; an id that cannot be read is empty."""
    return {(str(body.get("device", "")), _message_id(body)) for body in _read_records(content)}


def _read_records(content: bytes) -> Iterator[dict[str, object]]:
    at = 0
    while content[at : at + 4] == MAGIC:
        length = int.from_bytes(content[at + 4 : at + 8], "big")
        body = content[at + _HEADER : at + _HEADER + length]
        if len(body) == length and zlib.crc32(body) == int.from_bytes(content[at + 8 : at + 12], "big"):
            read = _read_object(body)
            if read is not None:
                yield read
        at += -(-(_HEADER + length) // ALIGNMENT) * ALIGNMENT


def _read_object(body: bytes) -> dict[str, object] | None:
    try:
        read = json.loads(body)
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def _message_id(body: Mapping[str, object]) -> str:
    try:
        payload = json.loads(base64.b64decode(str(body.get("payload", ""))))
        return str(payload["id"])
    except (ValueError, KeyError, TypeError, binascii.Error):
        return ""
