"""One device takes no other's place on the alarm lane, and a repeat of what waits is no second message."""

from __future__ import annotations

import asyncio

import psycopg

from hub.kit.clock import SetClock
from hub.kit.db import Database
from tests.fakes.house import House
from tests.integration.ingest.lanes import (
    PRESS,
    TEMPERATURE,
    Acks,
    Lanes,
    alarm,
    answers,
    hand_over,
    report,
    rows,
    said,
    standing,
)

FLOOD = 100


def id_of(number: int) -> str:
    return f"9f3c2a7be41d0c55-{number}"


async def test_a_press_does_not_wait_for_the_flood_of_another_device(
    intake: Lanes, clock: SetClock, database_url: str
) -> None:
    async with asyncio.TaskGroup() as tasks:
        flood = [
            tasks.create_task(
                hand_over(
                    intake.alarms.receivers.alarm,
                    said(clock, "alarm", "b-wang", {**PRESS, "id": id_of(n), "seq": n}),
                )
            )
            for n in range(FLOOD)
        ]
        await flood[0]
        await alarm(intake, said(clock, "alarm", "b-li", PRESS))
        answered = sum(one.done() for one in flood)

    assert answered < FLOOD
    assert rows(database_url, "SELECT device_id, count(*) FROM press GROUP BY device_id ORDER BY 1") == [
        ("b-li", 1),
        ("b-wang", FLOOD),
    ]
    assert rows(database_url, "SELECT DISTINCT times_pressed FROM alarm ORDER BY 1") == [(1,), (FLOOD,)]


async def test_undecodable_messages_of_one_device_delay_no_press_of_another(intake: Lanes, clock: SetClock) -> None:
    async with asyncio.TaskGroup() as tasks:
        flood = [
            tasks.create_task(
                hand_over(intake.alarms.receivers.alarm, said(clock, "alarm", "b-wang", f"help {n}".encode()))
            )
            for n in range(FLOOD)
        ]
        await flood[0]
        await alarm(intake, said(clock, "alarm", "b-li", PRESS))
        answered = sum(one.done() for one in flood)

    assert answered < FLOOD


async def test_repeats_that_come_while_the_database_takes_nothing_make_one_message_a_press(
    intake: Lanes, acks: Acks, clock: SetClock, database_url: str
) -> None:
    presses = [said(clock, "alarm", "b-wang", {**PRESS, "id": id_of(n), "seq": n}) for n in range(20)]
    with psycopg.connect(database_url) as conn:
        conn.execute("LOCK TABLE press IN ACCESS EXCLUSIVE MODE")
        async with asyncio.TaskGroup() as tasks:
            waiting = [
                tasks.create_task(hand_over(intake.alarms.receivers.alarm, press))
                for _ in range(5)
                for press in presses
            ]
            await asyncio.sleep(0)
            conn.rollback()

    assert all(one.done() for one in waiting)
    assert intake.alarms.counts.kept == 20
    assert [ack["status"] for ack in await answers(acks, 20)] == ["committed"] * 20
    assert len({ack["id"] for _, ack in acks.sent}) == 20


async def test_a_message_that_raises_is_tried_alone_and_costs_no_other_its_place(
    intake: Lanes, clock: SetClock, database_url: str
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("ALTER TABLE press ADD CHECK (seq <> 13)")
    await alarm(intake, said(clock, "alarm", "b-wang", {**PRESS, "seq": 13}))
    refused = intake.alarms.counts.refused
    await alarm(
        intake,
        *(said(clock, "alarm", "b-wang", {**PRESS, "id": id_of(n), "seq": 13}) for n in range(3)),
        *(said(clock, "alarm", "b-li", {**PRESS, "id": id_of(n), "seq": n}) for n in range(3)),
    )

    assert rows(database_url, "SELECT count(*) FROM press") == [(7,)]
    assert intake.alarms.counts.refused == refused + 3  # each of its own, and none together with another's


async def test_a_device_that_presses_more_often_than_a_hand_can_is_noticed_and_rings(
    intake: Lanes, clock: SetClock, database: Database, house: House, database_url: str
) -> None:
    await alarm(intake, *(said(clock, "alarm", "b-wang", {**PRESS, "id": id_of(n), "seq": n}) for n in range(51)))
    await intake.tell_who_was_heard()

    assert ("press-flood", "device:b-wang") in await standing(database, house)
    assert rows(database_url, "SELECT times_pressed FROM alarm") == [(51,)]


async def test_presses_of_one_alarm_that_are_committed_together_are_one_transition_and_each_counts(
    intake: Lanes, acks: Acks, clock: SetClock, database_url: str
) -> None:
    await alarm(intake, *(said(clock, "alarm", "b-wang", {**PRESS, "id": id_of(n), "seq": n}) for n in range(6)))

    assert rows(database_url, "SELECT version, times_pressed FROM alarm") == [(2, 6)]
    assert rows(database_url, "SELECT count(*) FROM alarm_press") == [(6,)]
    given = await answers(acks, 6)
    assert {ack["id"] for ack in given} == {id_of(n) for n in range(6)}
    assert len({ack["alarm"] for ack in given}) == 1


async def test_a_reading_does_not_wait_for_the_flood_of_another_device(intake: Lanes, clock: SetClock) -> None:
    async with asyncio.TaskGroup() as tasks:
        flood = [
            tasks.create_task(report(intake, said(clock, "tele", "cam-gym", {**TEMPERATURE, "id": id_of(n)})))
            for n in range(FLOOD)
        ]
        await flood[0]
        await report(intake, said(clock, "tele", "t-gym", TEMPERATURE))
        answered = sum(one.done() for one in flood)

    assert answered < FLOOD
    assert intake.telemetry.counts.shed == 0
