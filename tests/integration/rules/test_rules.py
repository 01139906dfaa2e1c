"""Rules whose memory is rows: in one transaction with the message, the same after any restart."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta

import pytest

from hub.attendance import service as attendance
from hub.attendance.model import AttendanceAction, Tapped
from hub.kit.clock import SetClock
from hub.kit.db import Conn, Database
from hub.kit.ids import PressId
from hub.notices.model import NoticeCode
from hub.rules.model import Event, Finding, PressHeard, PressKind, Priority, ReportedState, StatusHeard
from hub.rules.service import Rules
from tests.fakes.house import House
from tests.integration.rules.heard_events import FIVE_MINUTES, SILENT, occupied, online, told, warm


async def test_a_press_is_found_with_the_room_she_was_last_seen_in(
    database: Database, pages_database: Database, house: House, clock: SetClock
) -> None:
    rules, now = Rules([], clock), clock.now()
    press = PressHeard(PressId("p-1"), house.centre, house.wang_button, PressKind.PRESS, house.wang, None, now, now)
    async with pages_database.transaction() as conn:
        await attendance.record_presence(conn, Tapped(house.centre, house.wang, AttendanceAction.ENTER, house.gym), now)
    async with database.transaction() as conn:
        [found] = await rules.evaluate_events(conn, [press], now)

    assert (found.priority, found.klass, found.subject, found.room_id) == (
        Priority.P1, "help", "senior:s-wang", house.gym,
    )  # fmt: skip
    assert found.summary["zh-CN"] == "王奶奶在健身室按了呼叫"


async def test_a_hot_room_is_found_exactly_once_by_a_hub_that_was_killed_in_between(
    database: Database, house: House, clock: SetClock
) -> None:
    async with database.transaction() as conn:
        assert await Rules([], clock).evaluate_events(conn, [warm(house, 33.4, clock.now())], clock.now()) == []
    clock.advance(FIVE_MINUTES)

    another = Rules([], clock)
    with pytest.raises(ConnectionAbortedError):
        async with database.transaction() as conn:
            assert told(await another.evaluate_due(conn, clock.now()), *SILENT) == [("room-hot", "room:gym", False)]
            raise ConnectionAbortedError  # killed before the commit
    async with database.transaction() as conn:
        once = told(await Rules([], clock).evaluate_due(conn, clock.now()), *SILENT)
    async with database.transaction() as conn:
        again = told(await Rules([], clock).evaluate_due(conn, clock.now() + FIVE_MINUTES), *SILENT)

    assert (once, again) == ([("room-hot", "room:gym", False)], [])


async def test_two_hubs_that_ask_at_once_find_it_once(database: Database, house: House, clock: SetClock) -> None:
    async with database.transaction() as conn:
        await Rules([], clock).evaluate_events(conn, [warm(house, 33.4, clock.now())], clock.now())
    clock.advance(FIVE_MINUTES)
    found: list[Finding] = []

    async def ask() -> None:
        async with database.transaction() as conn:
            found.extend(await Rules([], clock).evaluate_due(conn, clock.now()))

    async with asyncio.TaskGroup() as group:
        for _ in range(6):
            group.create_task(ask())

    assert told(found, *SILENT) == [("room-hot", "room:gym", False)]


async def test_many_messages_at_once_never_deadlock(database: Database, house: House, clock: SetClock) -> None:
    rules = Rules([], clock)
    devices = [house.wang_button, house.li_button, house.gym_camera, house.music_camera]

    async def hear(seed: int) -> None:
        shuffled = random.Random(seed).sample(devices, len(devices))
        async with database.transaction() as conn:
            await rules.evaluate_events(conn, [online(house, device, clock.now()) for device in shuffled], clock.now())

    async with asyncio.TaskGroup() as group:
        for seed in range(30):
            group.create_task(hear(seed))

    async with database.transaction() as conn:
        cursor = await conn.execute("SELECT count(*) FROM rule_state WHERE stage = 'pending'")
        assert await cursor.fetchone() == (4,)


async def test_a_press_never_waits_for_a_reading_of_its_own_device(
    database: Database, house: House, clock: SetClock
) -> None:
    rules, now = Rules([], clock), clock.now()
    press = PressHeard(PressId("p-1"), house.centre, house.wang_button, PressKind.PRESS, house.wang, None, now, now)
    async with database.transaction() as conn:
        await rules.evaluate_events(conn, [online(house, house.wang_button, now)], now)

    later = now + timedelta(minutes=1)  # so that the memory is changed, not only locked
    async with database.transaction() as telemetry, database.transaction() as alarms, asyncio.timeout(2):
        await rules.evaluate_events(telemetry, [online(house, house.wang_button, later)], later)
        (finding,) = await rules.evaluate_events(alarms, [press], later)

    assert finding.klass == "help"


async def test_a_button_nobody_ever_heard_is_noticed_and_no_earlier_than_its_heartbeat(
    database: Database, house: House, clock: SetClock
) -> None:
    rules = Rules([], clock)
    async with database.transaction() as conn:
        assert told(await rules.evaluate_due(conn, clock.now())) == []
        clock.advance(FIVE_MINUTES - timedelta(seconds=1))
        assert told(await rules.evaluate_due(conn, clock.now())) == []
        clock.advance(timedelta(seconds=1))
        silent = told(await rules.evaluate_due(conn, clock.now()))
        back = told(await rules.evaluate_events(conn, [online(house, house.li_button, clock.now())], clock.now()))

    assert sorted(silent) == [
        ("camera-silent", "device:cam-gym", False),
        ("camera-silent", "device:cam-music", False),
        ("device-silent", "device:lamp-corridor", False),
        ("device-silent", "device:r-gym", False),
        ("device-silent", "device:r-music", False),
        ("device-silent", "device:siren-corridor", False),
        ("device-silent", "device:t-gym", False),
        ("trigger-silent", "device:b-li", False),
        ("trigger-silent", "device:b-wang", False),
    ]
    assert back == [(NoticeCode.TRIGGER_SILENT, "device:b-li", True)]


async def test_a_blind_interval_of_the_hub_counts_against_nobody(
    database: Database, house: House, clock: SetClock
) -> None:
    async with database.transaction() as conn:
        rules = Rules([], clock)
        await rules.start(conn, clock.now())
        await rules.evaluate_events(conn, [online(house, house.wang_button, clock.now())], clock.now())
    clock.advance(timedelta(hours=3))

    rules = Rules([], clock)
    async with database.transaction() as conn:
        await rules.start(conn, clock.now())
        assert told(await rules.evaluate_due(conn, clock.now())) == []
        clock.advance(FIVE_MINUTES)
        found = [found for found in await rules.evaluate_due(conn, clock.now()) if found.device_id == house.wang_button]

    assert [(finding.klass, finding.params["blind_seconds"]) for finding in found] == [
        (NoticeCode.TRIGGER_SILENT, 3 * 3600)
    ]


async def test_a_disabled_button_is_no_longer_missed_and_an_enabled_one_is_again(
    database: Database, house: House, clock: SetClock
) -> None:
    rules = Rules([], clock)

    async def later(conn: Conn, by: timedelta) -> list[tuple[str, str, bool]]:
        clock.advance(by)
        return told(
            [found for found in await rules.evaluate_due(conn, clock.now()) if found.device_id == house.li_button]
        )

    async with database.transaction() as conn:
        await rules.evaluate_due(conn, clock.now())
        assert await later(conn, FIVE_MINUTES) == [(NoticeCode.TRIGGER_SILENT, "device:b-li", False)]
        await conn.execute("UPDATE device SET enabled = false WHERE id = 'b-li'")
        assert await later(conn, timedelta(seconds=10)) == [(NoticeCode.TRIGGER_SILENT, "device:b-li", True)]
        assert await later(conn, timedelta(hours=1)) == []
        await conn.execute("UPDATE device SET enabled = true WHERE id = 'b-li'")
        assert await later(conn, timedelta(seconds=10)) == []
        assert await later(conn, FIVE_MINUTES) == [(NoticeCode.TRIGGER_SILENT, "device:b-li", False)]


async def test_somebody_in_a_room_after_closing_is_found_after_ten_minutes(
    database: Database, house: House, clock: SetClock
) -> None:
    rules = Rules([], clock)
    closing = clock.now().replace(hour=12, minute=0, second=0)  # eight in the evening in Lanzhou
    async with database.transaction() as conn:
        await rules.evaluate_events(
            conn, [occupied(house, 2, closing - timedelta(minutes=1))], closing - timedelta(minutes=1)
        )
        assert told(await rules.evaluate_due(conn, closing + timedelta(minutes=9)), *SILENT) == []
        await rules.evaluate_events(
            conn, [occupied(house, 2, closing + timedelta(minutes=9))], closing + timedelta(minutes=9)
        )
        found = told(await rules.evaluate_due(conn, closing + timedelta(minutes=19)), *SILENT)

    assert found == [("occupied-after-closing", "room:gym", False)]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_random_restarts_change_nothing_that_fires(
    database: Database, house: House, clock: SetClock, seed: int
) -> None:
    chance = random.Random(seed)
    at = clock.now()
    stream: list[tuple[datetime, Event | None]] = []
    for _ in range(150):
        at += timedelta(seconds=chance.uniform(1, 150))
        event: Event | None = chance.choice(
            [
                warm(house, chance.choice([25.0, 31.0, 33.0]), at),
                online(house, house.wang_button, at),
                StatusHeard(house.centre, house.wang_button, ReportedState.OFFLINE, at),
                None,  # only waiting
            ]
        )
        stream.append((at, event))

    undisturbed = await _fired(database, clock, stream, None)
    async with database.transaction() as conn:
        await conn.execute("DELETE FROM rule_state")
    restarted = await _fired(database, clock, stream, chance)

    assert undisturbed
    assert restarted == undisturbed


async def _fired(
    database: Database, clock: SetClock, stream: list[tuple[datetime, Event | None]], chance: random.Random | None
) -> list[tuple[datetime, str, bool]]:
    """Of each finding about the gym and the button: when, what, whether it clears; a restart now and then."""
    rules = Rules([], clock)
    found: list[Finding] = []
    for at, event in stream:
        if chance is not None and chance.random() < 0.3:
            rules = Rules([], clock)
        async with database.transaction() as conn:
            if event is not None:
                found += await rules.evaluate_events(conn, [event], at)
            if chance is None or chance.random() < 0.5:
                found += await rules.evaluate_due(conn, at)
    async with database.transaction() as conn:
        found += await rules.evaluate_due(conn, stream[-1][0])
    return sorted(
        (finding.at, finding.klass, finding.cleared)
        for finding in found
        if finding.klass in ("room-hot", NoticeCode.TRIGGER_SILENT) and finding.device_id != "b-li"
    )
