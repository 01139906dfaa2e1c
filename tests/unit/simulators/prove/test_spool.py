"""Which presses does the prover read from a spool's bytes? Whole records with a right CRC, up to the first gap."""

import base64
import json
import zlib
from pathlib import Path

from simulators.prove.spool import find_spool, is_spooled, list_spooled


def record(device_id: str, message_id: str, *, padding: str = "") -> bytes:
    payload = base64.b64encode(json.dumps({"v": 1, "id": message_id, "kind": "press"}).encode()).decode()
    body = json.dumps({"v": 1, "seq": 1, "device": device_id, "payload": payload, "padding": padding}).encode()
    written = b"ANSP" + len(body).to_bytes(4, "big") + zlib.crc32(body).to_bytes(4, "big") + body
    return written + bytes(-len(written) % 512)


def test_each_whole_record_counts_also_one_that_is_longer_than_a_block() -> None:
    content = record("b-001", "0f-1", padding="x" * 700) + record("b-002", "0f-2") + bytes(4096)

    assert list_spooled(content) == {("b-001", "0f-1"), ("b-002", "0f-2")}


def test_a_record_with_a_wrong_crc_or_a_torn_end_does_not_count_and_what_follows_a_gap_neither() -> None:
    wrong = bytearray(record("b-001", "0f-1"))
    wrong[20] ^= 1
    torn = record("b-003", "0f-3")[:40]

    assert list_spooled(bytes(wrong) + record("b-002", "0f-2") + torn) == {("b-002", "0f-2")}
    assert list_spooled(bytes(512) + record("b-001", "0f-1")) == set()


def test_no_file_holds_nothing_and_another_disk_is_where_the_setting_says(tmp_path: Path) -> None:
    beside, elsewhere = find_spool(tmp_path, {}), find_spool(tmp_path, {"ANLING_SPOOL_DIR": str(tmp_path / "disk")})
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(record("b-001", "0f-1"))

    assert beside == tmp_path / "spool" / "alarm-lane.spool"
    assert not is_spooled(beside, "b-001", "0f-1")
    assert is_spooled(elsewhere, "b-001", "0f-1")
    assert not is_spooled(elsewhere, "b-001", "0f-2")
