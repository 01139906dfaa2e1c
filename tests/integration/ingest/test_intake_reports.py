"""One report from the broker to the answer: what becomes of readings, states, visits and undecodable messages?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg
import pytest

from hub.ingest import quarantine, store
from hub.ingest.model import QuarantineReason, Undecodable
from hub.ingest.telemetry import TELEMETRY_CAPACITY
from hub.kit.clock import SetClock
from hub.kit.db import Conn, Database, Login
from hub.notices.model import NoticeCode
from hub.rules.model import Event, Finding, ReadingHeard, ReportedState, StatusHeard, VisitHeard
from hub.rules.service import Rules
from tests.fakes.deadlocks import WAITS_FOR_A_LOCK, delay_deadlock_detection
from tests.fakes.house import House
from tests.fakes.logins import url_as
from tests.integration.ingest.lanes import (
    PRESS,
    READINGS,
    TEMPERATURE,
    Acks,
    Lanes,
    ListeningRules,
    alarm,
    answers,
    report,
    rows,
    running,
    said,
    standing,
)  # fmt: skip


async def test_readings_are_kept_and_heard_with_their_room(
    intake: Lanes, rules: ListeningRules, clock: SetClock, house: House, database_url: str
) -> None:
    await report(intake, said(clock, "tele", "t-gym", TEMPERATURE))

    heard = [reading for reading in rules.heard if isinstance(reading, ReadingHeard)]
    assert [(reading.name, reading.value, reading.room_id) for reading in heard] == [
        ("temperature", 21.4, house.gym),
        ("battery", 87, house.gym),
    ]
    assert rules.heard == heard
    assert rows(database_url, READINGS) == [("battery", 87), ("temperature", 21.4)]


async def test_who_was_heard_and_how_its_battery_is_shows_on_the_device(
    intake: Lanes, clock: SetClock, database_url: str
) -> None:
    await report(intake, said(clock, "tele", "t-gym", TEMPERATURE))
    await alarm(intake, said(clock, "alarm", "b-wang", {**PRESS, "battery": 93}))
    await intake.tell_who_was_heard()

    found = rows(
        database_url, "SELECT id, battery_percent, heard_at FROM device WHERE heard_at IS NOT NULL ORDER BY id"
    )
    assert found == [("b-wang", 93, clock.now()), ("t-gym", 87, clock.now())]


@pytest.mark.parametrize("percent", [1e39, -1, 100.5, 1e308])
async def test_a_battery_that_no_battery_can_have_is_a_reading_and_leaves_the_device_as_it_was(
    intake: Lanes, clock: SetClock, database_url: str, percent: float
) -> None:
    readings = [{"name": "battery", "value": percent, "unit": "%EL"}]
    await report(intake, said(clock, "tele", "t-gym", TEMPERATURE))
    clock.advance(timedelta(seconds=1))
    await report(intake, said(clock, "tele", "t-gym", {**TEMPERATURE, "readings": readings}))
    await intake.tell_who_was_heard()

    assert rows(database_url, READINGS)[-1] == ("battery", percent)
    assert rows(database_url, "SELECT battery_percent FROM device WHERE id = 't-gym'") == [(87,)]


async def test_a_battery_too_small_for_its_column_is_empty(intake: Lanes, clock: SetClock, database_url: str) -> None:
    readings = [{"name": "battery", "value": 1e-46, "unit": "%EL"}]
    await report(intake, said(clock, "tele", "t-gym", {**TEMPERATURE, "readings": readings}))
    await alarm(intake, said(clock, "alarm", "b-wang", {**PRESS, "battery": 1e-46}))
    await intake.tell_who_was_heard()

    found = rows(database_url, "SELECT id, battery_percent FROM device WHERE heard_at IS NOT NULL ORDER BY id")
    assert found == [("b-wang", 0), ("t-gym", 0)]


async def test_a_last_will_is_not_the_device_and_leaves_when_it_was_heard(
    intake: Lanes, clock: SetClock, database_url: str
) -> None:
    heard_at = clock.now()
    await report(intake, said(clock, "status", "b-wang", {"state": "online"}))
    await intake.tell_who_was_heard()
    clock.advance(timedelta(minutes=20))
    await report(intake, said(clock, "status", "b-wang", {"state": "offline"}))
    await intake.tell_who_was_heard()

    found = rows(database_url, "SELECT state, state_at, heard_at FROM device WHERE id = 'b-wang'")
    assert found == [("offline", clock.now(), heard_at)]


async def test_a_card_read_twice_enters_once_and_is_answered_twice(
    intake: Lanes, rules: ListeningRules, acks: Acks, clock: SetClock, house: House, database_url: str
) -> None:
    visit: dict[str, object] = {"id": "r-1", "token": "c-wang", "what": "enter", "room": "gym", "age_ms": 0}
    await report(intake, said(clock, "visit", "r-gym", visit))
    await report(intake, said(clock, "visit", "r-gym", {**visit, "age_ms": 2000}))

    assert [ack["status"] for ack in await answers(acks, 2)] == ["committed", "duplicate"]
    (event,) = rules.heard
    assert isinstance(event, VisitHeard)
    assert (event.senior_id, event.room_id) == (house.wang, house.gym)
    assert rows(database_url, "SELECT senior_id, room_id FROM presence") == [("s-wang", "gym")]


async def test_a_state_and_a_proof_reach_the_fleet(
    intake: Lanes, rules: ListeningRules, clock: SetClock, database_url: str
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute(
            "INSERT INTO device_command (id, device_id, subtopic, payload, made_at, until_at, retry_at, nonce) "
            "VALUES ('m-1', 'siren-corridor', 'cmd', '{}', %(now)s, %(now)s, %(now)s, 'n-1')",
            {"now": clock.now()},
        )
    await report(
        intake,
        said(clock, "status", "b-wang", {"state": "online", "fw": "1.2.0"}, live_retain=True),
        said(clock, "done", "siren-corridor", {"nonce": "n-1", "state": "sounding"}),
    )

    (event,) = rules.heard
    assert isinstance(event, StatusHeard)
    assert event.state is ReportedState.ONLINE
    assert rows(database_url, "SELECT state, firmware FROM device WHERE id = 'b-wang'") == [("online", "1.2.0")]
    assert rows(database_url, "SELECT proof FROM device_command") == [("sounding",)]


class Onlooker(Rules):
    """Rules beside which somebody else wants the device outbox."""

    def __init__(self, clock: SetClock, database_url: str) -> None:
        super().__init__([], clock)
        self.database_url = database_url
        self.free: list[str] = []

    async def evaluate_events(self, conn: Conn, events: Sequence[Event], now: datetime) -> list[Finding]:
        self.free += [str(row[0]) for row in rows(self.database_url, "SELECT id FROM device_command FOR UPDATE NOWAIT")]
        return await super().evaluate_events(conn, events, now)


async def test_states_and_proofs_are_kept_before_the_rules_are_waited_for(
    database: Database, database_url: str, house: House, clock: SetClock, acks: Acks
) -> None:
    onlooker = Onlooker(clock, database_url)
    with psycopg.connect(database_url) as conn:
        conn.execute(
            "INSERT INTO device_command (id, device_id, subtopic, payload, made_at, until_at, retry_at, nonce) "
            "VALUES ('m-1', %(siren)s, 'cmd', '{}', %(now)s, %(until)s, %(now)s, 'n-1'), "
            "('m-2', %(lamp)s, 'cmd', '{}', %(now)s, %(until)s, %(now)s, 'n-2')",
            {
                "siren": house.siren,
                "lamp": house.lamp,
                "now": clock.now(),
                "until": clock.now() + timedelta(minutes=1),
            },
        )
    async with running(Lanes.over(database, database, clock, onlooker), acks) as intake:
        await report(
            intake,
            said(clock, "status", house.lamp, {"state": "online"}),
            said(clock, "done", house.siren, {"nonce": "n-1", "state": "sounding"}),
        )

    assert sorted(onlooker.free) == ["m-1", "m-2"]
    assert rows(database_url, "SELECT proof FROM device_command ORDER BY id") == [("sounding",), (None,)]


async def test_an_undecodable_report_is_quarantined_and_the_others_are_kept(
    intake: Lanes, clock: SetClock, database_url: str
) -> None:
    await report(
        intake,
        said(clock, "tele", "t-gym", b"{"),
        said(clock, "tele", "t-99", TEMPERATURE),
        said(clock, "tele", "t-gym", TEMPERATURE),
    )

    assert rows(database_url, "SELECT device_id, reason FROM quarantine ORDER BY device_id") == [
        ("t-99", "unknown-device"),
        ("t-gym", "not-json"),
    ]
    assert len(rows(database_url, READINGS)) == 2


async def test_the_newest_messages_stay_quarantined_and_to_make_room_locks_none_of_them(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    async def set_aside(n: int) -> None:
        async with database.transaction() as conn:
            garbled = Undecodable(None, QuarantineReason.NOT_JSON, "")
            await quarantine.quarantine_message(
                conn, said(clock, "tele", "t-gym", f"{n}".encode()), garbled, house.centre, clock.now()
            )

    for n in range(3):
        clock.advance(timedelta(seconds=1))
        await set_aside(n)
    async with database.transaction() as conn:
        await store.trim_quarantine(conn, house.centre, 2)
        kept = rows(
            database_url, "SELECT payload FROM quarantine WHERE payload <> '0' ORDER BY payload FOR UPDATE NOWAIT"
        )

    assert kept == rows(database_url, "SELECT payload FROM quarantine ORDER BY payload") == [(b"1",), (b"2",)]


async def test_a_device_that_talks_nonsense_without_end_costs_the_others_nothing(
    intake: Lanes, clock: SetClock, database_url: str
) -> None:
    nonsense = [said(clock, "tele", "cam-gym", f"{n}".encode()) for n in range(400)]
    await report(intake, *nonsense, said(clock, "tele", "t-gym", TEMPERATURE))

    assert len(rows(database_url, READINGS)) == 2
    assert intake.telemetry.counts.shed == 0
    assert rows(database_url, "SELECT count(*) <= 40 FROM quarantine") == [(True,)]


async def test_a_report_that_the_database_refuses_is_quarantined_alone(
    intake: Lanes, clock: SetClock, database_url: str
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("ALTER TABLE device ADD CHECK (firmware <> 'bad')")
    await report(
        intake,
        said(clock, "status", "b-wang", {"state": "online", "fw": "bad"}),
        said(clock, "status", "b-li", {"state": "online", "fw": "good"}),
    )

    assert rows(database_url, "SELECT state FROM device WHERE id = 'b-li'") == [("online",)]
    assert rows(database_url, "SELECT device_id, reason FROM quarantine") == [("b-wang", "refused-by-the-database")]


async def test_reports_that_lost_a_deadlock_are_kept_all_the_same(
    database_url: str, house: House, clock: SetClock, rules: ListeningRules, acks: Acks
) -> None:
    delay_deadlock_detection(database_url)
    online: dict[str, object] = {"state": "online"}
    async with (
        asyncio.timeout(20),
        Database.open(url_as(database_url, Login.ALARMS), size=2, name="test hub") as database,
        running(Lanes.over(database, database, clock, rules), acks) as intake,
        await psycopg.AsyncConnection.connect(database_url) as other,
        asyncio.TaskGroup() as tasks,
    ):
        await other.execute("SET deadlock_timeout = '10s'")  # who finds the deadlock is ended by it: the reports
        await other.execute("SELECT FROM device WHERE id = %s FOR UPDATE", (house.lamp,))
        reports = tasks.create_task(
            report(intake, said(clock, "status", house.siren, online), said(clock, "status", house.lamp, online))
        )
        while not rows(database_url, WAITS_FOR_A_LOCK):
            await asyncio.sleep(0.01)
        await other.execute("SELECT FROM device WHERE id = %s FOR UPDATE", (house.siren,))
        await other.commit()
        await reports
        while intake.alarms.counts.kept < 2:
            await asyncio.sleep(0.01)

    assert rows(database_url, "SELECT state FROM device WHERE kind IN ('siren', 'lamp')") == [("online",)] * 2


async def test_a_full_queue_sheds_what_has_no_answer_at_once_and_takes_the_rest(
    database: Database, house: House, clock: SetClock, rules: ListeningRules
) -> None:
    lanes = Lanes.over(database, database, clock, rules)  # nobody takes anything out of the queue
    reading = replace(said(clock, "tele", "t-gym", TEMPERATURE), qos=0)
    visit = said(clock, "visit", "r-gym", {"id": "r-1", "token": "c-wang", "what": "arrive"})
    answered: list[str] = []
    for _ in range(TELEMETRY_CAPACITY + 5):
        lanes.telemetry.receive(reading, lambda: answered.append("reading"))
    lanes.telemetry.receive(visit, lambda: answered.append("visit"))

    assert answered == ["reading"] * 5

    await lanes.tell_who_was_heard()
    assert (NoticeCode.TELEMETRY_SHED, "hub") in await standing(database, house)
