"""One press from the broker to the answer: nothing that calls for help is lost, nothing counts twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from hub.ingest import quarantine
from hub.ingest.model import QuarantineReason, Undecodable
from hub.kit.clock import SetClock
from hub.kit.db import Database, Login
from hub.mqtt.model import NotDurable
from hub.rules.model import PressHeard, PressKind
from tests.fakes.house import House
from tests.fakes.logins import url_as
from tests.integration.ingest.lanes import (
    ACK_TOPIC,
    PRESS,
    READINGS,
    TEMPERATURE,
    Acks,
    Lanes,
    ListeningRules,
    alarm,
    answers,
    hand_over,
    report,
    rows,
    running,
    said,
    standing,
)

SLOW_ALARMS = """
    CREATE FUNCTION public.linger() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_sleep(0.1);
      RETURN NEW;
    END
    $$;
    CREATE TRIGGER linger BEFORE INSERT ON alarm_press FOR EACH ROW EXECUTE FUNCTION public.linger()
"""
"""Each press costs its alarm a tenth of a second."""


async def test_a_press_is_stored_heard_concluded_and_answered(
    intake: Lanes, rules: ListeningRules, acks: Acks, clock: SetClock, house: House, database_url: str
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", PRESS))

    (ack,) = await answers(acks, 1)
    (event,) = rules.heard
    assert isinstance(event, PressHeard)
    assert (event.kind, event.senior_id, event.late) == (PressKind.PRESS, house.wang, False)
    assert event.pressed_at == clock.now() - timedelta(milliseconds=350)
    assert rows(database_url, "SELECT id, senior_id, seq FROM press") == [(event.press_id, "s-wang", 1042)]
    assert (ack["status"], ack["id"]) == ("committed", PRESS["id"])
    assert rows(database_url, "SELECT id FROM alarm") == [(ack["alarm"],)]
    assert acks.sent[0][0] == ACK_TOPIC


async def test_a_repeated_press_counts_once_and_is_answered_with_its_alarm(
    intake: Lanes, rules: ListeningRules, acks: Acks, clock: SetClock, database_url: str
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", PRESS))
    clock.advance(timedelta(seconds=9))
    await alarm(intake, said(clock, "alarm", "b-wang", {**PRESS, "age_ms": 9350, "battery": 80}))

    first, again = await answers(acks, 2)
    assert (again["status"], again["of"], again["alarm"]) == ("duplicate", "committed", first["alarm"])
    assert len(rules.heard) == 1
    assert rows(database_url, "SELECT count(*) FROM press") == [(1,)]


async def test_a_repeat_of_a_press_that_waits_shares_its_answer(
    intake: Lanes, acks: Acks, clock: SetClock, database_url: str
) -> None:
    same = said(clock, "alarm", "b-wang", PRESS)
    await alarm(intake, same, same, said(clock, "alarm", "b-li", PRESS))

    assert [str(ack["status"]) for ack in await answers(acks, 2)] == ["committed", "committed"]
    assert {topic.rsplit("/", 1)[1] for topic, _ in acks.sent} == {"b-li", "b-wang"}
    assert rows(database_url, "SELECT count(*) FROM press") == [(2,)]


async def test_the_same_id_with_other_content_is_another_press_and_a_notice(
    intake: Lanes, rules: ListeningRules, clock: SetClock, database: Database, house: House
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", PRESS))
    await alarm(intake, said(clock, "alarm", "b-wang", {**PRESS, "kind": "fall"}))

    assert len(rules.heard) == 2
    assert ("message-id-reused", "device:b-wang") in await standing(database, house)


async def test_an_undecodable_message_of_a_button_is_an_alarm_once_in_ten_minutes(
    intake: Lanes, rules: ListeningRules, clock: SetClock, database_url: str
) -> None:
    for minutes in (0, 5, 5):
        clock.advance(timedelta(minutes=minutes))
        await alarm(intake, said(clock, "alarm", "b-wang", b"help me"))

    events = [event for event in rules.heard if isinstance(event, PressHeard)]
    assert [event.unreadable for event in events] == [True, True]
    assert rows(database_url, "SELECT unreadable_reason FROM press") == [("not-json",), ("not-json",)]
    assert rows(database_url, "SELECT reason, times FROM quarantine") == [("not-json", 2)]


async def test_an_undecodable_press_waits_for_no_undecodable_report_of_its_device(
    intake: Lanes, rules: ListeningRules, clock: SetClock, telemetry_database: Database, house: House
) -> None:
    undecodable = Undecodable(None, QuarantineReason.NOT_JSON, "")
    report = said(clock, "telemetry", "b-wang", b"help me")
    async with telemetry_database.transaction() as conn, asyncio.timeout(1.5):
        await quarantine.quarantine_message(conn, report, undecodable, house.centre, clock.now())  # and stands still
        await alarm(intake, said(clock, "alarm", "b-wang", b"help me"), said(clock, "alarm", "b-li", PRESS))

    assert len(rules.heard) == 2


async def test_an_unknown_version_still_calls_for_help_and_is_answered(
    intake: Lanes, acks: Acks, clock: SetClock
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", {**PRESS, "v": 2}))

    (ack,) = await answers(acks, 1)
    assert ack["status"] == "committed"
    assert ack["alarm"]


async def test_a_press_of_a_device_that_nobody_registered_is_quarantined(
    intake: Lanes, rules: ListeningRules, clock: SetClock, database: Database, house: House
) -> None:
    await alarm(intake, said(clock, "alarm", "b-99", PRESS))

    async with database.transaction() as conn:
        (strange,) = await quarantine.list_quarantined(conn, house.centre)
    assert (strange.device_id, strange.reason) == ("b-99", "unknown-device")
    assert ("message-unreadable", "hub") in await standing(database, house)
    assert rules.heard == []


async def test_a_press_that_was_kept_for_an_hour_is_late_and_belongs_to_whoever_wore_the_button_then(
    intake: Lanes, rules: ListeningRules, clock: SetClock, database_url: str, house: House
) -> None:
    handed_over = clock.now() - timedelta(minutes=30)
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE assignment SET to_at = %s WHERE device_id = 'b-wang'", (handed_over,))
        conn.execute("INSERT INTO assignment VALUES ('as-2', 'b-wang', 's-zhang', NULL, %s, NULL)", (handed_over,))
    await alarm(intake, said(clock, "alarm", "b-wang", {**PRESS, "age_ms": 3_600_000}))

    (event,) = rules.heard
    assert isinstance(event, PressHeard)
    assert (event.late, event.senior_id) == (True, house.wang)


@pytest.mark.parametrize("age", [timedelta(days=20), timedelta(hours=1)])
async def test_a_press_that_is_older_than_its_assignment_still_has_a_person(
    intake: Lanes, rules: ListeningRules, clock: SetClock, database_url: str, house: House, age: timedelta
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE assignment SET from_at = %s WHERE device_id = 'b-wang'", (clock.now(),))
    await alarm(intake, said(clock, "alarm", "b-wang", {**PRESS, "age_ms": age // timedelta(milliseconds=1)}))

    (event,) = rules.heard
    assert isinstance(event, PressHeard)
    assert event.senior_id == house.wang


async def test_a_press_under_a_clock_of_the_year_2000_has_the_person_who_wears_the_button_now(
    intake: Lanes, rules: ListeningRules, clock: SetClock, database_url: str, house: House
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE assignment SET to_at = %s WHERE device_id = 'b-wang'", (clock.now(),))
        conn.execute("INSERT INTO assignment VALUES ('as-2', 'b-wang', 's-zhang', NULL, %s, NULL)", (clock.now(),))
    clock.set_wall(timedelta(days=-365 * 26))

    await alarm(intake, said(clock, "alarm", "b-wang", PRESS))

    (event,) = rules.heard
    assert isinstance(event, PressHeard)
    assert event.senior_id == house.zhang


async def test_an_alarm_is_opened_at_the_moment_at_which_its_locks_are_given(
    intake: Lanes, clock: SetClock, database_url: str
) -> None:
    """Not before the one of its key was resolved, for which it has waited."""
    asked = clock.now()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        with psycopg.connect(database_url) as conn:
            conn.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", ("alarm jiuquan-road:senior:s-wang:help",)
            )
            group.create_task(alarm(intake, said(clock, "alarm", "b-wang", PRESS)))
            while not rows(database_url, "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
                await asyncio.sleep(0.01)
            clock.advance(timedelta(seconds=2))

    assert rows(database_url, "SELECT opened_at, open_since FROM alarm") == [(asked + timedelta(seconds=2),) * 2]


async def test_a_press_whose_time_nobody_knows_has_the_time_of_receipt_and_says_so(
    intake: Lanes, rules: ListeningRules, clock: SetClock
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", {**PRESS, "age_ms": None, "at": "2026-11-23T01:00:00Z"}))

    (event,) = rules.heard
    assert isinstance(event, PressHeard)
    assert (event.pressed_at, event.time_uncertain, event.late) == (clock.now(), True, False)


async def test_a_press_that_says_no_age_has_the_time_that_readings_have_taught_of_its_devices_clock(
    intake: Lanes, rules: ListeningRules, clock: SetClock
) -> None:
    """Readings are heard by another process: what it learned is in the device's row."""
    an_hour_ago = (clock.now() - timedelta(hours=1)).isoformat()
    await report(intake, said(clock, "tele", "b-wang", {**TEMPERATURE, "at": an_hour_ago}))
    await intake.tell_who_was_heard()
    clock.advance(timedelta(seconds=2))
    await alarm(intake, said(clock, "alarm", "b-wang", {**PRESS, "age_ms": None, "at": an_hour_ago}))

    (event,) = [event for event in rules.heard if isinstance(event, PressHeard)]
    assert (clock.now() - event.pressed_at, event.time_uncertain) == (timedelta(seconds=2), False)


async def test_a_press_that_a_broker_had_kept_is_old_unless_it_was_heard_before(
    intake: Lanes, rules: ListeningRules, clock: SetClock
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", PRESS))
    await alarm(intake, said(clock, "alarm", "b-wang", PRESS, replayed=True))
    await alarm(intake, said(clock, "alarm", "b-li", PRESS, replayed=True))

    assert [event.old for event in rules.heard if isinstance(event, PressHeard)] == [False, True]


async def test_a_press_with_retain_rings_and_is_noticed(
    intake: Lanes, clock: SetClock, database: Database, house: House, database_url: str
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", PRESS, live_retain=True))

    assert rows(database_url, "SELECT state, times_pressed FROM alarm") == [("open", 1)]
    assert ("press-retained", "device:b-wang") in await standing(database, house)


@pytest.mark.parametrize("cancel_first", [False, True])
async def test_a_press_cancelled_within_ten_seconds_is_marked_whichever_came_first(
    intake: Lanes, clock: SetClock, cancel_first: bool, database_url: str
) -> None:
    press = said(clock, "alarm", "b-wang", {**PRESS, "age_ms": 4000})
    cancel = said(clock, "alarm", "b-wang", {"id": "c-1", "kind": "cancel", "of": PRESS["id"], "age_ms": 0})
    for message in (cancel, press) if cancel_first else (press, cancel):
        await alarm(intake, message)

    assert rows(database_url, "SELECT times_pressed, cancel_requested FROM alarm") == [(1, True)]


async def test_a_press_cancelled_too_late_is_not_marked(intake: Lanes, clock: SetClock, database_url: str) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", PRESS))
    clock.advance(timedelta(seconds=11))
    cancel: dict[str, object] = {"id": "c-1", "kind": "cancel", "of": PRESS["id"], "age_ms": 0}
    await alarm(intake, said(clock, "alarm", "b-wang", cancel))

    assert rows(database_url, "SELECT cancel_requested FROM alarm") == [(False,)]


async def test_a_press_that_the_database_refuses_calls_for_help_as_an_undecodable_one(
    intake: Lanes, acks: Acks, clock: SetClock, database_url: str
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("ALTER TABLE press ADD CHECK (seq <> 13)")
    await alarm(
        intake,
        said(clock, "alarm", "b-li", PRESS),
        said(clock, "alarm", "b-wang", {**PRESS, "seq": 13}),
    )

    assert rows(database_url, "SELECT device_id, unreadable_reason FROM press ORDER BY device_id") == [
        ("b-li", None),
        ("b-wang", "refused-by-the-database"),
    ]
    assert [ack["status"] for ack in await answers(acks, 2)] == ["committed", "committed"]


async def test_a_press_that_cannot_be_kept_at_all_is_noticed_with_its_device_and_not_answered(
    intake: Lanes, acks: Acks, clock: SetClock, database: Database, database_url: str, house: House
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("ALTER TABLE press ADD CHECK (device_id <> 'b-wang')")

    press = said(clock, "alarm", "b-wang", PRESS)
    with pytest.raises(NotDurable):
        await intake.alarms.receivers.alarm(press)
    await alarm(intake, said(clock, "alarm", "b-li", PRESS))

    assert ("press-unkept", "device:b-wang") in await standing(database, house)
    assert intake.alarms.counts.unkept == 1
    await answers(acks, 1)
    assert [topic for topic, *_ in acks.sent] == ["anling/v1/jiuquan-road/ack/b-li"]


async def test_more_presses_than_one_attempt_can_commit_are_committed_in_parts(
    intake: Lanes, clock: SetClock, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setattr("hub.ingest.attempts.ATTEMPT_SECONDS", 0.5)
    with psycopg.connect(database_url) as conn:
        conn.execute(SLOW_ALARMS)

    await alarm(
        intake, *(said(clock, "alarm", "b-wang", {**PRESS, "id": f"9f3c2a7be41d0c55-{n}"}) for n in range(10, 20))
    )

    assert rows(database_url, "SELECT count(*) FROM alarm_press") == [(10,)]


async def test_presses_and_readings_wait_for_the_database_and_what_has_no_answer_does_not(
    database_url: str, house: House, clock: SetClock, rules: ListeningRules, acks: Acks
) -> None:
    async with (
        Database.open(url_as(database_url, Login.ALARMS), size=1, name="alarms") as alarms,
        Database.open(url_as(database_url, Login.TELEMETRY), size=1, name="telemetry") as telemetry,
        running(Lanes.over(alarms, telemetry, clock, rules), acks) as intake,
    ):
        with psycopg.connect(database_url) as conn:
            conn.execute("LOCK TABLE device IN ACCESS EXCLUSIVE MODE")
            async with asyncio.TaskGroup() as tasks:
                press = tasks.create_task(
                    hand_over(intake.alarms.receivers.alarm, said(clock, "alarm", "b-wang", PRESS))
                )
                temperature = said(clock, "tele", "t-gym", TEMPERATURE)
                reading = tasks.create_task(report(intake, temperature))
                await report(intake, replace(temperature, qos=0))

                assert not press.done()
                assert not reading.done()
                assert intake.telemetry.counts.shed == 1
                conn.rollback()

    assert len(rows(database_url, READINGS)) == 2
    assert rows(database_url, "SELECT state, times_pressed FROM alarm") == [("open", 1)]
