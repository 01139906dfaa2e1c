"""Whom does the built-in broker authenticate, what may each do there, and when is a connection ended?"""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import timedelta
from random import Random

from hub.kit.proxy_protocol import LOCAL_HEADER, read_networks
from hub.mqtt.codec import Connack, ConnackCode, Disconnect, Pingreq, Pingresp, Puback, Publish, Will
from hub.mqtt.encode import encode_packet
from hub.mqtt.model import End
from hub.mqtt.unknown_connections import UnknownLimits
from tests.fakes.proxy import proxy_header
from tests.integration.mqtt.fakes import (
    CENTRE,
    PRESS,
    Bench,
    hello,
    press,
    raw_client,
    running_broker,
    subscribe,
    until,
)

OFFLINE = Will(f"{CENTRE}/status/b-01", b'{"v":1,"state":"offline"}', qos=1, retain=True)


async def test_a_broken_connection_publishes_the_will_and_a_disconnect_does_not(bench: Bench) -> None:
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


async def test_a_silent_client_is_disconnected_after_five_seconds(bench: Bench) -> None:
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


async def test_bytes_that_are_no_mqtt_disturb_nobody(bench: Bench) -> None:
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


async def test_changed_rows_close_the_connections_that_they_authenticated(bench: Bench) -> None:
    async with bench.raw("b-01") as client, bench.raw("b-02") as other:
        bench.rows.change("b-01")
        await bench.broker.revalidate_all()

        assert await client.next() is None
        await other.send(Pingreq())
        assert await other.next() == Pingresp()
    assert bench.broker.counts[End.SHUT] == 1


async def test_a_device_whose_rows_change_while_it_is_authenticated_does_not_stay_connected(bench: Bench) -> None:
    bench.rows.answers.clear()
    async with raw_client(bench.broker.port, None) as client:
        await client.send(hello("b-01"))
        await until(lambda: bench.rows.asked == 1)
        bench.rows.change("b-01")
        await bench.broker.revalidate_device("b-01")
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


async def test_two_hundred_and_twenty_silent_connections_keep_no_device_out(bench: Bench) -> None:
    async with AsyncExitStack() as opened:
        for _ in range(220):
            await opened.enter_async_context(raw_client(bench.broker.port, None))

        for number in range(20):
            device_id = "b-01" if number % 2 else "b-02"
            async with bench.raw(device_id) as client:
                await client.send(press(1, device_id))
                assert await client.next() == Puback(1)

    assert bench.broker.counts[End.TOO_MANY] >= 220 - 150


async def test_with_many_silent_connections_each_has_two_seconds(bench: Bench) -> None:
    async with AsyncExitStack() as opened:
        silent = [await opened.enter_async_context(raw_client(bench.broker.port, None)) for _ in range(110)]
        await silent[0].write(b"\x10\x20\x00\x04MQ")
        await until(lambda: bench.broker.connections == 110)
        bench.clock.advance(timedelta(seconds=2))

        assert await silent[0].next() is None, "half a CONNECT is none"
        assert await silent[-1].next() is None


async def test_a_connect_that_trickles_in_has_no_more_time_than_none(bench: Bench) -> None:
    async with raw_client(bench.broker.port, None) as client:
        for byte in encode_packet(hello("b-01"))[:10]:
            await client.write(bytes([byte]))
            bench.clock.advance(timedelta(seconds=0.5))

        assert await client.next() is None
    assert bench.broker.counts[End.SILENT] == 1


async def test_what_is_sent_before_anybody_is_authenticated_is_bounded(bench: Bench) -> None:
    bench.rows.answers.clear()
    async with raw_client(bench.broker.port, None) as client:
        await client.send(hello("b-01"), *(press(number % 60_000 + 1) for number in range(4000)))

        assert await client.is_shown_out()
    assert bench.broker.counts[End.MALFORMED] == 1
    assert bench.alarm.got.empty()


async def test_a_proxy_says_where_each_device_comes_from() -> None:
    async with (
        running_broker(proxies=read_networks("127.0.0.1"), unknown=UnknownLimits(of_address=2)) as bench,
        AsyncExitStack() as opened,
    ):
        silent = [await opened.enter_async_context(raw_client(bench.broker.port, None)) for _ in range(3)]
        for client in silent:
            await client.write(proxy_header("203.0.113.7"))
        assert await silent[0].next() is None, "the oldest of its own address"

        device = await opened.enter_async_context(raw_client(bench.broker.port, None))
        told = proxy_header("2001:db8::7") + encode_packet(hello("b-01"))
        for byte in told:
            await device.write(bytes([byte]))
        assert await device.next() == Connack(session_present=False, code=ConnackCode.ACCEPTED)
        assert bench.rows.asked_from == ["2001:db8::"]


async def test_a_connection_of_the_trusted_end_without_its_header_is_ended() -> None:
    async with (
        running_broker(proxies=read_networks("127.0.0.1")) as bench,
        raw_client(bench.broker.port, None) as client,
    ):
        await client.send(hello("b-01"))

        assert await client.next() is None
        assert bench.broker.counts[End.PROXY] == 1
        assert bench.rows.asked == 0


async def test_the_trusted_end_may_speak_for_itself() -> None:
    async with (
        running_broker(proxies=read_networks("127.0.0.1")) as bench,
        raw_client(bench.broker.port, None) as client,
    ):
        await client.write(LOCAL_HEADER)
        await client.send(hello("b-01"))

        assert await client.next() == Connack(session_present=False, code=ConnackCode.ACCEPTED)


async def test_nobody_else_says_where_she_comes_from(bench: Bench) -> None:
    async with raw_client(bench.broker.port, None) as client:
        await client.write(proxy_header("203.0.113.7") + encode_packet(hello("b-01")))

        assert await client.next() is None
    assert bench.broker.counts[End.PROXY] == 1
    assert bench.rows.asked == 0
