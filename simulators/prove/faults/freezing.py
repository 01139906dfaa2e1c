"""What if a process stands still? SIGSTOP by pid, also while it has a transaction open, and SIGCONT afterwards."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Final

from simulators.prove.field import Field, HubFault
from simulators.prove.observer import DatabaseAway
from simulators.prove.processes import list_family, send_signal

_CAUGHT_WITHIN: Final = 20.0


@contextmanager
def freeze_part(field: Field, *, part: str) -> Iterator[None]:
    """One process, for longer than its supervisor waits where the profile lets it."""
    pid = field.ground.hub.pid_of(part)
    field.strikes += send_signal([pid], signal.SIGSTOP)
    try:
        yield
    finally:
        send_signal([pid], signal.SIGCONT)


@contextmanager
def freeze_postgres(field: Field) -> Iterator[None]:
    """The server and every backend: connections stand and nothing answers."""
    family = list_family(field.ground.hub.pid_of("postgres"))
    field.strikes += send_signal(family, signal.SIGSTOP) > 1
    try:
        with field.freezing():
            yield
    finally:
        send_signal(family, signal.SIGCONT)


@contextmanager
def freeze_in_transaction(field: Field, *, part: str, login: str) -> Iterator[None]:
    """A process of the hub that has a transaction open, with whatever it has locked."""
    pid = field.ground.hub.pid_of(part)
    until = time.monotonic() + _CAUGHT_WITHIN
    try:
        while time.monotonic() < until:
            send_signal([pid], signal.SIGSTOP)
            if _has_transaction(field, login):
                field.strikes += 1
                break
            send_signal([pid], signal.SIGCONT)
            time.sleep(0.002)
        yield
    finally:
        send_signal([pid], signal.SIGCONT)


def _has_transaction(field: Field, login: str) -> bool:
    try:
        found = field.ground.observer.rows(
            "SELECT pid FROM pg_stat_activity WHERE usename = %s AND state LIKE 'idle in transaction%%'", login
        )
    except DatabaseAway:
        return False
    return bool(found)


@contextmanager
def freeze_backend(field: Field) -> Iterator[None]:
    """A backend of the alarm path inside a transaction; its locks stay."""
    frozen: list[int] = []
    until = time.monotonic() + _CAUGHT_WITHIN
    while not frozen and time.monotonic() < until:
        with suppress(DatabaseAway):
            frozen = _stop_one_in_transaction(field)
    field.strikes += len(frozen)
    try:
        yield
    finally:
        send_signal(frozen, signal.SIGCONT)


def _stop_one_in_transaction(field: Field) -> list[int]:
    """Stop a backend, and keep it stopped only if that caught it inside a transaction."""
    rows = field.ground.observer.rows(
        "SELECT pid FROM pg_stat_activity WHERE usename = 'anling_alarms' AND xact_start IS NOT NULL"
        " AND backend_type = 'client backend'"
    )
    pids = [int(str(pid)) for (pid,) in rows][:1]
    send_signal(pids, signal.SIGSTOP)
    still = field.ground.observer.rows(
        "SELECT pid FROM pg_stat_activity WHERE pid = ANY (%s) AND xact_start IS NOT NULL", pids
    )
    if still:
        return pids
    send_signal(pids, signal.SIGCONT)
    return []


def _describe_freeze(part: str) -> HubFault:
    return HubFault(f"stop-{part}", f"SIGSTOP of {part}", partial(freeze_part, part=part), hold_seconds=14)


FAULTS: Final = (
    *(_describe_freeze(part) for part in ("alarm-path", "telemetry", "pages", "media", "supervisor")),
    HubFault("stop-postgres", "SIGSTOP of the database server and its backends", freeze_postgres, hold_seconds=10),
    HubFault(
        "stop-alarm-path-in-transaction",
        "SIGSTOP of the alarm path while it has a transaction open",
        partial(freeze_in_transaction, part="alarm-path", login="anling_alarms"),
        hold_seconds=14,
    ),
    HubFault(
        "stop-backend-in-transaction",
        "SIGSTOP of a backend of the alarm path inside a transaction",
        freeze_backend,
        hold_seconds=8,
    ),
)
