"""A repeat makes no second alarm, however late; a device that can only say one word can call twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from hub.alarms.model import Outcome
from hub.alarms.service import accept_alarm, resolve_alarm, take_due_timer
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.kit.ids import AlarmId
from hub.notices.parking import process_next_row
from tests.fakes.house import House
from tests.integration.ingest.lanes import (
    PRESS,
    Acks,
    Lanes,
    ListeningRules,
    alarm,
    answers,
    rows,
    running,
    said,
    standing,
)

WORD: dict[str, object] = {"id": "SOS", "kind": "press"}
ALARMS = "SELECT state FROM alarm ORDER BY opened_at, state DESC"


async def end_alarms(database: Database, house: House, clock: SetClock) -> None:
    """Somebody takes each live alarm, and helps."""
    async with database.transaction() as conn:
        live = await (await conn.execute("SELECT id FROM alarm WHERE state = 'open' ORDER BY id")).fetchall()
        for (alarm_id,) in live:
            await accept_alarm(conn, AlarmId(alarm_id), house.zhou, clock.now())
            await resolve_alarm(conn, AlarmId(alarm_id), house.zhou, Outcome.ASSISTED, "helped", clock.now())


async def close_alarms(database: Database, clock: SetClock) -> None:
    """What is resolved is closed after its quarter of an hour."""
    clock.advance(timedelta(minutes=15))
    while await process_next_row(database, take_due_timer, clock.now):
        pass


@pytest.mark.parametrize("word", [b"SOS", b"\xff\x00", {**WORD, "v": 2}, WORD, {**WORD, "kind": "pull_cord"}])
async def test_the_one_word_a_device_can_say_is_a_new_call_once_she_was_helped(
    word: dict[str, object] | bytes, intake: Lanes, clock: SetClock, database: Database, house: House, database_url: str
) -> None:
    for _ in range(2):
        await alarm(intake, said(clock, "alarm", "b-wang", word))
        clock.advance(timedelta(seconds=1))
        await end_alarms(database, house, clock)
        clock.advance(timedelta(seconds=1))
    await alarm(intake, said(clock, "alarm", "b-wang", word))

    assert rows(database_url, ALARMS) == [("resolved",), ("resolved",), ("open",)]
    assert {("message-id-reused", "device:b-wang"), ("message-unreadable", "device:b-wang")} & await standing(
        database, house
    )


async def test_while_she_waits_her_word_is_a_repeat(
    intake: Lanes, acks: Acks, clock: SetClock, database: Database, house: House, database_url: str
) -> None:
    for _ in range(3):
        await alarm(intake, said(clock, "alarm", "b-wang", WORD))
        clock.advance(timedelta(seconds=15))

    assert [ack["status"] for ack in await answers(acks, 3)] == ["committed", "duplicate", "duplicate"]
    assert rows(database_url, "SELECT times_pressed FROM alarm") == [(1,)]


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("message", [PRESS, {**PRESS, "v": 2}, {**PRESS, "kind": "shout"}])
async def test_a_late_repeat_of_an_id_of_our_form_is_a_duplicate_after_its_alarm_and_a_restart(
    message: dict[str, object], closed: bool, intake: Lanes, acks: Acks, clock: SetClock, database: Database,
    telemetry_database: Database, house: House, database_url: str,
) -> None:  # fmt: skip
    await alarm(intake, said(clock, "alarm", "b-wang", message))
    await end_alarms(database, house, clock)
    if closed:
        await close_alarms(database, clock)
    clock.advance(timedelta(days=29))
    later = {**message, "age_ms": 1000, "battery": 12}
    async with running(Lanes.over(database, telemetry_database, clock, ListeningRules(clock)), acks) as restarted:
        await alarm(restarted, said(clock, "alarm", "b-wang", later))

    assert [ack["status"] for ack in await answers(acks, 2)] == ["committed", "duplicate"]
    assert rows(database_url, "SELECT count(*) FROM alarm") == [(1,)]


@pytest.mark.parametrize(
    "again",
    [
        {"dup": True},
        {"replayed": True},
        {"message": {**WORD, "age_ms": 20_000}},
        {"message": {**WORD, "age_ms": 2**53 - 1}},
    ],
)
async def test_a_word_that_something_says_is_old_is_no_new_call(
    again: dict[str, object], intake: Lanes, clock: SetClock, database: Database, house: House, database_url: str
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", WORD))
    clock.advance(timedelta(seconds=10))
    await end_alarms(database, house, clock)
    clock.advance(timedelta(seconds=5))
    message = again.get("message", WORD)
    assert isinstance(message, dict)
    sent_again = said(
        clock, "alarm", "b-wang", message, dup=bool(again.get("dup")), replayed=bool(again.get("replayed"))
    )
    await alarm(intake, sent_again)

    assert rows(database_url, ALARMS) == [("resolved",)]


@pytest.mark.parametrize("payload", [b"SOS", b"\xff\xfe\xfd"])
async def test_bytes_sent_again_are_no_new_call(
    payload: bytes, intake: Lanes, clock: SetClock, database: Database, house: House, database_url: str
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", payload))
    await end_alarms(database, house, clock)
    clock.advance(timedelta(hours=1))
    await alarm(intake, said(clock, "alarm", "b-wang", payload, dup=True))

    assert rows(database_url, ALARMS) == [("resolved",)]


async def test_a_cancel_that_a_device_words_the_same_each_time_cancels_each_of_her_calls(
    intake: Lanes, clock: SetClock, database: Database, house: House, database_url: str
) -> None:
    for _ in range(2):
        await alarm(intake, said(clock, "alarm", "b-wang", WORD))
        await alarm(intake, said(clock, "alarm", "b-wang", {"id": "NO", "kind": "cancel", "of": "SOS"}))
        clock.advance(timedelta(seconds=30))
        await end_alarms(database, house, clock)
        clock.advance(timedelta(seconds=30))

    assert rows(database_url, "SELECT cancel_requested FROM alarm") == [(True,), (True,)]


async def test_the_same_press_at_two_hubs_at_once_is_one(
    intake: Lanes, acks: Acks, clock: SetClock, database: Database, telemetry_database: Database, database_url: str
) -> None:
    other = Lanes.over(database, telemetry_database, clock, ListeningRules(clock))
    async with running(other, acks):
        presses = [said(clock, "alarm", "b-wang", {**PRESS, "id": f"9f3c2a7be41d0c55-{n}"}) for n in range(20)]
        for press in presses:
            await asyncio.gather(alarm(intake, press), alarm(other, press))

    assert rows(database_url, "SELECT count(*) FROM press") == [(20,)]
    statuses = [ack["status"] for ack in await answers(acks, 40)]
    assert (statuses.count("committed"), statuses.count("duplicate")) == (20, 20)
