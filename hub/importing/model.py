"""What does a database hold before an import, and why can a file not be loaded into it?"""

from dataclasses import dataclass

from hub.kit.ids import AccountId, CentreId


@dataclass(frozen=True, slots=True)
class HeldCentre:
    """The one centre that a database holds, and whether it is a simulated one."""

    centre_id: CentreId
    is_simulated: bool


@dataclass(frozen=True, slots=True)
class SimulatedAccounts:
    """How people sign in to a simulated centre: staff by the password with this hash, `invited` by a link."""

    password_hash: str
    invited: AccountId


class CannotLoad(Exception):
    """The file is right by itself and contradicts what the database holds; nothing was written."""
