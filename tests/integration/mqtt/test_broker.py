"""Does the built-in broker keep its word to real clients: answered means durable, and nobody does what he may not?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from random import Random

import pytest
import uvloop
from paho.mqtt.enums import MQTTProtocolVersion

from hub.mqtt.codec import (
    Connack,
    ConnackCode,
    Disconnect,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Will,
)
from hub.mqtt.connection import MAX_UNANSWERED_REPORTS, End
from hub.mqtt.model import Unreachable
from tests.integration.mqtt.fakes import (
    CENTRE,
    PRESS,
    Bench,
    Paho,
    hello,
    press,
    raw_client,
    reading,
    running_broker,
    subscribe,
    until,
    within,
)

OFFLINE = Will(f"{CENTRE}/status/b-01", b'{"v":1,"state":"offline"}', qos=1, retain=True)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with running_broker() as running:
        yield running


async def test_a_press_is_answered_when_it_is_durable_and_not_before(bench: Bench) -> None:
    bench.alarm.open.clear()
    async with bench.raw() as client:
        await client.send(press(7))

        inbound = await bench.alarm.next()
        await client.send(Pingreq())
        assert await client.next() == Pingresp()
        bench.alarm.open.set()
        assert await client.next() == Puback(7)

    assert inbound.payload == PRESS
    assert inbound.publisher == "b-01"
    assert inbound.received_at == bench.clock.now()


async def test_a_press_is_not_answered_after_the_reading_in_front_of_it(bench: Bench) -> None:
    bench.telemetry.open.clear()
    async with bench.raw() as client:
        await client.send(reading(1), press(2))

        assert await client.next() == Puback(2)
        bench.telemetry.open.set()
        assert await client.next() == Puback(1)


async def test_readings_go_on_while_presses_cannot_be_kept(bench: Bench) -> None:
    bench.alarm.open.clear()
    async with bench.raw() as client:
        await client.send(press(1), reading(2))

        assert await client.next() == Puback(2)


async def test_a_message_that_cannot_be_kept_ends_the_connection_unanswered(bench: Bench) -> None:
    bench.alarm.broken = True
    async with bench.raw() as client:
        await client.send(press(1))

        assert await client.next() is None
    assert bench.broker.counts[End.NOT_DURABLE] == 1


async def test_a_flood_of_presses_waits_in_the_socket_and_all_are_answered(bench: Bench) -> None:
    bench.alarm.open.clear()
    async with bench.raw() as client:
        await client.send(*(press(n) for n in range(1, 1001)))
        await until(lambda: bench.alarm.got.qsize() == 256)

        bench.alarm.open.set()
        answers = [await client.next() for _ in range(1000)]

    assert answers == [Puback(n) for n in range(1, 1001)]


async def test_a_flood_of_readings_waits_in_the_socket_and_all_are_answered(bench: Bench) -> None:
    bench.telemetry.open.clear()
    async with bench.raw() as client:
        await client.send(*(reading(n) for n in range(1, 1001)))
        await until(lambda: bench.telemetry.got.qsize() == MAX_UNANSWERED_REPORTS)
        async with bench.raw("b-02") as other:
            await other.send(press(7, "b-02"))
            assert await other.next() == Puback(7)
        in_hand = bench.telemetry.got.qsize()

        bench.telemetry.open.set()
        answers = [await client.next() for _ in range(1000)]

    assert in_hand == MAX_UNANSWERED_REPORTS
    assert answers == [Puback(n) for n in range(1, 1001)]


async def test_a_press_is_answered_before_a_flood_in_front_of_it_has_been_read(bench: Bench) -> None:
    flood = 3000
    async with bench.raw() as flooding, bench.raw("b-02") as other:
        await flooding.send(*[Publish(f"{CENTRE}/tele/b-01", b"{}")] * flood, reading(1))
        await bench.telemetry.next()
        await other.send(press(7, "b-02"))
        assert await other.next() == Puback(7)
        heard = bench.telemetry.finished

        assert await flooding.next() == Puback(1)

    assert heard < flood
    assert bench.telemetry.finished == flood + 1


async def test_whoever_asks_without_end_whether_the_hub_is_there_delays_no_press(bench: Bench) -> None:
    async with bench.raw() as asking, bench.raw("b-02") as other:
        await asking.send(*[Pingreq()] * 3000, reading(1))
        await other.send(press(7, "b-02"))

        assert await other.next() == Puback(7)
        assert bench.telemetry.got.empty()
        await bench.telemetry.next()


async def test_a_retained_press_rings_as_a_live_one_and_is_not_stored(bench: Bench) -> None:
    async with bench.raw() as client, bench.raw("observer") as observer:
        await client.send(press(1, retain=True))
        assert await client.next() == Puback(1)
        await observer.send(subscribe("anling/#"), Pingreq())

        assert await observer.next() == Suback(1, (1,))
        assert await observer.next() == Pingresp()
    assert (await bench.alarm.next()).live_retain


async def test_the_last_status_is_sent_to_whoever_subscribes_later(bench: Bench) -> None:
    online = Publish(f"{CENTRE}/status/b-01", b'{"v":1,"state":"online"}', qos=1, retain=True, packet_id=3)
    async with bench.raw() as client, bench.raw("observer") as observer:
        await client.send(online)
        assert await client.next() == Puback(3)
        await observer.send(subscribe(f"{CENTRE}/status/+"))

        assert await observer.next() == Suback(1, (1,))
        assert await observer.next() == Publish(online.topic, online.payload, qos=1, retain=True, packet_id=1)


async def test_an_observer_sees_the_traffic_of_others_as_it_happens(bench: Bench) -> None:
    async with bench.raw() as client, bench.raw("observer") as observer:
        await observer.send(subscribe("anling/#"))
        await observer.next()
        await client.send(Publish(f"{CENTRE}/tele/b-01", b"{}"))

        assert await observer.next() == Publish(f"{CENTRE}/tele/b-01", b"{}")


async def test_a_device_hears_what_is_for_it_and_is_refused_what_is_for_others(bench: Bench) -> None:
    async with bench.raw() as client:
        await client.send(subscribe(f"{CENTRE}/cue/b-01", f"{CENTRE}/cue/b-02", "anling/#", f"{CENTRE}/+/b-01"))
        assert await client.next() == Suback(1, (1, 0x80, 0x80, 0x80))

        await bench.broker.publish(f"{CENTRE}/cue/b-01", b"coming")
        assert await client.next() == Publish(f"{CENTRE}/cue/b-01", b"coming", qos=1, packet_id=1)


async def test_a_message_that_only_observers_took_reached_nobody(bench: Bench) -> None:
    async with bench.raw("observer") as observer:
        await observer.send(subscribe("anling/#"))
        await observer.next()

        with pytest.raises(Unreachable):
            await bench.broker.publish(f"{CENTRE}/cue/b-01", b"coming")
        assert await observer.next() == Publish(f"{CENTRE}/cue/b-01", b"coming", qos=1, packet_id=1)


async def test_what_was_published_while_a_device_was_away_reaches_its_lasting_session(bench: Bench) -> None:
    async with bench.raw(clean_session=False) as client:
        await client.send(subscribe(f"{CENTRE}/cue/b-01"))
        await client.next()
    await until(lambda: not bench.broker.is_connected("b-01"))
    await bench.broker.publish(f"{CENTRE}/cue/b-01", b"coming")

    async with raw_client(bench.broker.port, None) as client:
        await client.send(hello("b-01", clean_session=False))
        assert await client.next() == Connack(session_present=True, code=ConnackCode.ACCEPTED)
        assert await client.next() == Publish(f"{CENTRE}/cue/b-01", b"coming", qos=1, packet_id=1)


async def test_the_same_client_takes_its_old_connection_over(bench: Bench) -> None:
    async with bench.raw() as before, bench.raw() as after:
        assert await before.is_shown_out()
        await after.send(Pingreq())
        assert await after.next() == Pingresp()
        assert bench.broker.is_connected("b-01")
    assert bench.broker.counts[End.TAKEN_OVER] == 1


async def test_another_device_with_the_same_client_id_takes_nothing_over(bench: Bench) -> None:
    async with bench.raw("b-01") as first, bench.raw("b-02", client_id="b-01") as second:
        for client in (first, second):
            await client.send(Pingreq())
            assert await client.next() == Pingresp()


async def test_a_broken_connection_publishes_the_will_and_a_goodbye_does_not(bench: Bench) -> None:
    async with bench.raw("b-02", will=Will(f"{CENTRE}/status/b-02", b"gone", 0, retain=False)) as polite:
        await polite.send(Disconnect())
        assert await polite.next() is None
    async with bench.raw(will=OFFLINE) as client:
        client.abort()

    inbound = await bench.state.next()
    assert (inbound.topic, inbound.payload, inbound.publisher) == (OFFLINE.topic, OFFLINE.payload, "b-01")
    assert bench.state.got.empty()


async def test_silence_ends_the_connection_and_publishes_the_will(bench: Bench) -> None:
    async with bench.raw(keep_alive_seconds=60, will=OFFLINE) as client:
        bench.clock.advance(timedelta(seconds=89))
        await client.send(Pingreq())
        assert await client.next() == Pingresp()
        bench.clock.advance(timedelta(seconds=91))

        assert await client.next() is None
    assert (await bench.state.next()).payload == OFFLINE.payload
    assert bench.broker.counts[End.SILENT] == 1


async def test_whoever_says_nothing_is_shown_out_after_five_seconds(bench: Bench) -> None:
    async with raw_client(bench.broker.port, None) as client:
        await until(lambda: bench.broker.connections == 1)
        bench.clock.advance(timedelta(seconds=5))

        assert await client.next() is None


async def test_a_will_on_the_alarm_lane_is_refused(bench: Bench) -> None:
    async with raw_client(bench.broker.port, None) as client:
        await client.send(hello("b-01", will=Will(f"{CENTRE}/alarm/b-01", PRESS, 1, retain=False)))

        assert await client.next() == Connack(session_present=False, code=ConnackCode.NOT_AUTHORISED)
        assert await client.next() is None
    assert bench.alarm.got.empty()


async def test_a_will_in_the_name_of_another_device_is_refused(bench: Bench) -> None:
    async with raw_client(bench.broker.port, None) as client:
        await client.send(hello("b-01", will=Will(f"{CENTRE}/status/b-02", b"{}", 1, retain=True)))

        assert await client.next() == Connack(session_present=False, code=ConnackCode.NOT_AUTHORISED)


async def test_wrong_credentials_are_refused_and_counted(bench: Bench) -> None:
    async with raw_client(bench.broker.port, None) as client:
        await client.send(hello("b-01", password="guess"), press(1))

        assert await client.next() == Connack(session_present=False, code=ConnackCode.WRONG_CREDENTIALS)
        assert await client.next() is None
    assert bench.rows.refused == ["b-01"]
    assert bench.broker.counts[End.CREDENTIALS] == 1
    assert bench.alarm.got.empty()


async def test_a_device_tries_again_later_when_nobody_can_say_who_it_is(bench: Bench) -> None:
    bench.rows.readable = False
    async with raw_client(bench.broker.port, None) as client:
        await client.send(hello("b-01"))

        assert await client.next() == Connack(session_present=False, code=ConnackCode.UNAVAILABLE)


async def test_a_press_sent_right_behind_connect_is_heard(bench: Bench) -> None:
    async with raw_client(bench.broker.port, None) as client:
        await client.send(hello("b-01"), press(9))

        assert await client.next() == Connack(session_present=False, code=ConnackCode.ACCEPTED)
        assert await client.next() == Puback(9)


async def test_publishing_in_the_name_of_another_ends_the_connection_and_is_counted(bench: Bench) -> None:
    async with bench.raw() as client:
        await client.send(press(1, device_id="b-02"))

        assert await client.next() is None
    assert bench.broker.counts[End.FORBIDDEN] == 1
    assert bench.alarm.got.empty()


async def test_malformed_packets_end_that_connection_only(bench: Bench) -> None:
    async with bench.raw("b-01") as good, bench.raw("b-02") as bad:
        await bad.write(b"\xff" * 10)
        assert await bad.next() is None

        await good.send(press(1))
        assert await good.next() == Puback(1)
    assert bench.broker.counts[End.MALFORMED] == 1


async def test_rubbish_at_the_door_disturbs_nobody(bench: Bench) -> None:
    async with bench.raw() as good:
        for seed in range(60):
            async with raw_client(bench.broker.port, "b-02" if seed % 2 else None) as bad:
                await bad.write(Random(seed).randbytes(seed * 7 + 1))
        await good.send(press(1))

        assert await good.next() == Puback(1)


async def test_a_client_that_does_not_read_is_dropped(bench: Bench) -> None:
    async with bench.raw() as client, bench.raw("observer") as observer:
        await observer.send(subscribe("anling/#"))
        await observer.next()
        observer.pause()

        while not bench.broker.counts[End.SLOW]:
            await client.send(*(Publish(f"{CENTRE}/tele/b-01", b"x" * 4000) for _ in range(50)), Pingreq())
            assert await client.next() == Pingresp()
            observer.pause()


async def test_changed_rows_shut_the_connections_they_let_in(bench: Bench) -> None:
    async with bench.raw("b-01") as client, bench.raw("b-02") as other:
        bench.rows.change("b-01")
        await bench.broker.recheck_all()

        assert await client.next() is None
        await other.send(Pingreq())
        assert await other.next() == Pingresp()
    assert bench.broker.counts[End.SHUT] == 1


async def test_a_device_whose_rows_change_while_it_is_being_let_in_does_not_stay(bench: Bench) -> None:
    bench.rows.answers.clear()
    async with raw_client(bench.broker.port, None) as client:
        await client.send(hello("b-01"))
        await until(lambda: bench.rows.asked == 1)
        bench.rows.change("b-01")
        await bench.broker.recheck("b-01")
        bench.rows.readable = False
        bench.rows.answers.set()
        assert await client.next() == Connack(False, ConnackCode.ACCEPTED)
        bench.rows.readable = True

        assert await client.is_shown_out()
    assert bench.broker.counts[End.SHUT] == 1


async def test_a_device_has_at_most_eight_connections(bench: Bench) -> None:
    async with AsyncExitStack() as stack:
        for n in range(8):
            await stack.enter_async_context(bench.raw(client_id=f"b-01-{n}"))
        ninth = await stack.enter_async_context(raw_client(bench.broker.port, None))
        await ninth.send(hello("b-01", client_id="one-more"))

        assert await ninth.next() == Connack(session_present=False, code=ConnackCode.UNAVAILABLE)


async def test_paho_presses_hears_its_cue_and_comes_back_to_what_it_missed(bench: Bench) -> None:
    async with Paho(bench.broker.port, "b-01", clean=False) as button:
        await within(button.connects.get())
        assert [code.value for code in await button.subscribe(f"{CENTRE}/cue/b-01")] == [1]
        sent = button.client.publish(f"{CENTRE}/alarm/b-01", PRESS, qos=1)
        assert await within(button.published.get()) == sent.mid
        await bench.broker.publish(f"{CENTRE}/cue/b-01", b"received")
        assert (await button.next()).payload == b"received"

    await until(lambda: not bench.broker.is_connected("b-01"))
    await bench.broker.publish(f"{CENTRE}/cue/b-01", b"coming")
    async with Paho(bench.broker.port, "b-01", clean=False) as button:
        code, session_present = await within(button.connects.get())
        assert (code.value, session_present) == (0, True)
        # What it had not acknowledged when it went comes once more (QoS 1), before what it missed.
        cues = [(await button.next()).payload]
        if cues == [b"received"]:
            cues.append((await button.next()).payload)
        assert cues[-1] == b"coming"
    assert (await bench.alarm.next()).payload == PRESS


async def test_paho_is_told_that_its_password_is_wrong(bench: Bench) -> None:
    async with Paho(bench.broker.port, "b-01", password="guess") as button:
        code, _ = await within(button.connects.get())

        assert code.getName() == "Bad user name or password"


async def test_a_client_of_mqtt_5_is_told_that_its_version_is_not_spoken(bench: Bench) -> None:
    async with Paho(bench.broker.port, "b-01", protocol=MQTTProtocolVersion.MQTTv5) as button:
        code, _ = await within(button.connects.get())

        assert code.getName() == "Unsupported protocol version"


@pytest.mark.mosquitto
async def test_mosquitto_pub_presses_and_mosquitto_sub_shows_the_traffic(bench: Bench) -> None:
    common = ("-h", "127.0.0.1", "-p", str(bench.broker.port))
    watcher = await asyncio.create_subprocess_exec(
        *("mosquitto_sub", *common, "-u", "observer", "-P", "observer-secret", "-t", "anling/#", "-v", "-q", "1"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert watcher.stdout is not None
        await until(lambda: bench.broker.is_connected("observer"))
        sender = await asyncio.create_subprocess_exec(
            *("mosquitto_pub", *common, "-u", "b-01", "-P", "b-01-secret", "-i", "b-01", "-q", "1", "-r"),
            *("-t", f"{CENTRE}/status/b-01", "-m", "online"),
        )
        assert await within(sender.wait()) == 0
        sender = await asyncio.create_subprocess_exec(
            *("mosquitto_pub", *common, "-u", "b-01", "-P", "b-01-secret", "-i", "b-01", "-q", "1"),
            *("-t", f"{CENTRE}/alarm/b-01", "-m", PRESS.decode()),
        )
        assert await within(sender.wait()) == 0

        assert await within(watcher.stdout.readline()) == f"{CENTRE}/status/b-01 online\n".encode()
        assert await within(watcher.stdout.readline()) == f"{CENTRE}/alarm/b-01 ".encode() + PRESS + b"\n"
    finally:
        watcher.terminate()
        await within(watcher.wait())
    assert (await bench.alarm.next()).payload == PRESS


@pytest.mark.mosquitto
async def test_mosquitto_pub_fails_when_the_press_could_not_be_kept(bench: Bench) -> None:
    bench.alarm.broken = True
    sender = await asyncio.create_subprocess_exec(
        *("mosquitto_pub", "-h", "127.0.0.1", "-p", str(bench.broker.port), "-u", "b-01", "-P", "b-01-secret"),
        *("-q", "1", "-t", f"{CENTRE}/alarm/b-01", "-m", PRESS.decode()),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(lambda: bench.broker.counts[End.NOT_DURABLE] > 0)
    finally:
        if sender.returncode is None:
            sender.terminate()
        assert await within(sender.wait()) != 0


def test_the_broker_keeps_its_word_on_uvloop_too() -> None:
    async def press_once() -> None:
        async with running_broker() as bench, bench.raw() as client:
            await client.send(press(1), *[Publish(f"{CENTRE}/tele/b-01", b"{}")] * 1000, reading(2))
            assert [await client.next(), await client.next()] == [Puback(1), Puback(2)]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(press_once())
