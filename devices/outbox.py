"""What must not be forgotten before the hub has it? A device's own storage: SQLite, fsynced at each write."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import BaseModel

from devices.contract.messages import AlarmMessage, Message, VisitMessage, dump, parse
from devices.contract.topics import Kind

_SCHEMA = """
CREATE TABLE IF NOT EXISTS lane (
  kind     TEXT PRIMARY KEY,
  last_seq INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS message (
  kind    TEXT NOT NULL,
  id      TEXT NOT NULL,
  seq     INTEGER NOT NULL,
  boot    TEXT NOT NULL,     -- the boot it was made in: its monotonic clock means nothing in another
  made_at REAL NOT NULL,     -- seconds on that clock
  body    BLOB NOT NULL,     -- what every publication repeats
  PRIMARY KEY (kind, id)     -- lanes count for themselves, so an id is one lane's
) STRICT;
"""
_CHANGED_BY_A_RETRY = frozenset({"age_ms", "battery", "signal"})


class CannotKeep(Exception):
    """The storage took nothing: full, worn out, read-only. The message exists only in memory."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One message that is in storage. `made_at` is monotonic, and None when the device has booted since."""

    id: str
    kind: Kind
    seq: int
    made_at: float | None
    message: AlarmMessage | VisitMessage

    def bytes_at(self, monotonic: float, *, battery: float | None = None, signal: float | None = None) -> bytes:
        """The payload of a publication at this moment: the same bytes but for age, battery and signal."""
        changed: dict[str, object] = {}
        if self.made_at is not None:
            changed["age_ms"] = max(0, round((monotonic - self.made_at) * 1000))
        if isinstance(self.message, AlarmMessage):
            changed |= {"battery": battery, "signal": signal}
        return dump(self.message.model_copy(update=changed))


class Outbox:
    """The messages of one device that wait for the hub's answer, across reboots.

    `seq` rises by one per lane and never restarts. Calls block for an fsync: give them a thread.
    """

    def __init__(self, path: Path, boot: str) -> None:
        """Open or make the file, of mode 0600. Raises CannotKeep."""
        self.boot = boot
        self._lock = threading.Lock()
        try:
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise CannotKeep(f"{path}: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what is in it stays."""
        with self._lock:
            self._connection.close()

    @property
    def is_durable(self) -> bool:
        """Whether each write reaches the disk before it counts (SQLite's `synchronous` is FULL or EXTRA)."""
        (level,) = self._connection.execute("PRAGMA synchronous").fetchone()
        return bool(level >= 2)

    def keep(self, kind: Kind, draft: AlarmMessage | VisitMessage, made_at: float) -> Kept:
        """Give the draft its `seq` and `id`, and write it down; it is durable when this returns. Raises CannotKeep."""
        with self._transaction() as run:
            run.execute(
                "INSERT INTO lane (kind, last_seq) VALUES (?, 1)"
                " ON CONFLICT (kind) DO UPDATE SET last_seq = last_seq + 1",
                (kind,),
            )
            (seq,) = run.execute("SELECT last_seq FROM lane WHERE kind = ?", (kind,)).fetchone()
            message = draft.model_copy(update={"id": f"{self.boot}-{seq}", "seq": seq})
            run.execute(
                "INSERT INTO message (id, kind, seq, boot, made_at, body) VALUES (?, ?, ?, ?, ?, ?)",
                (message.id, kind, seq, self.boot, made_at, _unchanging(message)),
            )
        return Kept(message.id, kind, seq, made_at, message)

    def waiting(self) -> list[Kept]:
        """All messages without an answer, oldest first."""
        with self._transaction() as run:
            rows = run.execute("SELECT id, kind, seq, boot, made_at, body FROM message ORDER BY rowid").fetchall()
        return [
            Kept(id_, Kind(kind), seq, made_at if boot == self.boot else None, _read(Kind(kind), body))
            for id_, kind, seq, boot, made_at, body in rows
        ]

    def forget(self, kept: Kept) -> None:
        """The hub has it for good."""
        with self._transaction() as run:
            run.execute("DELETE FROM message WHERE kind = ? AND id = ?", (kept.kind, kept.id))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                with self._connection:
                    self._connection.execute("BEGIN IMMEDIATE")
                    yield self._connection
            except sqlite3.Error as error:
                raise CannotKeep(str(error)) from error


def _unchanging(message: BaseModel) -> bytes:
    return message.model_dump_json(exclude_none=True, exclude=set(_CHANGED_BY_A_RETRY)).encode()


def _read(kind: Kind, body: bytes) -> AlarmMessage | VisitMessage:
    message: Message = parse(kind, body)
    assert isinstance(message, AlarmMessage | VisitMessage), "only these are ever kept"
    return message
