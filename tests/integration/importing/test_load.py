"""Importing a centre: all of it or nothing, and twice the same changes nothing."""

import json
from collections import Counter
from datetime import timedelta

import psycopg
import pytest

from hub.access.model import Role
from hub.centre.model import RoomType
from hub.importing.model import CannotLoad, SimulatedAccounts
from hub.importing.parts import CentreFile
from hub.importing.service import LoadedCentre, load_centre
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.kit.ids import AccountId, DeviceId
from hub.ledger.edit import IMPORT, open_edit
from hub.ledger.model import Chain
from tests.fakes.entries import entries_of
from tests.fakes.shipped import shipped_centre

SHIFT = timedelta(hours=1)
TABLES = (
    "organisation", "centre", "room", "senior", "account", "contact_method", "relation", "consent", "device",
    "assignment", "shift", "escalation_policy",
)  # fmt: skip


REAL = None
SIMULATED = SimulatedAccounts("argon2-of-a-password", AccountId("f-01"))


@pytest.fixture(scope="module")
def centre() -> CentreFile:
    return shipped_centre()


async def put(
    database: Database, clock: SetClock, centre: CentreFile, simulated: SimulatedAccounts | None
) -> LoadedCentre:
    async with open_edit(database, IMPORT, clock.now()) as editing:
        return await load_centre(editing, centre, simulated)


def contents(url: str) -> dict[str, list[tuple[object, ...]]]:
    with psycopg.connect(url) as conn:
        return {table: conn.execute(f"SELECT * FROM {table} ORDER BY 1".encode()).fetchall() for table in TABLES}


async def test_a_centre_is_there_after_one_import(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    loaded = await put(database, clock, centre, REAL)

    rows = contents(database_url)
    assert {table: len(rows[table]) for table in ("room", "senior", "device")} == {
        "room": 12,
        "senior": 40,
        "device": len(centre.devices),
    }
    assert "09310000066" in rows["centre"][0]
    assert set(loaded.credentials) == {DeviceId(device.id) for device in centre.devices}
    assert set(loaded.invitations) == {AccountId(account.id) for account in centre.accounts}


async def test_the_same_file_twice_changes_nothing(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    await put(database, clock, centre, REAL)
    before = contents(database_url)

    again = await put(database, clock, centre, REAL)

    assert contents(database_url) == before
    assert (again.credentials, again.invitations) == ({}, {})


def versions(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Which transaction wrote each row last."""
    with psycopg.connect(url) as conn:
        return {
            table: conn.execute(f"SELECT id, xmin::text FROM {table} ORDER BY id".encode()).fetchall()
            for table in TABLES
        }


async def test_the_same_file_twice_touches_no_row_and_adds_no_entry(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    await put(database, clock, centre, REAL)
    before, said = versions(database_url), [entries_of(database_url, chain) for chain in Chain]

    await put(database, clock, centre, REAL)

    assert versions(database_url) == before
    assert [entries_of(database_url, chain) for chain in Chain] == said


async def test_each_row_that_is_new_is_in_the_ledger_by_the_import(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    await put(database, clock, centre, REAL)

    care, access = (Counter(kind for kind, _ in entries_of(database_url, chain)) for chain in Chain)
    assert care == {
        "organisation.added": 1,
        "centre.added": 1,
        "room.added": 12,
        "senior.added": 40,
        "contacts.written": sum(bool(account.contacts) for account in centre.accounts),
        "relation.added": len(centre.relations),
        "consent.given": sum(len(consent.covers) for consent in centre.consents),
        "device.added": len(centre.devices),
        "device.assigned": sum(bool(device.senior or device.room) for device in centre.devices),
        "device.password-made": len(centre.devices),
        "shifts.written": len({shift.account for shift in centre.shifts}),
        "policy.written": 2,
        "centre.imported": 1,
    }
    assert access == {"account.added": len(centre.accounts), "invitation-made": len(centre.accounts)}
    assert {params["by"] for chain in Chain for _, params in entries_of(database_url, chain)} == {"import"}


async def test_the_ledger_has_no_name_no_address_and_no_number_of_the_file(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    await put(database, clock, centre, REAL)

    said = json.dumps([entries_of(database_url, chain) for chain in Chain], ensure_ascii=False)
    names = [one.name for one in centre.seniors] + [one.name for one in centre.accounts]
    assert not [name for name in names if name in said]
    assert not [account.phone for account in centre.accounts if account.phone and account.phone in said]
    assert not [one.address for account in centre.accounts for one in account.contacts if one.address in said]
    ids = {one.id for one in centre.seniors} | {one.id for one in centre.accounts} - {role.value for role in Role}
    assert not [person_id for person_id in ids if f'"{person_id}"' in said]


async def test_a_later_day_goes_on_with_the_shifts_and_says_so(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    await put(database, clock, centre, REAL)
    before = len(entries_of(database_url))
    clock.advance(timedelta(days=1))

    await put(database, clock, centre, REAL)

    new = entries_of(database_url)[before:]
    on_duty = Counter(shift.account for shift in centre.shifts)
    assert [kind for kind, _ in new] == ["shifts.written"] * len(on_duty) + ["centre.imported"]
    assert Counter((params["written"], params["ended"]) for _, params in new[:-1]) == Counter(
        (shifts, 0) for shifts in on_duty.values()
    )


async def test_an_import_ends_with_the_ledger_and_locks_nothing_of_it_before(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    await put(database, clock, centre, REAL)
    clock.advance(timedelta(days=1))

    async with open_edit(database, IMPORT, clock.now()) as editing:
        await load_centre(editing, centre)
        assert not editing.is_empty
        with psycopg.connect(database_url) as pressing:
            assert len(pressing.execute("SELECT FROM ledger_head FOR UPDATE NOWAIT").fetchall()) == 2


async def test_an_account_of_a_real_centre_has_no_password_yet(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    await put(database, clock, centre, REAL)

    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT count(*) FROM account WHERE password_hash IS NOT NULL OR simulated").fetchone() == (
            0,
        )


async def test_a_simulated_centre_marks_its_accounts_and_invites_one(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    loaded = await put(database, clock, centre, SIMULATED)

    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT count(*) FROM account WHERE NOT simulated").fetchone() == (0,)
    assert list(loaded.invitations) == ["f-01"]


async def test_a_device_given_to_another_senior_keeps_its_history(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    await put(database, clock, centre, REAL)
    devices = tuple(
        device.model_copy(update={"senior": "s-02"}) if device.id == "b-01" else device for device in centre.devices
    )
    clock.advance(SHIFT)

    await put(database, clock, centre.model_copy(update={"devices": devices}), REAL)

    with psycopg.connect(database_url) as conn:
        assert conn.execute(
            "SELECT senior_id, to_at IS NULL FROM assignment WHERE device_id = 'b-01' ORDER BY from_at"
        ).fetchall() == [("s-01", False), ("s-02", True)]


async def test_a_withdrawn_consent_does_not_come_back_with_the_file(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    await put(database, clock, centre, REAL)
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE consent SET withdrawn_at = %s WHERE account_id = 'f-01'", (clock.now(),))

    await put(database, clock, centre, REAL)

    with psycopg.connect(database_url) as conn:
        assert conn.execute(
            "SELECT count(*) FROM consent WHERE account_id = 'f-01' AND withdrawn_at IS NULL"
        ).fetchone() == (0,)


async def test_nothing_is_there_when_one_row_cannot_be_written(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    shifts = (centre.shifts[0].model_copy(update={"account": "nobody"}),)

    with pytest.raises(CannotLoad, match="no account is called nobody"):
        await put(database, clock, centre.model_copy(update={"shifts": shifts}), REAL)

    assert all(rows == [] for rows in contents(database_url).values())


async def test_what_staff_blocked_stays_blocked(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    await put(database, clock, centre, REAL)
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE relation SET blocked_at = %s WHERE account_id = 'f-01'", (clock.now(),))

    await put(database, clock, centre, REAL)

    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT blocked_at IS NOT NULL FROM relation WHERE account_id = 'f-01'").fetchone() == (
            True,
        )


async def test_a_phone_that_moved_is_reached_at_its_new_address_and_again_at_the_old_one(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    moved = shipped_centre(phones="http://127.0.0.1:9999")
    in_use = "SELECT address FROM contact_method WHERE account_id = 'staff-01' AND verified_at IS NOT NULL"

    await put(database, clock, centre, REAL)
    await put(database, clock, moved, REAL)
    with psycopg.connect(database_url) as conn:
        assert conn.execute(in_use).fetchall() == [("http://127.0.0.1:9999/hooks/staff-01",)]
    await put(database, clock, centre, REAL)

    with psycopg.connect(database_url) as conn:
        assert conn.execute(in_use).fetchall() == [("http://127.0.0.1:8090/hooks/staff-01",)]


async def test_a_shift_taken_out_of_the_file_does_not_come(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    await put(database, clock, centre, REAL)

    await put(database, clock, centre.model_copy(update={"shifts": centre.shifts[1:]}), REAL)

    with psycopg.connect(database_url) as conn:
        assert conn.execute(
            "SELECT count(*) FROM shift WHERE duty = 'primary' AND from_at > %s AND ended_at IS NULL", (clock.now(),)
        ).fetchone() == (0,)


async def test_a_room_with_a_camera_cannot_become_one_where_none_is_allowed(
    database: Database, clock: SetClock, centre: CentreFile
) -> None:
    await put(database, clock, centre, REAL)
    rooms = tuple(
        room.model_copy(update={"type": RoomType.MASSAGE}) if room.id == "gym" else room for room in centre.rooms
    )
    devices = tuple(device for device in centre.devices if device.id != "cam-gym")

    with pytest.raises(CannotLoad, match="cam-gym"):
        await put(database, clock, centre.model_copy(update={"rooms": rooms, "devices": devices}), REAL)


async def test_a_second_centre_is_refused_because_one_hub_serves_one(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    await put(database, clock, centre, REAL)
    other = centre.model_copy(update={"centre": centre.centre.model_copy(update={"id": "elsewhere"})})

    with pytest.raises(CannotLoad, match=r"holds the centre jiuquan-road.+ANLING_DATA_DIR"):
        await put(database, clock, other, REAL)

    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT id FROM centre").fetchall() == [("jiuquan-road",)]


@pytest.mark.parametrize(
    ("first", "then", "why"),
    [(SIMULATED, REAL, "holds a simulated centre"), (REAL, SIMULATED, "a simulated one would write over it")],
    ids=["the simulated one first", "the real centre first"],
)
async def test_a_simulated_and_a_real_centre_never_share_a_database(
    database: Database,
    database_url: str,
    clock: SetClock,
    centre: CentreFile,
    first: SimulatedAccounts | None,
    then: SimulatedAccounts | None,
    why: str,
) -> None:
    await put(database, clock, centre, first)
    before = contents(database_url)

    with pytest.raises(CannotLoad, match=why):
        await put(database, clock, centre, then)

    assert contents(database_url) == before


async def test_two_seniors_may_change_cards(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    await put(database, clock, centre, REAL)
    one, two, *others = centre.seniors
    changed = (
        one.model_copy(update={"card_token": two.card_token}),
        two.model_copy(update={"card_token": one.card_token}),
    )

    await put(database, clock, centre.model_copy(update={"seniors": (*changed, *others)}), REAL)

    with psycopg.connect(database_url) as conn:
        cards = conn.execute(
            "SELECT card_token FROM senior WHERE id IN (%s, %s) ORDER BY id", (one.id, two.id)
        ).fetchall()
    assert cards == [(two.card_token,), (one.card_token,)]


async def test_a_press_does_not_wait_for_an_import(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    await put(database, clock, centre, REAL)

    async with open_edit(database, IMPORT, clock.now()) as editing:
        await load_centre(editing, centre)
        with psycopg.connect(database_url) as pressing:  # what a press locks: whose it is, where, and what was pressed
            for table in ("senior", "room", "device", "account", "contact_method", "centre"):
                found = pressing.execute(f"SELECT FROM {table} FOR KEY SHARE NOWAIT".encode()).fetchall()
                assert found


async def test_the_card_of_a_senior_whom_the_file_does_not_name_is_not_given_away(
    database: Database, clock: SetClock, centre: CentreFile
) -> None:
    await put(database, clock, centre, REAL)
    one, *others = centre.seniors
    gone = others.pop()
    named = (one.model_copy(update={"card_token": gone.card_token}), *others)
    without = {"relations": (), "consents": (), "devices": ()}

    with pytest.raises(CannotLoad, match=gone.id):
        await put(database, clock, centre.model_copy(update={"seniors": named, **without}), REAL)


async def test_a_device_that_the_file_gives_to_nobody_is_nobodys(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    await put(database, clock, centre, REAL)
    devices = tuple(
        device.model_copy(update={"room": None, "senior": None}) if device.id == "b-01" else device
        for device in centre.devices
    )
    clock.advance(SHIFT)

    await put(database, clock, centre.model_copy(update={"devices": devices}), REAL)

    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT to_at IS NULL FROM assignment WHERE device_id = 'b-01'").fetchall() == [(False,)]
