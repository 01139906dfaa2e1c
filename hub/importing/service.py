"""Writes a centre's file through the owners' services: all of it or nothing, and nothing when it is there already."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hub.access import accounts
from hub.access.service import Invited
from hub.alarms.policy_service import write_called_duties, write_policy
from hub.centre import service as centre
from hub.fleet import registry
from hub.importing import plan
from hub.importing.existing_centre import find_contradiction, read_held_centre
from hub.importing.model import CannotLoad, SimulatedAccounts
from hub.importing.parts import CentreFile
from hub.kit.errors import DomainError
from hub.kit.ids import AccountId, CentreId, DeviceId
from hub.ledger.edit import Edit
from hub.ledger.model import Chain
from hub.notifications import service as notifications
from hub.people import service as people
from hub.people.errors import CardsOfOthers
from hub.roster import service as roster

_SIMULATED_LINK_LASTS: Final = timedelta(days=3650)


@dataclass(slots=True)
class LoadedCentre:
    """What an import made. Passwords and links are nowhere else: whoever imports hands them out."""

    centre_id: CentreId
    credentials: dict[DeviceId, str] = field(default_factory=dict)
    invitations: dict[AccountId, str] = field(default_factory=dict)


async def load_centre(edit: Edit, file: CentreFile, simulated: SimulatedAccounts | None = None) -> LoadedCentre:
    """Write `file` in the caller's edit. Rows that it does not name are left as they are.

    Returns the passwords of devices that had none and the invitation tokens of accounts that are new. With
    `simulated` the centre is a simulated one: its accounts are marked as that, and work nowhere else.

    Raises CannotLoad where the database holds another centre or one of the other kind (simulated, real), for a
    card that a senior has whom the file does not name, for a camera that would stand in a room where none is allowed,
    and for whatever else an owner of rows refuses.
    """
    if why := find_contradiction(
        await read_held_centre(edit.conn), CentreId(file.centre.id), simulated=simulated is not None
    ):
        raise CannotLoad(why)
    try:
        return await _write_centre(edit, file, simulated)
    except DomainError as error:
        raise CannotLoad(f"the database refuses what the file says: {error}") from error


async def _write_centre(edit: Edit, file: CentreFile, simulated: SimulatedAccounts | None) -> LoadedCentre:
    """Owner by owner, from the bottom of the stack to its top: each finds there what its own rows refer to."""
    loaded = LoadedCentre(CentreId(file.centre.id))
    await centre.write_centre(edit, plan.organisation_of(file), plan.centre_of(file))
    await centre.write_rooms(edit, plan.rooms_of(file))
    await _write_seniors(edit, file)
    new_accounts = await accounts.write_accounts(edit, plan.accounts_of(file, simulated))
    for account in file.accounts:
        await notifications.write_contacts(edit, AccountId(account.id), plan.contacts_of(account))
    for relation in plan.relations_of(file):
        await people.write_relation(edit, relation)
    for consent in plan.consents_of(file):
        await people.give_first_consent(edit, consent)
    loaded.credentials = await _write_devices(edit, file)
    await roster.write_daily_shifts(edit, loaded.centre_id, plan.daily_shifts_of(file), ZoneInfo(file.centre.timezone))
    for applies, steps in plan.policies_of(file):
        await write_policy(edit, loaded.centre_id, applies, plan.POLICY_NAME, steps)
    await write_called_duties(edit, loaded.centre_id)
    for invited in _accounts_to_invite(new_accounts, simulated):
        loaded.invitations[invited.account_id] = await accounts.invite_new(edit, invited)
    if not edit.is_empty:
        edit.note_entry(loaded.centre_id, Chain.CARE, "centre.imported", centre=loaded.centre_id)
    return loaded


async def _write_seniors(edit: Edit, file: CentreFile) -> None:
    try:
        await people.write_seniors(edit, plan.seniors_of(file))
    except CardsOfOthers as error:
        holders = ", ".join(error.holders)
        raise CannotLoad(f"the file gives away cards of seniors whom it does not name: {holders}") from error


async def _write_devices(edit: Edit, file: CentreFile) -> dict[DeviceId, str]:
    """Write the devices and whose they are; gives the passwords made for those that had none."""
    made = {}
    for device in plan.devices_of(file):
        if (password := await registry.write_device(edit, device)) is not None:
            made[device.id] = password
    # A camera that the file does not name may stand in a room whose type the file has just changed.
    for camera, room in await registry.forbidden_cameras(edit.conn):
        raise CannotLoad(
            f"camera {camera} stands in {room}, a room of a type where no camera is allowed: move it first"
        )
    return made


def _accounts_to_invite(new_accounts: Sequence[AccountId], simulated: SimulatedAccounts | None) -> list[Invited]:
    """Who gets a link: everybody who is new; in a simulated centre one alone, whose link may be used again."""
    if simulated is None:
        return [Invited(account_id) for account_id in new_accounts]
    return [Invited(simulated.invited, lasts=_SIMULATED_LINK_LASTS, reusable=True)]
