"""What does a database hold before an import, and why can a file not be loaded into it?"""

from dataclasses import dataclass

from hub.kit.ids import CentreId


@dataclass(frozen=True, slots=True)
class HeldCentre:
    """The one centre that a database holds, and whether the demo wrote it."""

    centre_id: CentreId
    is_demo: bool


class CannotLoad(Exception):
    """The file is right by itself and contradicts what the database holds; nothing was written."""
