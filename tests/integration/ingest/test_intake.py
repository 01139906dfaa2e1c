"""One message from the broker to the answer: nothing that calls for help is lost, nothing counts twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

import psycopg
import pytest

from hub.ingest import quarantine, store
from hub.ingest.intake import Intake
from hub.ingest.model import QuarantineReason, Undecodable
from hub.ingest.telemetry import TELEMETRY_CAPACITY, ReportPools, TelemetryIntake
from hub.kit.clock import SetClock
from hub.kit.db import Conn, Database, Login
from hub.mqtt.model import Inbound, Receiver
from hub.notices import store as notices
from hub.notices.model import NoticeCode
from hub.rules.model import Event, Finding, PressHeard, PressKind, ReadingHeard, ReportedState, StatusHeard, VisitHeard
from tests.fakes.circles import WAITS_FOR_A_LOCK, delay_deadlock_detection
from tests.fakes.house import House
from tests.fakes.logins import url_as
from tests.integration.ingest.fakes import Hub, said

PRESS: dict[str, object] = {"id": "9f3c2a7be41d0c55-1042", "seq": 1042, "kind": "press", "age_ms": 350}
ACK_TOPIC = "anling/v1/jiuquan-road/ack/b-wang"


@pytest.fixture
def hub() -> Hub:
    return Hub()


@dataclass(frozen=True)
class Lanes:
    """What a broker hands messages to, in both processes."""

    alarms: Intake
    telemetry: TelemetryIntake

    @classmethod
    def over(cls, alarms: Database, telemetry: Database, clock: SetClock, hub: Hub) -> Self:
        pools = ReportPools(telemetry, telemetry)
        return cls(
            Intake(alarms, alarms, clock, hub.neighbours()),
            TelemetryIntake(pools, clock, hub.report_neighbours()),
        )

    async def report(self, inbound: Inbound) -> None:
        """Hand over anything but a press; returns when its sender is answered."""
        if "/status/" in inbound.topic or "/done/" in inbound.topic:
            await self.alarms.receivers.state(inbound)
        else:
            answered = asyncio.Event()
            self.telemetry.receive(inbound, answered.set)
            await answered.wait()

    async def tell_who_was_heard(self) -> None:
        await self.alarms.heard.write()
        await self.telemetry.heard.write()


@pytest.fixture
async def intake(
    database: Database, telemetry_database: Database, house: House, clock: SetClock, hub: Hub
) -> AsyncIterator[Lanes]:
    async with running(Lanes.over(database, telemetry_database, clock, hub), hub) as started:
        yield started


@asynccontextmanager
async def running(lanes: Lanes, hub: Hub) -> AsyncIterator[Lanes]:
    async with asyncio.TaskGroup() as tasks:
        loops = [
            tasks.create_task(lanes.alarms.run_alarms(hub)),
            tasks.create_task(lanes.alarms.run_states()),
            tasks.create_task(lanes.telemetry.run(hub)),
        ]
        yield lanes
        for loop in loops:
            loop.cancel()


async def hand_over(receiver: Receiver, inbound: Inbound) -> None:
    await receiver(inbound)


async def alarm(intake: Lanes, *inbound: Inbound) -> None:
    async with asyncio.timeout(10):
        await asyncio.gather(*(intake.alarms.receivers.alarm(one) for one in inbound))


async def report(intake: Lanes, *inbound: Inbound) -> None:
    async with asyncio.timeout(10):
        await asyncio.gather(*(intake.report(one) for one in inbound))


async def answers(hub: Hub, count: int) -> list[dict[str, object]]:
    async with asyncio.timeout(10):
        while len(hub.spoken) < count:
            await asyncio.sleep(0.005)
    return [payload for _, payload in hub.spoken]


async def standing(database: Database, house: House) -> set[tuple[str, str]]:
    async with database.transaction() as conn:
        return {(notice.code, notice.subject) for notice in await notices.list_standing_notices(conn, house.centre, 50)}


def rows(database_url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database_url) as conn:
        return conn.execute(query).fetchall()


async def test_a_press_is_stored_heard_concluded_and_answered(
    intake: Lanes, hub: Hub, clock: SetClock, house: House, database_url: str
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", PRESS))

    (ack,) = await answers(hub, 1)
    (event,) = hub.heard
    assert isinstance(event, PressHeard)
    assert (event.kind, event.senior_id, event.late) == (PressKind.PRESS, house.wang, False)
    assert event.pressed_at == clock.now() - timedelta(milliseconds=350)
    assert rows(database_url, "SELECT id, senior_id, seq FROM press") == [(event.press_id, "s-wang", 1042)]
    assert (ack["status"], ack["id"]) == ("committed", PRESS["id"])
    assert rows(database_url, "SELECT id FROM alarm") == [(ack["alarm"],)]
    assert hub.spoken[0][0] == ACK_TOPIC


async def test_a_repeated_press_counts_once_and_is_answered_with_its_alarm(
    intake: Lanes, hub: Hub, clock: SetClock, database_url: str
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", PRESS))
    clock.advance(timedelta(seconds=9))
    await alarm(intake, said(clock, "alarm", "b-wang", {**PRESS, "age_ms": 9350, "battery": 80}))

    first, again = await answers(hub, 2)
    assert (again["status"], again["of"], again["alarm"]) == ("duplicate", "committed", first["alarm"])
    assert len(hub.heard) == 1
    assert rows(database_url, "SELECT count(*) FROM press") == [(1,)]


async def test_a_press_and_its_repeat_in_one_batch_count_once(
    intake: Lanes, hub: Hub, clock: SetClock, database_url: str
) -> None:
    same = said(clock, "alarm", "b-wang", PRESS)
    await alarm(intake, same, same, said(clock, "alarm", "b-li", PRESS))

    assert sorted(str(ack["status"]) for ack in await answers(hub, 1)) == ["committed", "committed", "duplicate"]
    assert rows(database_url, "SELECT count(*) FROM press") == [(2,)]


async def test_the_same_id_with_other_content_is_another_press_and_a_notice(
    intake: Lanes, hub: Hub, clock: SetClock, database: Database, house: House
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", PRESS))
    await alarm(intake, said(clock, "alarm", "b-wang", {**PRESS, "kind": "fall"}))

    assert len(hub.heard) == 2
    assert ("message-id-reused", "device:b-wang") in await standing(database, house)


async def test_a_message_of_a_button_that_nobody_can_read_is_an_alarm_once_in_ten_minutes(
    intake: Lanes, hub: Hub, clock: SetClock, database_url: str
) -> None:
    for minutes in (0, 5, 5):
        clock.advance(timedelta(minutes=minutes))
        await alarm(intake, said(clock, "alarm", "b-wang", b"help me"))

    events = [event for event in hub.heard if isinstance(event, PressHeard)]
    assert [event.unreadable for event in events] == [True, True]
    assert rows(database_url, "SELECT unreadable_reason FROM press") == [("not-json",), ("not-json",)]
    assert rows(database_url, "SELECT reason, times FROM quarantine") == [("not-json", 2)]


async def test_an_unknown_version_still_calls_for_help_and_is_answered(
    intake: Lanes, hub: Hub, clock: SetClock
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", {**PRESS, "v": 2}))

    (ack,) = await answers(hub, 1)
    assert ack["status"] == "committed"
    assert ack["alarm"]


async def test_a_press_of_a_device_that_nobody_registered_is_set_aside(
    intake: Lanes, hub: Hub, clock: SetClock, database: Database, house: House
) -> None:
    await alarm(intake, said(clock, "alarm", "b-99", PRESS))

    async with database.transaction() as conn:
        (strange,) = await quarantine.list_quarantined(conn, house.centre)
    assert (strange.device_id, strange.reason) == ("b-99", "unknown-device")
    assert ("message-unreadable", "hub") in await standing(database, house)
    assert hub.heard == []


async def test_a_press_that_was_kept_for_an_hour_is_late_and_belongs_to_whoever_wore_the_button_then(
    intake: Lanes, hub: Hub, clock: SetClock, database_url: str, house: House
) -> None:
    handed_over = clock.now() - timedelta(minutes=30)
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE assignment SET to_at = %s WHERE device_id = 'b-wang'", (handed_over,))
        conn.execute("INSERT INTO assignment VALUES ('as-2', 'b-wang', 's-zhang', NULL, %s, NULL)", (handed_over,))
    await alarm(intake, said(clock, "alarm", "b-wang", {**PRESS, "age_ms": 3_600_000}))

    (event,) = hub.heard
    assert isinstance(event, PressHeard)
    assert (event.late, event.senior_id) == (True, house.wang)


async def test_a_press_whose_time_nobody_knows_has_the_time_of_receipt_and_says_so(
    intake: Lanes, hub: Hub, clock: SetClock
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", {**PRESS, "age_ms": None, "at": "2026-11-23T01:00:00Z"}))

    (event,) = hub.heard
    assert isinstance(event, PressHeard)
    assert (event.pressed_at, event.time_uncertain, event.late) == (clock.now(), True, False)


async def test_a_press_that_a_broker_had_kept_is_old_unless_it_was_heard_before(
    intake: Lanes, hub: Hub, clock: SetClock
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", PRESS))
    await alarm(intake, said(clock, "alarm", "b-wang", PRESS, replayed=True))
    await alarm(intake, said(clock, "alarm", "b-li", PRESS, replayed=True))

    assert [event.old for event in hub.heard if isinstance(event, PressHeard)] == [False, True]


async def test_a_press_with_retain_rings_and_is_noticed(
    intake: Lanes, hub: Hub, clock: SetClock, database: Database, house: House
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", PRESS, live_retain=True))

    assert len(hub.findings) == 1
    assert ("press-retained", "device:b-wang") in await standing(database, house)


@pytest.mark.parametrize("cancel_first", [False, True])
async def test_a_press_taken_back_within_ten_seconds_is_marked_whichever_came_first(
    intake: Lanes, hub: Hub, clock: SetClock, cancel_first: bool
) -> None:
    press = said(clock, "alarm", "b-wang", {**PRESS, "age_ms": 4000})
    cancel = said(clock, "alarm", "b-wang", {"id": "c-1", "kind": "cancel", "of": PRESS["id"], "age_ms": 0})
    for message in (cancel, press) if cancel_first else (press, cancel):
        await alarm(intake, message)

    assert len(hub.findings) == 1
    assert len(hub.cancelled) == 1


async def test_a_press_taken_back_too_late_is_not_marked(intake: Lanes, hub: Hub, clock: SetClock) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", PRESS))
    clock.advance(timedelta(seconds=11))
    cancel: dict[str, object] = {"id": "c-1", "kind": "cancel", "of": PRESS["id"], "age_ms": 0}
    await alarm(intake, said(clock, "alarm", "b-wang", cancel))

    assert hub.cancelled == []


async def test_a_press_that_the_database_refuses_calls_for_help_as_one_nobody_could_read(
    intake: Lanes, hub: Hub, clock: SetClock, database_url: str
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
    assert [ack["status"] for ack in await answers(hub, 2)] == ["committed", "committed"]


async def test_more_presses_than_one_attempt_can_commit_are_committed_in_parts(
    intake: Lanes, hub: Hub, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.ingest.attempts.ATTEMPT_SECONDS", 0.5)
    hub.seconds_an_alarm = 0.1

    await alarm(
        intake, *(said(clock, "alarm", "b-wang", {**PRESS, "id": f"9f3c2a7be41d0c55-{n}"}) for n in range(10, 20))
    )

    assert len(hub.findings) == 10


async def test_a_press_waits_for_the_database_and_a_reading_does_not(
    database_url: str, house: House, clock: SetClock, hub: Hub
) -> None:
    async with (
        Database.open(url_as(database_url, Login.ALARMS), size=1, name="alarms") as alarms,
        Database.open(url_as(database_url, Login.TELEMETRY), size=1, name="telemetry") as telemetry,
        running(Lanes.over(alarms, telemetry, clock, hub), hub) as intake,
    ):
        with psycopg.connect(database_url) as conn:
            conn.execute("LOCK TABLE device IN ACCESS EXCLUSIVE MODE")
            async with asyncio.TaskGroup() as tasks:
                press = tasks.create_task(
                    hand_over(intake.alarms.receivers.alarm, said(clock, "alarm", "b-wang", PRESS))
                )
                await report(intake, said(clock, "tele", "t-gym", TEMPERATURE))

                assert not press.done()
                assert intake.telemetry.counts.shed == 1
                conn.rollback()

    assert len(hub.findings) == 1


TEMPERATURE: dict[str, object] = {
    "id": "9f3c2a7be41d0c55-1",
    "age_ms": 0,
    "readings": [
        {"name": "temperature", "value": 21.4, "unit": "Cel"},
        {"name": "battery", "value": 87, "unit": "%EL"},
    ],
}


async def test_readings_are_kept_and_heard_with_their_room(
    intake: Lanes, hub: Hub, clock: SetClock, house: House
) -> None:
    await report(intake, said(clock, "tele", "t-gym", TEMPERATURE))

    assert [(reading.name, reading.value, reading.room_id) for reading in hub.readings] == [
        ("temperature", 21.4, house.gym),
        ("battery", 87, house.gym),
    ]
    assert hub.heard == hub.readings
    assert isinstance(hub.heard[0], ReadingHeard)


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
    intake: Lanes, hub: Hub, clock: SetClock, database_url: str, percent: float
) -> None:
    readings = [{"name": "battery", "value": percent, "unit": "%EL"}]
    await report(intake, said(clock, "tele", "t-gym", TEMPERATURE))
    await report(intake, said(clock, "tele", "t-gym", {**TEMPERATURE, "readings": readings}))
    await intake.tell_who_was_heard()

    assert hub.readings[-1].value == percent
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
    intake: Lanes, hub: Hub, clock: SetClock, house: House, database_url: str
) -> None:
    visit: dict[str, object] = {"id": "r-1", "token": "c-wang", "what": "enter", "room": "gym", "age_ms": 0}
    await report(intake, said(clock, "visit", "r-gym", visit))
    await report(intake, said(clock, "visit", "r-gym", {**visit, "age_ms": 2000}))

    assert [ack["status"] for ack in await answers(hub, 2)] == ["committed", "duplicate"]
    (event,) = hub.heard
    assert isinstance(event, VisitHeard)
    assert (event.senior_id, event.room_id) == (house.wang, house.gym)
    assert rows(database_url, "SELECT senior_id, room_id FROM presence") == [("s-wang", "gym")]


async def test_a_state_and_a_proof_reach_the_fleet(intake: Lanes, hub: Hub, clock: SetClock, database_url: str) -> None:
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

    (event,) = hub.heard
    assert isinstance(event, StatusHeard)
    assert event.state is ReportedState.ONLINE
    assert rows(database_url, "SELECT state, firmware FROM device WHERE id = 'b-wang'") == [("online", "1.2.0")]
    assert rows(database_url, "SELECT proof FROM device_command") == [("sounding",)]


@dataclass
class Onlooker(Hub):
    """Rules beside which somebody else wants the device outbox."""

    database_url: str = ""
    free: list[str] = field(default_factory=list)

    async def hear(self, conn: Conn, events: Sequence[Event], now: datetime) -> Sequence[Finding]:
        self.free += [str(row[0]) for row in rows(self.database_url, "SELECT id FROM device_command FOR UPDATE NOWAIT")]
        return await super().hear(conn, events, now)


async def test_states_and_proofs_are_kept_before_the_rules_are_waited_for(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    onlooker = Onlooker(database_url=database_url)
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
    async with running(Lanes.over(database, database, clock, onlooker), onlooker) as intake:
        await report(
            intake,
            said(clock, "status", house.lamp, {"state": "online"}),
            said(clock, "done", house.siren, {"nonce": "n-1", "state": "sounding"}),
        )

    assert sorted(onlooker.free) == ["m-1", "m-2"]
    assert rows(database_url, "SELECT proof FROM device_command ORDER BY id") == [("sounding",), (None,)]


async def test_a_report_that_nobody_can_read_is_set_aside_and_the_others_are_kept(
    intake: Lanes, hub: Hub, clock: SetClock, database_url: str
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
    assert len(hub.readings) == 2


async def test_the_newest_messages_stay_set_aside_and_to_make_room_locks_none_of_them(
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
    intake: Lanes, hub: Hub, clock: SetClock, database_url: str
) -> None:
    nonsense = [said(clock, "tele", "cam-gym", f"{n}".encode()) for n in range(400)]
    await report(intake, *nonsense, said(clock, "tele", "t-gym", TEMPERATURE))

    assert len(hub.readings) == 2
    assert intake.telemetry.counts.shed == 0
    assert rows(database_url, "SELECT count(*) <= 40 FROM quarantine") == [(True,)]


async def test_a_report_that_the_database_refuses_is_set_aside_alone(
    intake: Lanes, hub: Hub, clock: SetClock, database_url: str
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


async def test_reports_that_waited_in_a_circle_with_somebody_else_are_kept_all_the_same(
    database_url: str, house: House, clock: SetClock, hub: Hub
) -> None:
    delay_deadlock_detection(database_url)
    online: dict[str, object] = {"state": "online"}
    async with (
        asyncio.timeout(20),
        Database.open(url_as(database_url, Login.ALARMS), size=2, name="test hub") as database,
        running(Lanes.over(database, database, clock, hub), hub) as intake,
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


async def test_a_full_queue_sheds_readings_at_once_and_keeps_room_for_visits(
    database: Database, house: House, clock: SetClock, hub: Hub
) -> None:
    lanes = Lanes.over(database, database, clock, hub)  # nobody takes anything out of the queue
    reading = said(clock, "tele", "t-gym", TEMPERATURE)
    visit = said(clock, "visit", "r-gym", {"id": "r-1", "token": "c-wang", "what": "arrive"})
    answered: list[str] = []
    for _ in range(TELEMETRY_CAPACITY - 1000 + 5):
        lanes.telemetry.receive(reading, lambda: answered.append("reading"))
    lanes.telemetry.receive(visit, lambda: answered.append("visit"))

    assert answered == ["reading"] * 5

    await lanes.tell_who_was_heard()
    assert (NoticeCode.TELEMETRY_SHED, "hub") in await standing(database, house)
