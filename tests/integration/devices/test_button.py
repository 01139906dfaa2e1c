"""Does a press reach the hub whatever happens on the way, and does the light say how far it is?"""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

from devices.button import Button
from devices.contract.messages import (
    Ack,
    AckStatus,
    AlarmKind,
    ConnectionState,
    Cue,
    CueKind,
    StatusMessage,
    TeleMessage,
    parse_message,
    serialize_message,
)
from devices.contract.times import DeviceSetClock, DeviceSystemClock
from devices.contract.topics import Kind, build_topic
from devices.light import LONGEST_SHOWN, Light
from devices.outbox import Outbox
from devices.program import boot_id
from simulators.faults import CentreLine
from tests.conftest import MORNING
from tests.integration.devices.hub import Mosquitto, built_in, identity, mosquitto, until
from tests.integration.mqtt.fakes import Bench, running, running_broker

ALARM = "a-01jdbhqm2ys2v0w8f7z6k5n4m3"
READING = serialize_message(
    TeleMessage.model_validate_json(b'{"v":1,"id":"x-1","readings":[{"name":"a","value":1,"unit":"s"}]}')
)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with mosquitto(tmp_path) as broker:
        yield broker


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with running_broker() as broker:
        yield broker


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox(tmp_path / "b-01.outbox", boot_id()) as opened:
        yield opened


def button_of(house: Mosquitto, outbox: Outbox, line: CentreLine, version: Literal["3.1.1", "5"] = "3.1.1") -> Button:
    return Button(house.broker(version), identity("b-01"), outbox, DeviceSystemClock(), dial=line.dial)


@pytest.mark.mosquitto
@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_a_press_arrives_is_answered_and_somebody_comes(
    house: Mosquitto, outbox: Outbox, version: Literal["3.1.1", "5"]
) -> None:
    button = button_of(house, outbox, CentreLine(), version)
    async with house.hub() as hub, running(button.run):
        press_id = await button.press()
        assert button.light[0] is Light.BLINKING

        press = await hub.next_press()
        assert (press.id, press.seq, press.kind, press.battery) == (press_id, 1, AlarmKind.PRESS, 100)
        hub.say(Kind.ACK, "b-01", Ack(id=press.id, status=AckStatus.COMMITTED, alarm=ALARM))
        await until(lambda: button.light[0] is Light.STEADY)

        hub.say(Kind.CUE, "b-01", Cue(alarm=ALARM, n=2, cue=CueKind.COMING, text="李护士正在赶来"))
        await until(lambda: button.light == (Light.COMING, "李护士正在赶来"))

        hub.say(Kind.CUE, "b-01", Cue(alarm=ALARM, n=3, cue=CueKind.CLOSED))
        await until(lambda: button.light[0] is Light.DARK)
    assert outbox.list_unanswered() == []


@pytest.mark.mosquitto
async def test_without_an_answer_the_same_press_is_said_again_a_second_later(house: Mosquitto, outbox: Outbox) -> None:
    button = button_of(house, outbox, CentreLine())
    async with house.hub() as hub, running(button.run):
        await button.press()

        first, again = await hub.next_press(), await hub.next_press()

    assert first.age_ms is not None
    assert again.age_ms is not None
    assert 900 <= again.age_ms - first.age_ms <= 3000
    assert again.model_copy(update={"age_ms": None}) == first.model_copy(update={"age_ms": None})


@pytest.mark.mosquitto
async def test_a_press_while_the_line_is_cut_arrives_when_it_is_mended(house: Mosquitto, outbox: Outbox) -> None:
    line = CentreLine()
    button = button_of(house, outbox, line)
    async with house.hub() as hub, running(button.run):
        await until(lambda: button.link.connected)
        line.cut()
        await until(lambda: not button.link.connected)

        press_id = await button.press()
        assert button.light[0] is Light.BLINKING
        line.mend()

        assert (await hub.next_press()).id == press_id


async def test_after_a_reboot_the_light_of_a_press_that_was_not_heard_is_switched_on_at_once(
    bench: Bench, tmp_path: Path
) -> None:
    path, line = tmp_path / "b-01.outbox", CentreLine()
    line.cut()
    with Outbox(path, boot_id()) as outbox:
        await Button(built_in(bench), identity("b-01"), outbox, DeviceSystemClock()).press()
    switched: list[Light] = []

    with Outbox(path, boot_id()) as outbox:
        button = Button(
            built_in(bench), identity("b-01"), outbox, DeviceSystemClock(),
            on_light=lambda light, _text: switched.append(light), dial=line.dial,
        )  # fmt: skip
        async with running(button.run):
            await until(lambda: switched == [Light.BLINKING])


async def test_a_light_that_has_been_shown_long_enough_is_switched_off(bench: Bench, outbox: Outbox) -> None:
    clock, other = DeviceSetClock(MORNING), "a-01jdbhqm2ys2v0w8f7z6k5n4m4"
    switched: list[Light] = []
    button = Button(
        built_in(bench), identity("b-01"), outbox, clock, on_light=lambda light, _text: switched.append(light)
    )
    async with running(button.run):
        await button.press()
        press = parse_message(Kind.ALARM, (await bench.alarm.next()).payload)
        ack = Ack(id=press.id, status=AckStatus.COMMITTED, alarm=ALARM)
        await bench.broker.publish(build_topic("jq", Kind.ACK, "b-01"), serialize_message(ack))

        await until(lambda: switched == [Light.DARK, Light.BLINKING, Light.STEADY])
        clock.advance(timedelta(seconds=LONGEST_SHOWN - 0.1))
        # Somebody else's alarm ends: nothing to show, but the button looks how much time is left.
        closed = Cue(alarm=other, n=1, cue=CueKind.CLOSED)
        await bench.broker.publish(build_topic("jq", Kind.CUE, "b-01"), serialize_message(closed))
        await until(lambda: bool(button._shown.told))
        clock.advance(timedelta(seconds=0.2))

        await until(lambda: switched == [Light.DARK, Light.BLINKING, Light.STEADY, Light.DARK])


@pytest.mark.mosquitto
async def test_a_press_survives_the_device_s_own_restart(house: Mosquitto, tmp_path: Path) -> None:
    path, line = tmp_path / "b-01.outbox", CentreLine()
    line.cut()
    with Outbox(path, boot_id()) as outbox:
        press_id = await button_of(house, outbox, line).press()

    with Outbox(path, boot_id()) as outbox:
        button = button_of(house, outbox, CentreLine())
        assert button.light[0] is Light.BLINKING
        async with house.hub() as hub, running(button.run):
            press = await hub.next_press()

    assert (press.id, press.age_ms) == (press_id, None)


@pytest.mark.mosquitto
async def test_a_broker_that_dies_and_comes_back_gets_the_press(tmp_path: Path, outbox: Outbox) -> None:
    async with mosquitto(tmp_path) as house:
        button = button_of(house, outbox, CentreLine())
        port = house.port
    async with running(button.run):
        press_id = await button.press()
        async with mosquitto(tmp_path, port) as again, again.hub() as hub:
            assert (await hub.next_press()).id == press_id


@pytest.mark.mosquitto
async def test_whoever_looks_sees_whether_a_button_is_there(house: Mosquitto, outbox: Outbox) -> None:
    line = CentreLine()
    button = button_of(house, outbox, line)
    async with running(button.run):
        await until(lambda: button.link.connected)
        async with house.hub() as hub:
            retained = await hub.next(Kind.STATUS)
            assert isinstance(retained.message, StatusMessage)
            assert retained.message.state is ConnectionState.ONLINE

            line.cut()

            will = await hub.next(Kind.STATUS)
            assert will.message == StatusMessage(state=ConnectionState.OFFLINE)


@pytest.mark.mosquitto
async def test_a_button_that_is_switched_off_disconnects(house: Mosquitto, outbox: Outbox) -> None:
    button = button_of(house, outbox, CentreLine())
    async with house.hub() as hub:
        async with running(button.run):
            await hub.next(Kind.STATUS)

        assert (await hub.next(Kind.STATUS)).message == StatusMessage(state=ConnectionState.OFFLINE)


@pytest.mark.mosquitto
async def test_a_mistake_is_cancelled_by_naming_the_press(house: Mosquitto, outbox: Outbox) -> None:
    button = button_of(house, outbox, CentreLine())
    async with house.hub() as hub, running(button.run):
        press_id = await button.press(AlarmKind.PULL_CORD)
        press = await hub.next_press()
        hub.say(Kind.ACK, "b-01", Ack(id=press.id, status=AckStatus.COMMITTED))
        await until(lambda: button.light[0] is Light.STEADY)

        await button.cancel(press_id)
        cancel = await hub.next_press()

    assert press.kind is AlarmKind.PULL_CORD
    assert (cancel.kind, cancel.of, cancel.seq) == (AlarmKind.CANCEL, press_id, 2)


@pytest.mark.mosquitto
async def test_a_spooled_press_is_kept(house: Mosquitto, outbox: Outbox) -> None:
    button = button_of(house, outbox, CentreLine())
    answers: list[Light] = []
    async with house.hub() as hub, running(button.run):
        await button.press()
        press = await hub.next_press()
        hub.say(Kind.ACK, "b-01", Ack(id=press.id, status=AckStatus.SPOOLED))
        hub.say(Kind.CUE, "b-01", Cue(alarm=ALARM, n=1, cue=CueKind.RECEIVED))
        await until(lambda: bool(button._shown.told))
        answers.append(button.light[0])

    assert answers == [Light.BLINKING]
    assert [kept.id for kept in outbox.list_unanswered()] == [press.id]


async def test_at_the_built_in_broker_a_press_waits_for_no_reading(bench: Bench, outbox: Outbox) -> None:
    button = Button(built_in(bench), identity("b-01"), outbox, DeviceSystemClock())
    bench.telemetry.open.clear()
    async with running(button.run):
        await until(lambda: button.link.connected)
        taken = [button.link.send_reading(READING) for _ in range(30)]

        press_id = await button.press()
        heard = await bench.alarm.next()
        bench.telemetry.open.set()

    assert sum(taken) <= 5
    assert parse_message(Kind.ALARM, heard.payload).id == press_id


async def test_a_press_goes_out_although_more_than_paho_s_twenty_messages_wait_for_their_answer(
    bench: Bench, outbox: Outbox
) -> None:
    button = Button(built_in(bench), identity("b-01"), outbox, DeviceSystemClock())
    bench.telemetry.open.clear()
    async with running(button.run):
        await until(lambda: button.link.connected)
        assert all(button.link.send(Kind.TELE, READING) for _ in range(20))

        press_id = await button.press()
        heard = await bench.alarm.next()
        bench.telemetry.open.set()

    assert parse_message(Kind.ALARM, heard.payload).id == press_id


async def test_what_was_not_answered_is_said_at_once_when_the_line_is_back(bench: Bench, outbox: Outbox) -> None:
    line, clock = CentreLine(), DeviceSetClock(MORNING)  # time stands still: no repetition comes due by itself
    button = Button(built_in(bench), identity("b-01"), outbox, clock, dial=line.dial)
    async with running(button.run):
        press_id = await button.press()
        await bench.alarm.next()
        line.cut()
        await until(lambda: not button.link.connected)

        line.mend()

        assert parse_message(Kind.ALARM, (await bench.alarm.next()).payload).id == press_id


async def test_the_built_in_broker_carries_answers_and_cues_too(bench: Bench, outbox: Outbox) -> None:
    button = Button(built_in(bench), identity("b-01"), outbox, DeviceSystemClock())
    async with running(button.run):
        await button.press()
        press = parse_message(Kind.ALARM, (await bench.alarm.next()).payload)

        ack = Ack(id=press.id, status=AckStatus.COMMITTED, alarm=ALARM)
        await bench.broker.publish(build_topic("jq", Kind.ACK, "b-01"), serialize_message(ack))
        await until(lambda: button.light[0] is Light.STEADY)


async def test_a_button_with_a_wrong_password_is_told_and_goes_on_trying(bench: Bench, outbox: Outbox) -> None:
    bench.rows.principals.pop("b-01")
    button = Button(built_in(bench), identity("b-01"), outbox, DeviceSystemClock())
    async with running(button.run):
        await until(lambda: button.link.refused is not None)
        await until(lambda: len(bench.rows.refused) >= 2)

    assert not button.link.connected
