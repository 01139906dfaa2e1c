"""Cards and taps become visits and stays in rooms."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from hub.attendance import service, store
from hub.attendance.errors import RoomMissing
from hub.attendance.model import AttendanceAction, CardRead, Evidence, Tapped
from hub.centre.errors import NoSuchRoom
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.kit.ids import DeviceId, RoomId, SeniorId
from hub.people.errors import NoSuchSenior
from tests.fakes.house import House


def read(house: House, device_id: DeviceId, token: str, what: AttendanceAction, at: datetime) -> CardRead:
    return CardRead(house.centre, device_id, token, what, None, at)


async def test_a_card_at_a_room_opens_the_visit_and_the_stay(database: Database, house: House, clock: SetClock) -> None:
    async with database.transaction() as conn:
        known = await service.record_card_read(
            conn, read(house, house.gym_reader, "c-wang", AttendanceAction.ENTER, clock.now()), clock.now()
        )
        found = await service.locate_senior(conn, house.wang, clock.now())

    assert (known.senior_id, known.room_id) == (house.wang, house.gym)
    assert (found.present, found.room_id, found.since, found.sure) == (True, house.gym, clock.now(), True)


async def test_the_next_room_ends_the_stay_in_the_former(database: Database, house: House, clock: SetClock) -> None:
    async with database.transaction() as conn:
        await service.record_card_read(
            conn, read(house, house.gym_reader, "c-wang", AttendanceAction.ENTER, clock.now()), clock.now()
        )
        clock.advance(timedelta(minutes=5))
        await service.record_card_read(
            conn, read(house, house.music_reader, "c-wang", AttendanceAction.ENTER, clock.now()), clock.now()
        )

        found = await service.locate_senior(conn, house.wang, clock.now())
        stays = await service.stays_between(
            conn, house.wang, clock.now() - timedelta(hours=1), clock.now() + timedelta(1)
        )

    assert found.room_id == house.music
    assert [stay.room_id for stay in stays] == [house.gym, house.music]


async def test_a_card_read_that_comes_late_does_not_bring_her_back(
    database: Database, house: House, clock: SetClock
) -> None:
    earlier = clock.now() - timedelta(minutes=1)
    async with database.transaction() as conn:
        await service.record_presence(
            conn, Tapped(house.centre, house.wang, AttendanceAction.ENTER, house.gym), clock.now()
        )
        await service.record_presence(conn, Tapped(house.centre, house.wang, AttendanceAction.LEAVE, None), clock.now())
        await service.record_card_read(
            conn, read(house, house.gym_reader, "c-wang", AttendanceAction.ENTER, earlier), clock.now()
        )

        assert not (await service.locate_senior(conn, house.wang, clock.now())).present


async def test_a_card_that_nobody_has_is_noticed_without_its_number(
    database: Database, house: House, clock: SetClock
) -> None:
    async with database.transaction() as conn:
        known = await service.record_card_read(
            conn, read(house, house.gym_reader, "lost-card", AttendanceAction.ENTER, clock.now()), clock.now()
        )
        cursor = await conn.execute("SELECT code, subject, params FROM notice")
        notices = await cursor.fetchall()

    assert known.senior_id is None
    assert notices == [("unknown-card", "device:r-gym", {})]


async def test_staff_say_where_somebody_is(database: Database, house: House, clock: SetClock) -> None:
    async with database.transaction() as conn:
        await service.record_presence(
            conn, Tapped(house.centre, house.zhang, AttendanceAction.ENTER, house.music), clock.now()
        )
        found = await service.locate_senior(conn, house.zhang, clock.now())

    assert (found.room_id, found.evidence) == (house.music, Evidence.STAFF)


async def test_what_staff_say_must_make_sense(database: Database, house: House, clock: SetClock) -> None:
    now = clock.now()
    async with database.transaction() as conn:
        with pytest.raises(NoSuchSenior):
            await service.record_presence(
                conn, Tapped(house.centre, SeniorId("nobody"), AttendanceAction.ARRIVE, None), now
            )
        with pytest.raises(NoSuchRoom):
            await service.record_presence(
                conn, Tapped(house.centre, house.wang, AttendanceAction.ENTER, RoomId("attic")), now
            )
        with pytest.raises(RoomMissing):
            await service.record_presence(conn, Tapped(house.centre, house.wang, AttendanceAction.ENTER, None), now)
        with pytest.raises(NoSuchSenior):
            await service.locate_senior(conn, SeniorId("nobody"), now)


async def test_two_readers_at_once_leave_her_in_one_room(database: Database, house: House, clock: SetClock) -> None:
    async def enter(reader: DeviceId) -> None:
        async with database.transaction() as conn:
            await service.record_card_read(
                conn, read(house, reader, "c-wang", AttendanceAction.ENTER, clock.now()), clock.now()
            )

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(enter(house.gym_reader))
            group.create_task(enter(house.music_reader))

    async with database.transaction() as conn:
        found = await service.locate_senior(conn, house.wang, clock.now())
        open_stays = await (await conn.execute("SELECT room_id FROM presence WHERE to_at IS NULL")).fetchall()
    assert open_stays == [(found.room_id,)]
    assert found.room_id in (house.gym, house.music)


async def test_a_visit_that_nobody_ended_is_noticed_after_closing_and_cleared_when_she_leaves(
    database: Database, house: House, clock: SetClock
) -> None:
    closing = clock.now().replace(hour=12, minute=0, second=0)  # eight in the evening in Lanzhou
    async with database.transaction() as conn:
        await service.record_presence(
            conn, Tapped(house.centre, house.wang, AttendanceAction.ARRIVE, None), clock.now()
        )

        assert await service.notice_open_visits(conn, closing + timedelta(minutes=29)) == []
        [visit] = await service.notice_open_visits(conn, closing + timedelta(minutes=30))
        await service.record_presence(
            conn, Tapped(house.centre, house.wang, AttendanceAction.LEAVE, None), closing + timedelta(minutes=31)
        )
        cursor = await conn.execute("SELECT code, subject, cleared_at IS NOT NULL FROM notice")
        notices = await cursor.fetchall()

    assert visit.senior_id == house.wang
    assert notices == [("visit-left-open", "senior:s-wang", True)]


async def test_the_page_lists_those_who_are_here_first(
    database: Database, web_database: Database, house: House, clock: SetClock
) -> None:
    async with database.transaction() as conn:
        await service.record_presence(
            conn, Tapped(house.centre, house.zhang, AttendanceAction.ENTER, house.music), clock.now()
        )

    async with web_database.transaction_as(house.liu) as conn:
        staff = await store.read_people(conn, house.centre)
    async with web_database.transaction_as(house.daughter) as conn:
        family = await store.read_people(conn, house.centre)

    assert [(person.id, person.present) for person in staff[:2]] == [(house.zhang, True), (house.li, False)]
    assert [person.id for person in family] == [house.wang]


async def test_a_centre_that_never_closes_notices_no_visit(database: Database, house: House, clock: SetClock) -> None:
    async with database.transaction() as conn:
        await conn.execute("UPDATE centre SET opens = '00:00', closes = '24:00'")
        await service.record_presence(
            conn, Tapped(house.centre, house.wang, AttendanceAction.ARRIVE, None), clock.now()
        )

        assert await service.notice_open_visits(conn, clock.now() + timedelta(days=3)) == []
