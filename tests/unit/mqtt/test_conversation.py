"""What does a packet mean at this point of a connection?"""

from __future__ import annotations

import pytest

from hub.mqtt.codec import (
    Connack,
    ConnackCode,
    Connect,
    Disconnect,
    ForeignConnect,
    Packet,
    Pingreq,
    Puback,
    Publish,
    Pubrel,
    Subscribe,
    Will,
)
from hub.mqtt.conversation import (
    Admit,
    Answered,
    Conversation,
    Leave,
    Pong,
    Refuse,
    RefuseVersion,
    TakePublish,
    Violation,
)
from hub.mqtt.topics import Lane

STATUS = Will("anling/v1/jq/status/b-01", b'{"v":1,"state":"offline"}', qos=1, retain=True)


def connect(keep_alive_seconds: int = 60, will: Will | None = None, client_id: str = "b-01") -> Connect:
    return Connect(client_id, True, keep_alive_seconds, will, "b-01", "secret")


def opened(keep_alive_seconds: int = 60, will: Will | None = None) -> Conversation:
    conversation = Conversation(opened_at=0.0)
    packet = connect(keep_alive_seconds, will)
    assert conversation.receive(packet, 0.0) == Admit(packet)
    conversation.admitted(packet, 0.0)
    return conversation


@pytest.mark.parametrize("packet", [Pingreq(), Publish("a", b""), Disconnect(), Connack(False, ConnackCode.ACCEPTED)])
def test_a_client_that_does_not_connect_first_is_disconnected(packet: Packet) -> None:
    assert isinstance(Conversation(0.0).receive(packet, 0.0), Violation)


def test_a_client_that_is_silent_for_five_seconds_is_disconnected() -> None:
    conversation = Conversation(opened_at=10.0)

    assert not conversation.is_overdue(14.9, 5)
    assert conversation.is_overdue(15.0, 5)


def test_silence_of_one_and_a_half_keep_alives_ends_the_connection() -> None:
    conversation = opened(keep_alive_seconds=60)
    conversation.receive(Pingreq(), 50.0)

    assert not conversation.is_overdue(139.9, 5)
    assert conversation.is_overdue(140.0, 5)


def test_a_keep_alive_of_zero_never_ends_the_connection() -> None:
    assert not opened(keep_alive_seconds=0).is_overdue(1e9, 5)


def test_a_press_that_nobody_made_is_refused_as_a_last_will() -> None:
    press = Will("anling/v1/jq/alarm/b-01", b"{}", qos=1, retain=False)

    step = Conversation(0.0).receive(connect(will=press), 0.0)

    assert step == Refuse(ConnackCode.NOT_AUTHORISED, "a Last Will on the alarm lane")


def test_a_lasting_session_needs_a_client_id() -> None:
    step = Conversation(0.0).receive(Connect("", False, 60, None, "b-01", "secret"), 0.0)

    assert isinstance(step, Refuse)
    assert step.code is ConnackCode.WRONG_CLIENT_ID


def test_another_version_is_refused_by_its_level() -> None:
    assert Conversation(0.0).receive(ForeignConnect(5), 0.0) == RefuseVersion(5)


def test_a_press_is_heard_on_the_alarm_lane_and_a_reading_on_the_other() -> None:
    press = Publish("anling/v1/jq/alarm/b-01", b"{}", qos=1, packet_id=1)
    reading = Publish("anling/v1/jq/tele/b-01", b"{}")

    assert opened().receive(press, 1.0) == TakePublish(press, Lane.ALARM)
    assert opened().receive(reading, 1.0) == TakePublish(reading, Lane.TELEMETRY)


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (Pingreq(), Pong()),
        (Puback(7), Answered(7)),
        (Subscribe(1, (("a", 1),)), Subscribe(1, (("a", 1),))),
        (Disconnect(), Leave()),
    ],
)
def test_an_open_connection_takes_what_a_client_may_send(packet: Packet, expected: object) -> None:
    assert opened().receive(packet, 1.0) == expected


@pytest.mark.parametrize(
    "packet", [Publish("a", b"", qos=2, packet_id=1), Pubrel(1), connect(), Connack(False, ConnackCode.ACCEPTED)]
)
def test_an_open_connection_takes_nothing_else(packet: Packet) -> None:
    assert isinstance(opened().receive(packet, 1.0), Violation)


def test_the_will_is_published_once_when_the_connection_breaks() -> None:
    conversation = opened(will=STATUS)

    assert conversation.end() == STATUS
    assert conversation.end() is None


def test_the_will_is_void_after_a_disconnect() -> None:
    conversation = opened(will=STATUS)
    conversation.receive(Disconnect(), 1.0)

    assert conversation.end() is None
