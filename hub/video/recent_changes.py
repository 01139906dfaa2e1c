"""What changed a moment ago, which no row says? A grant that was given just now has not held for longer than that."""

from collections.abc import Sequence

from hub.kit.changes import Change
from hub.video.store import OpenViewing

REMEMBERED_SECONDS = 10.0
"""A change is remembered for longer than any picture is kept."""


class RecentChanges:
    """What changed a moment ago: a grant that was given just now has not held for longer than that, whatever its rows
    say. A relation that was unblocked, for one, does not say when.
    """

    def __init__(self, begun: float) -> None:
        self._begun = begun
        self._at: dict[tuple[str, str], float] = {}

    def note_changes(self, changes: Sequence[Change], now: float) -> None:
        """These changes were heard now."""
        self._at = {key: at for key, at in self._at.items() if now - at < REMEMBERED_SECONDS}
        for change in changes:
            if change.kind == "lost":
                self._begun = now
            self._at[change.kind, change.id] = now

    def held(self, viewing: OpenViewing, depends_on: Sequence[str], seconds: float, now: float) -> float:
        """For how many of these seconds the grant, which depends on these, is known to have held without a break."""
        about = [("account", viewing.account_id), ("session", viewing.account_id), ("device", viewing.camera_id)]
        if viewing.senior_id is not None:
            about += [("grant", viewing.senior_id), ("presence", viewing.senior_id)]
        about += [key for key in self._at if key[0] == "presence" and ":".join(key) in depends_on]
        # Anybody's record: who objected until a moment ago, and was in the room, is in no row any more.
        about += [key for key in self._at if key[0] == "senior"]
        latest = max([self._begun, *(self._at[key] for key in about if key in self._at)])
        return max(0.0, min(seconds, now - latest))
