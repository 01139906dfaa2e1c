"""Who answers the devices in these tests: a broker, and a hub that hears and answers by hand."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from devices.contract.messages import AlarmMessage, AnyMessage, Message, parse_message, serialize_message
from devices.contract.topics import Kind, build_topic, parse_topic
from devices.link import BrokerEndpoint, Identity
from tests.conftest import take_free_port
from tests.integration.mqtt.fakes import Bench, Paho, device, until, within

CENTRE = "jq"


@dataclass(frozen=True, slots=True)
class Heard:
    """One message of a device, as the hub read it."""

    kind: Kind
    device: str
    payload: bytes
    message: AnyMessage


class Hub:
    """A hub behind an external broker, played by the test."""

    def __init__(self, paho: Paho) -> None:
        self._paho = paho

    async def next(self, kind: Kind) -> Heard:
        """The next message of this kind; others are let pass."""
        while True:
            message = await self._paho.next()
            parsed = parse_topic(message.topic)
            assert parsed is not None, message.topic
            if parsed.kind is kind:
                payload = bytes(message.payload)
                return Heard(kind, parsed.device, payload, parse_message(kind, payload))

    async def next_press(self) -> AlarmMessage:
        """The next message on the alarm lane."""
        heard = (await self.next(Kind.ALARM)).message
        assert isinstance(heard, AlarmMessage)
        return heard

    def say(self, kind: Kind, device_id: str, message: Message) -> None:
        """Send something to a device."""
        self._paho.client.publish(build_topic(CENTRE, kind, device_id), serialize_message(message), qos=1)


@dataclass(frozen=True, slots=True)
class Mosquitto:
    """A running Mosquitto that asks nobody for a password."""

    port: int

    def broker(self, version: Literal["3.1.1", "5"] = "3.1.1") -> BrokerEndpoint:
        return BrokerEndpoint("127.0.0.1", self.port, version)

    @asynccontextmanager
    async def hub(self, name: str = "hub") -> AsyncIterator[Hub]:
        """A hub that hears everything of the centre."""
        async with Paho(self.port, name) as paho:
            await within(paho.connects.get())
            await paho.subscribe(f"anling/v1/{CENTRE}/+/+")
            yield Hub(paho)


@asynccontextmanager
async def mosquitto(folder: Path, port: int | None = None) -> AsyncIterator[Mosquitto]:
    """Start a Mosquitto of our own, and stop it."""
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("Mosquitto is missing: apt install mosquitto")
    port = port or take_free_port()
    configuration = folder / "mosquitto.conf"
    configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process = await asyncio.create_subprocess_exec(program, "-c", str(configuration), stderr=asyncio.subprocess.DEVNULL)
    try:
        await _listens(process, port)
        yield Mosquitto(port)
    finally:
        process.terminate()
        await process.wait()


async def _listens(process: asyncio.subprocess.Process, port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            assert process.returncode is None, "Mosquitto did not start"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return


def admit_devices(bench: Bench, *device_ids: str, also: tuple[str, ...] = ()) -> None:
    """Register devices at the built-in broker, which `also` say messages of these kinds."""
    for device_id in device_ids:
        bench.rows.principals[device_id] = device(device_id, *also)


def identity(device_id: str) -> Identity:
    """A device of the test's centre, with the password the test's rows know."""
    return Identity(CENTRE, device_id, f"{device_id}-secret")


def built_in(bench: Bench) -> BrokerEndpoint:
    """Where the built-in broker listens."""
    return BrokerEndpoint("127.0.0.1", bench.broker.port)


__all__ = ["Heard", "Hub", "Mosquitto", "admit_devices", "built_in", "identity", "mosquitto", "until", "within"]
