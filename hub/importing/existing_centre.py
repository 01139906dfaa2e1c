"""May this database be imported into, or served from? A real centre and a simulated one never share one."""

from hub.access import accounts
from hub.centre import service as centre
from hub.importing.model import HeldCentre
from hub.kit.db import Conn
from hub.kit.ids import CentreId


async def read_held_centre(conn: Conn) -> HeldCentre | None:
    """What this database holds; None before the first import."""
    centre_id = await centre.find_centre(conn)
    return None if centre_id is None else HeldCentre(centre_id, await accounts.has_simulated_accounts(conn))


def find_contradiction(held: HeldCentre | None, centre_id: CentreId | None, *, simulated: bool) -> str | None:
    """Why a centre cannot be written over, or served from, what the database holds; None when it can.

    `centre_id` is None for whoever serves the centre that is there. Accounts of a simulated centre work nowhere
    else, and a simulation changes hours, cameras and telephone numbers: neither may meet a real centre.
    """
    if held is None:
        return None
    elsewhere = "set ANLING_DATA_DIR to another folder (or ANLING_DATABASE_URL to another database)"
    if held.is_simulated and not simulated:
        return f"the database holds a simulated centre: for a real one, {elsewhere}"
    if simulated and not held.is_simulated:
        return (
            f"the database holds a real centre, {held.centre_id}, and a simulated one would write over it: {elsewhere}"
        )
    if centre_id not in {None, held.centre_id}:
        return (
            f"the database holds the centre {held.centre_id}, and one hub serves one centre: for this one, {elsewhere}"
        )
    return None
