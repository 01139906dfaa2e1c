"""What does the database hold? Asked by a login that may read everything and write nothing, on a connection of its own.

Faults that poison rows have another, the owner's (`ProvenHub.database_url`).
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

import psycopg

from simulators.prove.proven_hub import ProvenHub

LOGIN: Final = "anling_prover"
_PASSWORD: Final = "of-the-prover"  # noqa: S105 - a login of a database that is thrown away
_CONNECT_SECONDS: Final = 3


class DatabaseAway(Exception):
    """The database does not answer now."""


@dataclass(frozen=True, slots=True)
class PressRow:
    """A press as the database holds it, with the alarm it belongs to (none: empty)."""

    device_id: str
    message_id: str
    kind: str
    alarm_id: str
    unreadable: bool


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """An alarm as the database holds it."""

    id: str
    key: str
    device_id: str
    state: str
    opened_at: datetime
    resolved_at: datetime | None


class Observer:
    """Reads rows; one connection, for one thread at a time."""

    def __init__(self, hub: ProvenHub) -> None:
        self._hub = hub
        self._conn: psycopg.Connection | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """End the connection."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def is_committed(self, device_id: str, message_id: str) -> bool:
        """Whether the press of this device and id is committed now. Raises DatabaseAway."""
        found = self.rows("SELECT 1 FROM press WHERE device_id = %s AND message_id = %s", device_id, message_id)
        return bool(found)

    def presses(self) -> list[PressRow]:
        """Every press. Raises DatabaseAway."""
        rows = self.rows(
            "SELECT p.device_id, coalesce(p.message_id, ''), p.kind, coalesce(ap.alarm_id, ''),"
            " p.unreadable_reason IS NOT NULL FROM press p LEFT JOIN alarm_press ap ON ap.press_id = p.id"
        )
        return [PressRow(str(a), str(b), str(c), str(d), bool(e)) for a, b, c, d, e in rows]

    def alarms(self) -> list[AlarmRow]:
        """Every alarm, the oldest first. Raises DatabaseAway."""
        rows = self.rows(
            "SELECT id, key, coalesce(device_id, ''), state, opened_at, resolved_at FROM alarm ORDER BY opened_at, id"
        )
        return [
            AlarmRow(str(a), str(b), str(c), str(d), _as_time(e), None if f is None else _as_time(f))
            for a, b, c, d, e, f in rows
        ]

    def states(self) -> dict[str, tuple[str, str]]:
        """The device and the state of each alarm, by its id. Raises DatabaseAway."""
        rows = self.rows("SELECT id, coalesce(device_id, ''), state FROM alarm")
        return {str(alarm): (str(device), str(state)) for alarm, device, state in rows}

    def rows(self, statement: LiteralString, *values: object) -> list[tuple[object, ...]]:
        """Ask the database. Raises DatabaseAway."""
        with self._lock:
            try:
                return self._connected().execute(statement, values).fetchall()
            except (psycopg.OperationalError, psycopg.InterfaceError, OSError) as error:
                self.close()
                raise DatabaseAway(str(error)) from error

    def _connected(self) -> psycopg.Connection:
        if self._conn is None:
            url = self._hub.database_url()
            account = f"//{LOGIN}:{_PASSWORD}@"
            self._conn = psycopg.connect(
                f"postgresql:{account}{url.rpartition('@')[2]}", connect_timeout=_CONNECT_SECONDS, autocommit=True
            )
        return self._conn


def make_login(hub: ProvenHub) -> None:
    """The observer's login, in the database of a hub that runs."""
    with psycopg.connect(hub.database_url(), connect_timeout=_CONNECT_SECONDS, autocommit=True) as conn:
        conn.execute(f"DROP ROLE IF EXISTS {LOGIN}")
        conn.execute(f"CREATE ROLE {LOGIN} LOGIN BYPASSRLS PASSWORD '{_PASSWORD}' IN ROLE pg_read_all_data, pg_monitor")


def as_owner(hub: ProvenHub, statement: LiteralString, values: Sequence[object] = ()) -> int:
    """Change rows behind the hub's back and past its triggers; gives how many. Raises psycopg.Error."""
    with psycopg.connect(hub.database_url(), connect_timeout=_CONNECT_SECONDS) as conn:
        conn.execute("SET LOCAL session_replication_role = replica")
        return conn.execute(statement, values).rowcount


def _as_time(value: object) -> datetime:
    assert isinstance(value, datetime)
    return value
