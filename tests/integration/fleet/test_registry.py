"""Devices are registered and assigned once, and never where they may not be."""

from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from hub.centre.errors import NoSuchRoom
from hub.centre.model import NEVER_A_CAMERA, RoomType
from hub.fleet import registry
from hub.fleet.credentials import matches_credential
from hub.fleet.errors import WrongPlacement
from hub.fleet.model import NOBODYS, Assigned, DeviceKind, DeviceRecord, SourceKind, SourceRecord
from hub.fleet.placement import Misplaced
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.kit.ids import DeviceId, RoomId, SeniorId
from hub.ledger.edit import COMMAND_LINE, open_edit
from hub.people.errors import NoSuchSenior
from tests.fakes.entries import entries_of, person_of
from tests.fakes.house import House


@pytest.fixture
def database(pages_database: Database) -> Database:
    """Here people change something: the pages' login."""
    return pages_database


def button(house: House) -> DeviceRecord:
    return DeviceRecord(
        id=DeviceId("b-zhang"),
        centre_id=house.centre,
        kind=DeviceKind.BUTTON,
        name="张奶奶的按钮",
        name_en="Grandma Zhang's button",
        sources=(),
        heartbeat=timedelta(minutes=5),
        assigned=Assigned(house.zhang, None),
    )


def camera(house: House) -> DeviceRecord:
    return replace(
        button(house),
        id=DeviceId("cam-new"),
        kind=DeviceKind.CAMERA,
        sources=(SourceRecord(SourceKind.MAIN, "rtsp://127.0.0.1/new"),),
        assigned=Assigned(None, house.corridor),
    )


async def write(database: Database, clock: SetClock, record: DeviceRecord) -> str | None:
    async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
        return await registry.write_device(editing, record)


async def test_a_device_is_registered_with_a_password_once(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    first, again = await write(database, clock, button(house)), await write(database, clock, button(house))

    assert first is not None
    assert again is None
    with psycopg.connect(database_url) as conn:
        kept = conn.execute("SELECT credential_hash FROM device WHERE id = 'b-zhang'").fetchone()
    assert kept is not None
    assert matches_credential(first, kept[0])
    by = "command line"
    assert entries_of(database_url) == [
        ("device.added", {"device": "b-zhang", "kind": "button", "by": by}),
        (
            "device.assigned",
            {"device": "b-zhang", "senior": person_of(database_url, "senior", "s-zhang"), "room": None, "by": by},
        ),
        ("device.password-made", {"device": "b-zhang", "by": by}),
    ]


async def test_a_device_changes_hands_and_is_nobodys_and_each_is_in_the_ledger(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    await write(database, clock, button(house))
    for assigned in (Assigned(None, house.gym), NOBODYS, NOBODYS):
        clock.advance(timedelta(hours=1))
        await write(database, clock, replace(button(house), assigned=assigned))

    said = [params["room"] for kind, params in entries_of(database_url) if kind == "device.assigned"]
    assert said == [None, "gym", None]
    with psycopg.connect(database_url) as conn:
        assert conn.execute(
            "SELECT senior_id, room_id, to_at IS NULL FROM assignment WHERE device_id = 'b-zhang' ORDER BY from_at"
        ).fetchall() == [("s-zhang", None, False), (None, "gym", False)]


async def test_a_camera_is_registered_in_a_room_where_one_may_be(
    database: Database, house: House, clock: SetClock
) -> None:
    assert await write(database, clock, camera(house)) is not None


async def test_a_camera_s_addresses_are_what_was_written_last_and_stand_in_no_ledger(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    main, sub = (
        SourceRecord(SourceKind.MAIN, "rtsps://viewer:secret@127.0.0.1/1"),
        SourceRecord(SourceKind.SUB, "rtsp://viewer:secret@127.0.0.1/2"),
    )
    kept = []
    for sources in (camera(house).sources, (main, sub), (main, sub), (main,)):
        await write(database, clock, replace(camera(house), sources=sources))
        with psycopg.connect(database_url) as conn:
            kept.append(
                conn.execute(
                    "SELECT kind, protocol, address FROM camera_source WHERE device_id = 'cam-new' ORDER BY kind"
                ).fetchall()
            )

    both = [("main", "rtsps", main.address), ("sub", "rtsp", sub.address)]
    assert kept == [[("main", "rtsp", "rtsp://127.0.0.1/new")], both, both, both[:1]]
    entries = entries_of(database_url)
    assert [kind for kind, _ in entries if kind in {"device.added", "device.changed"}] == [
        "device.added",
        "device.changed",
        "device.changed",
    ]
    assert "secret" not in str(entries)


async def test_a_camera_that_becomes_a_sensor_keeps_no_address(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    await write(database, clock, camera(house))

    await write(database, clock, replace(camera(house), kind=DeviceKind.SENSOR, sources=()))

    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT count(*) FROM camera_source WHERE device_id = 'cam-new'").fetchone() == (0,)


@pytest.mark.parametrize("room_type", sorted(NEVER_A_CAMERA))
async def test_no_camera_is_registered_in_a_room_where_none_may_be(
    database: Database, database_url: str, house: House, clock: SetClock, room_type: RoomType
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE room SET type = %s WHERE id = 'corridor'", (room_type,))

    with pytest.raises(WrongPlacement) as refused:
        await write(database, clock, camera(house))

    assert refused.value.code == Misplaced.CAMERA_FORBIDDEN


async def test_a_device_is_of_somebody_and_in_a_room_that_there_are(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    with pytest.raises(NoSuchRoom):
        await write(database, clock, replace(button(house), assigned=Assigned(None, RoomId("attic"))))
    with pytest.raises(NoSuchSenior):
        await write(database, clock, replace(button(house), assigned=Assigned(SeniorId("nobody"), None)))

    assert entries_of(database_url) == []
