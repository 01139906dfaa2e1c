"""Does a call go out although the device's storage is full?"""

from pathlib import Path

import pytest

from devices.contract.messages import (
    Ack,
    AckStatus,
    AlarmKind,
    AlarmMessage,
    VisitAction,
    VisitMessage,
    serialize_message,
)
from devices.contract.times import DeviceSystemClock
from devices.contract.topics import Kind
from devices.outbox import CannotKeep, Outbox, StoredMessage
from devices.sending import Sending

BOOT = "9f3c2a7be41d0c55"


class FullOutbox(Outbox):
    """Storage that takes nothing any more."""

    def store_message(self, kind: Kind, draft: object, made_at: float) -> StoredMessage:
        raise CannotKeep("database or disk is full")


@pytest.mark.parametrize(
    ("kind", "draft", "is_kept"),
    [
        (Kind.ALARM, AlarmMessage(id=BOOT, kind=AlarmKind.PRESS), True),
        (Kind.VISIT, VisitMessage(id=BOOT, token="AD708738AE", what=VisitAction.ARRIVE), False),
    ],
)
async def test_a_call_is_kept_whatever_the_hub_says_against_it_and_a_visit_is_not(
    tmp_path: Path, kind: Kind, draft: AlarmMessage | VisitMessage, is_kept: bool
) -> None:
    with Outbox(tmp_path / "b-01.outbox", BOOT) as outbox:
        sending = Sending(outbox, DeviceSystemClock())
        kept = await sending.store_message(kind, draft)

        sending.hear_ack(serialize_message(Ack(id=kept.id, status=AckStatus.REJECTED, reason="unknown-device")))
        await sending._forget_answered()

        assert sending.unsent == ((kept,) if is_kept else ())
        assert len(outbox.list_unanswered()) == is_kept


async def test_a_device_without_storage_sends_from_memory_and_forgets_what_was_answered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Outbox(None, BOOT) as outbox:
        sending = Sending(outbox, DeviceSystemClock())
        kept = await sending.store_message(Kind.ALARM, AlarmMessage(id=BOOT, kind=AlarmKind.PRESS))

        sending.hear_ack(serialize_message(Ack(id=kept.id, status=AckStatus.COMMITTED)))
        await sending._forget_answered()

    assert sending.unsent == ()
    assert "stays in the outbox" not in caplog.text


async def test_a_press_that_cannot_be_kept_is_sent_from_memory_without_a_sequence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with FullOutbox(tmp_path / "b-01.outbox", BOOT) as outbox:
        sending = Sending(outbox, DeviceSystemClock())

        first = await sending.store_message(Kind.ALARM, AlarmMessage(id=BOOT, kind=AlarmKind.PRESS))
        second = await sending.store_message(Kind.ALARM, AlarmMessage(id=BOOT, kind=AlarmKind.PRESS))

    assert (first.id, second.id) == (f"{BOOT}-m1", f"{BOOT}-m2")
    assert first.message.seq is None
    assert sending.unsent == (first, second)
    assert "took nothing" in caplog.text
