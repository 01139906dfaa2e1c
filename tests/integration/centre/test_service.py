"""The building as it is written: once, and when something about it is different."""

from dataclasses import replace
from datetime import time

import psycopg
import pytest

from hub.centre import service
from hub.centre.errors import ClosesBeforeItOpens, NoSuchRoom, SecondCentre, UnknownTimezone
from hub.centre.model import CentreRecord, OrganisationRecord, RoomRecord, RoomType
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.kit.ids import CentreId, OrganisationId, RoomId
from hub.ledger.edit import COMMAND_LINE, open_edit
from tests.fakes.entries import entries_of
from tests.fakes.house import House

ORGANISATION = OrganisationRecord(OrganisationId("hongtai"), "宏泰社工", "Hongtai Social Work")
CENTRE = CentreRecord(
    id=CentreId("jiuquan-road"),
    organisation_id=ORGANISATION.id,
    name="酒泉路中心",
    name_en="Jiuquan Road Centre",
    address="兰州市酒泉路 1 号",
    phone="",
    timezone="Asia/Shanghai",
    opens=time(8),
    closes=time(20),
)


async def write_centre(database: Database, clock: SetClock, centre: CentreRecord) -> None:
    async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
        await service.write_centre(editing, ORGANISATION, centre)


async def test_what_is_there_already_is_no_change(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    await write_centre(database, clock, CENTRE)
    await write_centre(database, clock, replace(CENTRE, phone="09310000066"))

    assert entries_of(database_url) == [("centre.changed", {"centre": "jiuquan-road", "by": "command line"})]


async def test_a_centre_closes_later_on_the_day_than_it_opens(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    for closes in (time(8), time(7)):
        with pytest.raises(ClosesBeforeItOpens):
            await write_centre(database, clock, replace(CENTRE, closes=closes))

    await write_centre(database, clock, replace(CENTRE, opens=time.min, closes=time.max))
    assert len(entries_of(database_url)) == 1


@pytest.mark.parametrize("timezone", ["Asia/Beijing", "Mars/Olympus", "", "Asia/Shanghai "])
async def test_a_time_zone_that_the_database_does_not_know_is_refused_by_both(
    database: Database, database_url: str, house: House, clock: SetClock, timezone: str
) -> None:
    with pytest.raises(UnknownTimezone, match="write another"):
        await write_centre(database, clock, replace(CENTRE, timezone=timezone))

    with psycopg.connect(database_url) as conn, pytest.raises(psycopg.errors.CheckViolation, match="no time zone"):
        conn.execute("UPDATE centre SET timezone = %s", (timezone,))


async def test_a_second_centre_is_refused(database: Database, database_url: str, house: House, clock: SetClock) -> None:
    with pytest.raises(SecondCentre):
        await write_centre(database, clock, replace(CENTRE, id=CentreId("elsewhere")))

    assert entries_of(database_url) == []


async def test_the_database_itself_refuses_a_second_centre(database_url: str, house: House) -> None:
    with psycopg.connect(database_url) as conn, pytest.raises(psycopg.errors.UniqueViolation, match="one_centre"):
        conn.execute(
            "INSERT INTO centre VALUES ('elsewhere', 'hongtai', '别处', 'Elsewhere', '', 'Asia/Shanghai', "
            "'08:00', '20:00')"
        )


async def test_a_room_is_added_and_becomes_something_else(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    room = RoomRecord(RoomId("attic"), house.centre, "阁楼", "Attic", RoomType.CHESS, 1, 2, 1, 1)

    for one in (room, room, replace(room, type=RoomType.TREATMENT)):
        async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
            await service.write_rooms(editing, [one])

    said = {"room": "attic", "by": "command line"}
    assert entries_of(database_url) == [
        ("room.added", {**said, "type": "chess"}),
        ("room.changed", {**said, "type": "treatment"}),
    ]
    async with database.transaction() as conn:
        assert await service.require_room_type(conn, RoomId("attic")) is RoomType.TREATMENT
        with pytest.raises(NoSuchRoom):
            await service.require_room_type(conn, RoomId("cellar"))
