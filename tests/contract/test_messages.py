"""Do messages of devices that are already in the field still parse?

A file here is what some device once sent, named `{kind}.{what}.json`. Files are added and never changed.
"""

from pathlib import Path

import pytest

from devices.contract.messages import MODEL_OF, parse_message, serialize_message
from devices.contract.topics import Kind

KEPT = sorted(Path(__file__).with_name("messages").glob("*.json"))


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_an_old_message_still_parses_and_can_be_sent_again(file: Path) -> None:
    kind = Kind(file.name.split(".")[0])

    message = parse_message(kind, file.read_bytes())

    assert parse_message(kind, serialize_message(message)) == message


def test_every_kind_of_message_is_kept_here() -> None:
    assert {Kind(file.name.split(".")[0]) for file in KEPT} == set(MODEL_OF)
