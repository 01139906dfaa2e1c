"""What the broker refuses is named with its device, so that somebody can set it right."""

from __future__ import annotations

import struct

import pytest

from hub.mqtt.codec import Packet, Pingresp, Publish, Will
from hub.mqtt.model import DeviceRefusal
from tests.integration.mqtt.fakes import CENTRE, PRESS, Bench, hello, press, raw_client, until

ALARM = f"{CENTRE}/alarm/b-01"


class Noted:
    """What the broker said of devices that it refused."""

    def __init__(self, bench: Bench) -> None:
        self.got: list[tuple[str, DeviceRefusal]] = []
        bench.broker.note_refusal = lambda device_id, refusal, reason: self.got.append((device_id, refusal))

    async def first(self) -> tuple[str, DeviceRefusal]:
        await until(lambda: bool(self.got))
        return self.got[0]


def field(text: str | bytes) -> bytes:
    content = text.encode() if isinstance(text, str) else text
    return struct.pack("!H", len(content)) + content


def connect_of(level: int, *, password: str = "b-01-secret", will: bool = False, properties: bytes = b"\0") -> bytes:
    """CONNECT of MQTT 5 or 3.1, as its clients write it."""
    name = "MQIsdp" if level == 3 else "MQTT"
    of_5 = properties if level == 5 else b""
    last = (b"\0" if level == 5 else b"") + field(f"{CENTRE}/status/b-01") + field("gone") if will else b""
    flags = 0xC2 | (0x04 if will else 0)
    body = (
        field(name) + bytes([level, flags]) + b"\0\x3c" + of_5 + field("b-01") + last + field("b-01") + field(password)
    )
    return bytes([0x10, len(body)]) + body


@pytest.mark.parametrize(
    ("refused", "refusal"),
    [
        ([Publish(ALARM, PRESS, qos=2, packet_id=1)], DeviceRefusal.QOS_2),
        ([press(1, "b-02")], DeviceRefusal.WRONG_TOPIC),
        ([Publish("anling/v1/elsewhere/alarm/b-01", PRESS, qos=1, packet_id=1)], DeviceRefusal.WRONG_TOPIC),
        ([Publish(f"{ALARM}/press", PRESS, qos=1, packet_id=1)], DeviceRefusal.WRONG_TOPIC),
        ([Publish("alarm/b-01", PRESS)], DeviceRefusal.WRONG_TOPIC),
        ([press(1, payload=b" " * 16384)], DeviceRefusal.TOO_LARGE),
        ([hello("b-01")], DeviceRefusal.OUT_OF_TURN),
        ([Pingresp()], DeviceRefusal.OUT_OF_TURN),
    ],
)  # fmt: skip
async def test_a_press_that_the_protocol_refuses_is_named(
    refused: list[Packet], refusal: DeviceRefusal, bench: Bench
) -> None:
    noted = Noted(bench)
    async with bench.raw() as client:
        await client.send(*refused)

        assert await client.next() is None
    assert noted.got == [("b-01", refusal)]


@pytest.mark.parametrize("content", [b"\x36\x02\0\0", b"\x3a\x05\0\x01+\0\x01", b"\x32\x05\0\x01a\0\0", b"\xf0\0"])
async def test_bytes_that_are_no_packet_are_named(content: bytes, bench: Bench) -> None:
    noted = Noted(bench)
    async with bench.raw() as client:
        await client.write(content)

        assert await client.next() is None
    assert noted.got == [("b-01", DeviceRefusal.MALFORMED)]


@pytest.mark.parametrize(
    "content",
    [
        connect_of(5),
        connect_of(5, will=True),
        connect_of(5, properties=b"\x05\x11\0\0\0\x3c"),
        connect_of(3),
        connect_of(3, will=True),
    ],
)
async def test_a_device_that_speaks_another_version_is_named_by_its_password(content: bytes, bench: Bench) -> None:
    noted = Noted(bench)
    async with raw_client(bench.broker.port, None) as client:
        await client.write(content)

        assert await noted.first() == ("b-01", DeviceRefusal.PROTOCOL_VERSION)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"will": Will(ALARM, PRESS, 1, retain=False)}, DeviceRefusal.LAST_WILL),
        ({"will": Will(f"{CENTRE}/status/b-01", b"gone", 2, retain=False)}, DeviceRefusal.LAST_WILL),
        ({"will": Will(f"{CENTRE}/status/b-02", b"gone", 1, retain=False)}, DeviceRefusal.LAST_WILL),
        ({"client_id": "", "clean_session": False}, DeviceRefusal.CLIENT_ID),
    ],
)
async def test_a_device_that_is_refused_at_the_door_is_named(
    changes: dict[str, object], refusal: DeviceRefusal, bench: Bench
) -> None:
    noted = Noted(bench)
    async with raw_client(bench.broker.port, None) as client:
        await client.send(hello("b-01", **changes))

        assert await noted.first() == ("b-01", refusal)


async def test_nobody_is_named_by_a_stranger(bench: Bench) -> None:
    noted = Noted(bench)
    async with raw_client(bench.broker.port, None) as first, raw_client(bench.broker.port, None) as second:
        await first.write(connect_of(5, password="guess"))
        await second.send(press(1))
        assert await second.next() is None

        await until(lambda: bench.rows.refused == ["b-01"])
    assert noted.got == []


async def test_a_press_before_anything_is_subscribed_is_taken_and_named_by_nobody(bench: Bench) -> None:
    noted = Noted(bench)
    async with raw_client(bench.broker.port, None) as client:
        await client.send(hello("b-01"), press(7))

        assert (await bench.alarm.next()).payload == PRESS
    assert noted.got == []
