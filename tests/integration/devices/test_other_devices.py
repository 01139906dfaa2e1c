"""Do sirens prove, readers say who came, and sensors what they measure?"""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from devices.card_reader import CardReader
from devices.contract.messages import (
    Ack,
    AckStatus,
    Cmd,
    Do,
    Done,
    DoneState,
    TeleMessage,
    VisitAction,
    VisitMessage,
)
from devices.contract.times import DeviceSystemClock
from devices.contract.topics import Kind
from devices.outbox import Outbox
from devices.program import boot_id
from devices.sensor import Sensor
from devices.siren import Siren
from tests.integration.devices.hub import Mosquitto, identity, mosquitto, until
from tests.integration.mqtt.fakes import running

pytestmark = pytest.mark.mosquitto


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with mosquitto(tmp_path) as broker:
        yield broker


async def test_a_siren_sounds_proves_it_and_falls_silent_when_its_time_is_over(house: Mosquitto) -> None:
    clock = DeviceSystemClock()
    siren = Siren(house.broker(), identity("siren-1"), clock, can=frozenset({Do.SIREN}))
    async with house.hub() as hub, running(siren.run):
        await until(lambda: siren.link.connected)
        hub.say(Kind.CMD, "siren-1", Cmd(nonce="n-1", do=Do.SIREN, until=clock.now() + timedelta(seconds=1)))

        sounding, silent = (await hub.next(Kind.DONE)).message, (await hub.next(Kind.DONE)).message

    assert isinstance(sounding, Done)
    assert isinstance(silent, Done)
    assert (sounding.nonce, sounding.state) == ("n-1", DoneState.SOUNDING)
    assert (silent.nonce, silent.state) == ("n-1", DoneState.OFF)
    assert siren.state is DoneState.OFF


async def test_a_card_is_said_until_the_hub_knows(house: Mosquitto, tmp_path: Path) -> None:
    with Outbox(tmp_path / "r-gym.outbox", boot_id()) as outbox:
        reader = CardReader(house.broker(), identity("r-gym"), outbox, DeviceSystemClock(), room="gym")
        async with house.hub() as hub, running(reader.run):
            await reader.read("AD708738AE")
            again = await reader.read("AD708738AE")
            visit = (await hub.next(Kind.VISIT)).message
            assert isinstance(visit, VisitMessage)

            hub.say(Kind.ACK, "r-gym", Ack(id=visit.id, status=AckStatus.COMMITTED))
            await until(lambda: reader.unsent == 0)

    assert again is None
    assert (visit.token, visit.what, visit.room, visit.seq) == ("AD708738AE", VisitAction.ENTER, "gym", 1)


async def test_a_visit_the_hub_rejects_is_not_repeated_for_ever(house: Mosquitto, tmp_path: Path) -> None:
    with Outbox(tmp_path / "r-gym.outbox", boot_id()) as outbox:
        reader = CardReader(house.broker(), identity("r-gym"), outbox, DeviceSystemClock(), room="gym")
        async with house.hub() as hub, running(reader.run):
            await reader.read("AD708738AE", VisitAction.ARRIVE)
            visit = (await hub.next(Kind.VISIT)).message
            assert isinstance(visit, VisitMessage)

            hub.say(Kind.ACK, "r-gym", Ack(id=visit.id, status=AckStatus.REJECTED, reason="unknown-card"))
            await until(lambda: reader.unsent == 0)


async def test_a_sensor_says_a_jump_at_once(house: Mosquitto) -> None:
    measured = {"temperature": 21.4}
    sensor = Sensor(house.broker(), identity("t-gym"), DeviceSystemClock(), lambda: dict(measured))
    async with house.hub() as hub, running(sensor.run):
        first = (await hub.next(Kind.TELE)).message
        measured["temperature"] = 34.0
        then = (await hub.next(Kind.TELE)).message

    values = [[reading.value for reading in tele.readings] for tele in (first, then) if isinstance(tele, TeleMessage)]
    assert values == [[21.4], [34.0]]
