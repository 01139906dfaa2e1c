"""Writes a centre's file into the tables: all of it or nothing, and the same file twice changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hub.access import service as access
from hub.centre import store
from hub.centre.file import NEVER_A_CAMERA, CentreFile, Shift, Tier
from hub.kit.db import Conn
from hub.kit.ids import AccountId, CentreId, DeviceId, new_id
from hub.ledger import service as ledger
from hub.ledger.model import Chain, Entry

SHIFTS_AHEAD: Final = timedelta(days=14)
"""How far shifts are written; importing again goes on from there."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an import is told besides the file.

    `new_credential` makes a device's password and the hash that is kept. `demo_password_hash` is given by the demo
    alone: its accounts are marked and work nowhere else.
    """

    new_credential: Callable[[], tuple[str, bytes]]
    demo_password_hash: str | None = None

    @property
    def is_demo(self) -> bool:
        """Whether the demo imports."""
        return self.demo_password_hash is not None


@dataclass(slots=True)
class Loaded:
    """What an import made. Passwords and links are nowhere else: whoever imports hands them out."""

    centre_id: CentreId
    credentials: dict[DeviceId, str] = field(default_factory=dict)
    invitations: dict[AccountId, str] = field(default_factory=dict)


class CannotLoad(Exception):
    """The file is right by itself and contradicts what the database holds; nothing was written."""


async def load(conn: Conn, centre: CentreFile, terms: Terms, now: datetime) -> Loaded:
    """Write `centre` in the caller's transaction. Rows that the file does not name are left as they are.

    Returns the passwords of devices that had none and the invitation tokens of accounts that are new. Raises CannotLoad
    where the database holds another centre or one of the other kind (the demo's, a real one), for a card that a senior
    has whom the file does not name, and for a camera that would stand in a room where none is allowed.
    """
    centre_id = CentreId(centre.centre.id)
    loaded = Loaded(centre_id)
    if why := contradiction(await store.held(conn), centre_id, demo=terms.is_demo):
        raise CannotLoad(why)
    await _building(conn, centre, terms)
    await _seniors(conn, centre)
    new_accounts = await _accounts(conn, centre, terms, now)
    await _relations(conn, centre, now)
    loaded.credentials = await _devices(conn, centre, terms, now)
    await _refuse_forbidden_cameras(conn, centre_id)
    await _shifts(conn, centre, now)
    await _escalation(conn, centre, terms, now)
    loaded.invitations = await _invitations(conn, centre, terms, new_accounts, now)
    await ledger.append(conn, centre_id, Chain.CARE, [Entry("centre.imported", {"centre": centre_id})], now)
    return loaded


def contradiction(held: store.Held | None, centre_id: CentreId | None, *, demo: bool) -> str | None:
    """Why a centre cannot be written over, or served from, what the database holds; None when it can.

    `centre_id` is None for whoever serves the centre that is there. Accounts of the demo work nowhere else, and the
    demo changes hours, cameras and telephone numbers: neither may meet a real centre.
    """
    if held is None:
        return None
    elsewhere = "set ANLING_DATA_DIR to another folder (or ANLING_DATABASE_URL to another database)"
    if held.is_demo and not demo:
        return f"the database holds the demo's simulated centre: for a real one, {elsewhere}"
    if demo and not held.is_demo:
        return f"the database holds a real centre, {held.centre_id}, and the demo would write over it: {elsewhere}"
    if centre_id not in {None, held.centre_id}:
        return (
            f"the database holds the centre {held.centre_id}, and one hub serves one centre: for this one, {elsewhere}"
        )
    return None


async def _seniors(conn: Conn, centre: CentreFile) -> None:
    ids, cards = [one.id for one in centre.seniors], [one.card_token for one in centre.seniors]
    if others := await store.cards_of_others(conn, ids, [card for card in cards if card is not None]):
        raise CannotLoad(f"the file gives away cards of seniors whom it does not name: {', '.join(others)}")
    await store.take_cards_back(conn, ids, cards)
    for senior in centre.seniors:
        await store.upsert_senior(conn, CentreId(centre.centre.id), senior)
        await store.set_card(conn, senior)


async def _refuse_forbidden_cameras(conn: Conn, centre_id: CentreId) -> None:
    """A camera the file does not name may stand in a room whose type the file has just changed."""
    for camera, room in await store.cameras_in(conn, centre_id, sorted(NEVER_A_CAMERA)):
        raise CannotLoad(
            f"camera {camera} stands in {room}, a room of a type where no camera is allowed: move it first"
        )


async def _building(conn: Conn, centre: CentreFile, terms: Terms) -> None:
    await store.upsert_organisation(conn, centre.organisation)
    hours = centre.demo if terms.is_demo and centre.demo else centre.centre
    await store.upsert_centre(conn, centre.centre, centre.organisation.id, opens=hours.opens, closes=hours.closes)
    for room in centre.rooms:
        await store.upsert_room(conn, CentreId(centre.centre.id), room)


async def _accounts(conn: Conn, centre: CentreFile, terms: Terms, now: datetime) -> list[AccountId]:
    """Write the accounts and the ways to reach them; gives those that were not there before."""
    new = []
    for account in centre.accounts:
        row = store.AccountRow(
            account=account,
            centre_id=CentreId(centre.centre.id),
            organisation_id=centre.organisation.id if account.organisation else None,
            demo=terms.is_demo,
            password_hash=terms.demo_password_hash if account.role != "family" else None,
        )
        if await store.upsert_account(conn, row):
            new.append(AccountId(account.id))
        for rank, contact in enumerate(account.contacts):
            await store.upsert_contact(conn, new_id("c", now), AccountId(account.id), contact, rank, now)
        await store.remove_other_contacts(conn, AccountId(account.id), [one.address for one in account.contacts])
    return new


async def _relations(conn: Conn, centre: CentreFile, now: datetime) -> None:
    for relation in centre.relations:
        await store.upsert_relation(conn, new_id("r", now), relation, now)
    for consent in centre.consents:
        for covers in consent.covers:
            await store.insert_consent(conn, new_id("k", now), consent, covers, now)


async def _devices(conn: Conn, centre: CentreFile, terms: Terms, now: datetime) -> dict[DeviceId, str]:
    """Write the devices and whose they are; gives the passwords made for those that had none."""
    made = {}
    for device in centre.devices:
        if await store.upsert_device(conn, CentreId(centre.centre.id), device):
            password, credential_hash = terms.new_credential()
            await store.set_credential(conn, device.id, credential_hash)
            made[DeviceId(device.id)] = password
        await store.assign(conn, new_id("g", now), device, now)
    return made


async def _shifts(conn: Conn, centre: CentreFile, now: datetime) -> None:
    """Write the daily pattern from yesterday (a night shift may still run) to two weeks ahead."""
    zone = ZoneInfo(centre.centre.timezone)
    today = now.astimezone(zone).date()
    centre_id = CentreId(centre.centre.id)
    written = []
    for days in range(-1, SHIFTS_AHEAD.days):
        for shift in centre.shifts:
            from_at, to_at = shift_times(shift, today + timedelta(days=days), zone)
            written.append(await store.insert_shift(conn, centre_id, shift, from_at, to_at))
    await store.end_other_shifts(conn, centre_id, written, now)


def shift_times(shift: Shift, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a shift that begins on `day` begins and ends, in UTC."""
    from_at, to_at = _moment(day, shift.from_, zone), _moment(day, shift.to, zone)
    if to_at <= from_at:
        to_at = _moment(day + timedelta(days=1), shift.to, zone)
    return from_at, to_at


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A time of day in the centre's zone; `time.max` stands for 24:00, the first moment of the next day."""
    if at == time.max:
        day, at = day + timedelta(days=1), time.min
    return datetime.combine(day, at, zone).astimezone(UTC)


async def _escalation(conn: Conn, centre: CentreFile, terms: Terms, now: datetime) -> None:
    """Write the centre's tiers, as a new version where they differ from those that hold."""
    if centre.escalation is None:
        return
    for applies, tiers in (
        ("opening_hours", centre.escalation.opening_hours),
        ("out_of_hours", centre.escalation.out_of_hours),
    ):
        written = [_tier(tier) for tier in tiers]
        if terms.is_demo and centre.demo is not None:
            written[0]["wait_seconds"] = centre.demo.second_tier_wait_seconds
        await store.put_policy(conn, new_id("e", now), CentreId(centre.centre.id), applies, written, now)


def _tier(tier: Tier) -> dict[str, object]:
    """A tier as `alarms/policies` reads it."""
    targets = [
        "board",
        *(f"duty:{duty}" for duty in tier.duties),
        *(f"role:{role}" for role in tier.roles),
        *(f"device:{device}" for device in tier.devices),
    ]
    return {"wait_seconds": tier.wait_seconds, "targets": targets}


async def _invitations(
    conn: Conn, centre: CentreFile, terms: Terms, new_accounts: list[AccountId], now: datetime
) -> dict[AccountId, str]:
    """Links for those who have just become known; in the demo for the daughter alone, and good for many a look."""
    if terms.is_demo:
        daughter = AccountId(centre.demo.daughter) if centre.demo else None
        if daughter is None:
            return {}
        lasts = timedelta(days=3650)
        return {daughter: await access.invite(conn, access.Invited(daughter, lasts=lasts, reusable=True), now)}
    return {account_id: await access.invite(conn, access.Invited(account_id), now) for account_id in new_accounts}
