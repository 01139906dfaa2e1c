"""Does the built-in broker keep its word to real clients: answered means durable, a message to a device gets there?"""

from __future__ import annotations

import pytest

from hub.mqtt.codec import Connack, ConnackCode, Pingreq, Pingresp, Puback, Publish, Suback
from hub.mqtt.in_flight import REPORT_WINDOW
from hub.mqtt.model import End, Unreachable
from tests.integration.mqtt.fakes import CENTRE, PRESS, Bench, hello, press, raw_client, reading, subscribe, until


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
        await until(lambda: bench.telemetry.got.qsize() == REPORT_WINDOW)
        async with bench.raw("b-02") as other:
            await other.send(press(7, "b-02"))
            assert await other.next() == Puback(7)
        in_flight = bench.telemetry.got.qsize()

        bench.telemetry.open.set()
        answers = [await client.next() for _ in range(1000)]

    assert in_flight == REPORT_WINDOW
    assert answers == [Puback(n) for n in range(1, 1001)]
    assert bench.telemetry.finished == 1000


async def test_a_press_behind_five_readings_that_wait_is_read(bench: Bench) -> None:
    bench.telemetry.open.clear()
    async with bench.raw() as client:
        await client.send(*(reading(n) for n in range(1, 6)), press(7))

        assert await client.next() == Puback(7)


async def test_the_window_is_the_devices_whatever_connections_it_opens(bench: Bench) -> None:
    bench.telemetry.open.clear()
    async with bench.raw(client_id="one") as one, bench.raw(client_id="two") as two:
        await one.send(*(reading(n) for n in range(1, 4)), Pingreq())
        assert await one.next() == Pingresp()
        await two.send(*(reading(n) for n in range(1, 11)))
        await until(lambda: bench.telemetry.got.qsize() == REPORT_WINDOW)

        bench.telemetry.open.set()
        answers = [await two.next() for _ in range(10)]

    assert answers == [Puback(n) for n in range(1, 11)]


async def test_connecting_again_makes_no_room_in_the_window(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.mqtt.connection_reports.HOLD_REPORT_SECONDS", 0.05)
    bench.telemetry.open.clear()
    for client_id in ("one", "two", "three"):
        async with bench.raw(client_id=client_id) as client:
            await client.send(*(reading(n) for n in range(1, 6)), press(7))
            assert await client.next() == (Puback(7) if client_id == "one" else Puback(1))

    assert bench.telemetry.got.qsize() == REPORT_WINDOW


async def test_readings_that_are_settled_in_another_order_are_answered_in_theirs(bench: Bench) -> None:
    bench.telemetry.open.clear()
    async with bench.raw() as client:
        await client.send(reading(1), reading(2), reading(3))
        first, second, third = [await bench.telemetry.next() for _ in range(3)]
        for taken in (third, second, first):
            taken.settle(taken.packet_id)

        assert [await client.next() for _ in range(3)] == [Puback(1), Puback(2), Puback(3)]


async def test_a_press_behind_more_readings_than_the_window_has_places_is_read_though_none_is_settled(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.mqtt.connection_reports.HOLD_REPORT_SECONDS", 0.05)
    bench.telemetry.open.clear()
    async with bench.raw() as client:
        await client.send(*(reading(n) for n in range(1, 101)), press(200))

        assert await client.next() == Puback(200)
        bench.telemetry.open.set()
        assert [await client.next() for _ in range(100)] == [Puback(n) for n in range(1, 101)]

    assert bench.shed == 95
    assert bench.telemetry.finished == REPORT_WINDOW


async def test_presses_in_flight_are_counted_over_all_connections_of_a_device(bench: Bench) -> None:
    bench.alarm.open.clear()
    async with bench.raw(client_id="one") as one, bench.raw(client_id="two") as two, bench.raw("b-02") as other:
        await one.send(*(press(n) for n in range(1, 251)))
        await until(lambda: bench.alarm.got.qsize() == 250)
        await two.send(*(press(n) for n in range(1, 251)))
        await until(lambda: bench.alarm.got.qsize() == 256)
        await other.send(press(7, "b-02"))
        await until(lambda: bench.alarm.got.qsize() == 257)

        bench.alarm.open.set()
        answers = [await two.next() for _ in range(250)]

    assert answers == [Puback(n) for n in range(1, 251)]


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
