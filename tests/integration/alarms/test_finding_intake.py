"""What the rules of telemetry find becomes an alarm exactly once, whoever is killed, and one bad row stops no other."""

from datetime import timedelta

import psycopg

from hub.alarms.finding_intake import FindingIntake
from hub.kit.changes import Changes
from hub.kit.db import Database, Login
from hub.kit.ids import RoomId
from hub.notices.parking import RETRY_AFTER, unpark_rows_of_other_versions
from hub.rules import findings
from hub.rules.model import Finding, Priority
from tests.fakes.logins import url_as
from tests.integration.alarms.conftest import Desk


def hot(desk: Desk, room: RoomId, *, cleared: bool = False, priority: Priority = Priority.P2) -> Finding:
    return Finding(
        rule_id="room-hot",
        priority=priority,
        klass="room-hot",
        centre_id=desk.house.centre,
        at=desk.clock.now(),
        room_id=room,
        device_id=desk.house.gym_sensor,
        summary={"zh-CN": "室温 33℃", "en": "33 °C"},
        params={"value": 33},
        cleared=cleared,
    )


async def found(desk: Desk, *concluded: Finding) -> None:
    """What telemetry leaves, with its own login."""
    async with (
        Database.open(url_as(desk.url, Login.TELEMETRY), size=1, name="test telemetry") as telemetry,
        telemetry.transaction() as conn,
    ):
        await findings.dispatch_findings(conn, concluded, desk.clock.now())


def taker(desk: Desk) -> FindingIntake:
    return FindingIntake(desk.database, Changes(desk.url), desk.clock)


async def test_what_telemetry_finds_is_an_alarm_once_it_is_taken(desk: Desk) -> None:
    await found(desk, hot(desk, desk.house.gym))
    assert desk.rows("SELECT FROM alarm") == []

    await taker(desk).take_all()
    await taker(desk).take_all()

    assert desk.rows("SELECT klass, room_id, priority, summary ->> 'en' FROM alarm") == [
        ("room-hot", "gym", "P2", "33 °C")
    ]
    assert desk.rows("SELECT FROM finding") == []


async def test_telemetry_opens_no_alarm_writes_no_entry_and_raises_its_notices_itself(desk: Desk) -> None:
    await found(desk, hot(desk, desk.house.gym), hot(desk, desk.house.gym, priority=Priority.P3))

    assert desk.rows("SELECT FROM alarm") == []
    assert desk.rows("SELECT FROM ledger_care") == []
    assert desk.rows("SELECT code, subject FROM notice") == [("room-hot", "room:gym")]


async def test_a_finding_and_its_end_are_taken_in_their_order(desk: Desk) -> None:
    await found(desk, hot(desk, desk.house.gym), hot(desk, desk.house.gym, cleared=True))

    await taker(desk).take_all()

    assert [what for (what,) in desk.rows("SELECT what FROM alarm_step ORDER BY version")] == ["opened", "cleared"]


async def test_two_that_take_at_once_open_one_alarm(desk: Desk) -> None:
    await found(desk, hot(desk, desk.house.gym))
    async with desk.database.transaction() as conn:
        assert await findings.lock_next_finding(conn, desk.clock.now()) is not None

        await taker(desk).take_all()
        assert desk.rows("SELECT FROM alarm") == []

    await taker(desk).take_all()
    assert len(desk.rows("SELECT FROM alarm")) == 1


async def test_a_finding_that_raises_is_parked_and_noticed_and_the_next_one_is_taken(desk: Desk) -> None:
    with psycopg.connect(desk.url) as conn:
        conn.execute("ALTER TABLE alarm ADD CONSTRAINT defect CHECK (room_id <> 'gym')")
    await found(desk, hot(desk, desk.house.gym), hot(desk, desk.house.music))

    for pause in (*RETRY_AFTER, timedelta()):
        await taker(desk).take_all()
        desk.clock.advance(pause)

    assert desk.rows("SELECT room_id FROM alarm") == [("music",)]
    assert [code for (code,) in desk.rows("SELECT code FROM notice")] == ["row-parked"]
    with psycopg.connect(desk.url) as conn:
        conn.execute("ALTER TABLE alarm DROP CONSTRAINT defect")
    desk.clock.advance(timedelta(days=1))
    await taker(desk).take_all()
    assert len(desk.rows("SELECT FROM alarm")) == 1

    with psycopg.connect(desk.url) as conn:
        conn.execute("UPDATE parked_row SET by_version = 'another'")
    async with desk.database.transaction() as conn:
        assert await unpark_rows_of_other_versions(conn, desk.house.centre, desk.clock.now()) == 1
    await taker(desk).take_all()

    assert desk.rows("SELECT room_id FROM alarm ORDER BY room_id") == [("gym",), ("music",)]
    assert desk.rows("SELECT code FROM notice WHERE cleared_at IS NULL") == []
    assert desk.rows("SELECT FROM parked_row") == []
