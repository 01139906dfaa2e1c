"""What must not be lost before the hub has it? A device's own storage: SQLite, fsynced at each write."""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel

from devices.contract.messages import AlarmMessage, Message, Unreadable, VisitMessage, parse_message, serialize_message
from devices.contract.topics import Kind

log = logging.getLogger(__name__)

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
_LOCK_SECONDS: Final = 5.0  # seconds in which another process may have the file
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
"""Not among them: a file that is locked, or that cannot be written. What is in it is good."""


class CannotKeep(Exception):
    """The storage took nothing: full, worn out, read-only. The message exists only in memory."""


class Damaged(CannotKeep):
    """The file is no outbox any more; another start will find it the same."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
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
        return serialize_message(self.message.model_copy(update=changed))


class Outbox:
    """The messages of one device that wait for the hub's answer, across reboots.

    `seq` rises by one per lane and never restarts. Calls block for an fsync: give them a thread.
    """

    def __init__(self, path: Path | None, boot: str, *, lock_seconds: float = _LOCK_SECONDS) -> None:
        """Open or make the file, of mode 0600; None: a device without storage. Raises CannotKeep, or Damaged.

        `lock_seconds`: seconds to wait for another process that has the file locked.
        """
        self.boot = boot
        self._lock = threading.Lock()
        self._connection = None if path is None else _open_database(path, lock_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what is in it stays."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()

    @property
    def is_durable(self) -> bool:
        """Whether each write reaches the disk before it counts (SQLite's `synchronous` is FULL or EXTRA)."""
        if self._connection is None:
            return False
        (level,) = self._connection.execute("PRAGMA synchronous").fetchone()
        return bool(level >= 2)

    def store_message(self, kind: Kind, draft: AlarmMessage | VisitMessage, made_at: float) -> StoredMessage:
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
                (message.id, kind, seq, self.boot, made_at, _dump_without_retry_fields(message)),
            )
        return StoredMessage(message.id, kind, seq, made_at, message)

    def list_unanswered(self) -> list[StoredMessage]:
        """All messages without an answer, oldest first. Raises CannotKeep.

        One that cannot be read stays in storage for whoever looks, and keeps no other from being sent.
        """
        if self._connection is None:
            return []
        with self._transaction() as run:
            rows = run.execute("SELECT id, kind, seq, boot, made_at, body FROM message ORDER BY rowid").fetchall()
        found = []
        for id_, kind, seq, boot, made_at, body in rows:
            try:
                message = _parse_stored(Kind(kind), body)
            except (Unreadable, ValueError) as error:
                log.error("message %s in the outbox cannot be read and is not sent: %s", id_, error)
                continue
            found.append(StoredMessage(id_, Kind(kind), seq, made_at if boot == self.boot else None, message))
        return found

    def delete_message(self, kept: StoredMessage) -> None:
        """The hub has it for good. Raises CannotKeep."""
        if self._connection is None:
            return
        with self._transaction() as run:
            run.execute("DELETE FROM message WHERE kind = ? AND id = ?", (kept.kind, kept.id))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._connection is None:
            raise CannotKeep("there is no storage")
        with self._lock:
            try:
                with self._connection as run:
                    run.execute("BEGIN IMMEDIATE")
                    yield run
            except sqlite3.Error as error:
                raise CannotKeep(str(error)) from error


def open_outbox(path: Path, boot: str, *, lock_seconds: float = _LOCK_SECONDS) -> Outbox:
    """The outbox of a device that has to run whatever its storage is like, and says what is wrong with it.

    A damaged file is renamed, with whatever is in it, and a fresh one begun. Where nothing can be kept at all, the
    device sends from memory.
    """
    try:
        try:
            return Outbox(path, boot, lock_seconds=lock_seconds)
        except Damaged as error:
            log.error("%s; it is now %s, and a fresh one begins", error, _rename_damaged_file(path))
            return Outbox(path, boot, lock_seconds=lock_seconds)
    except (CannotKeep, OSError) as error:
        log.error("nothing can be kept (%s): what is to be said is sent from memory", error)
        return Outbox(None, boot)


def _open_database(path: Path, lock_seconds: float) -> sqlite3.Connection:
    try:
        path.touch(mode=0o600)
        connection = sqlite3.connect(path, timeout=lock_seconds, check_same_thread=False, isolation_level=None)
    except (sqlite3.Error, OSError) as error:
        raise CannotKeep(f"{path}: {error}") from error
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(_SCHEMA)
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        connection.close()
        is_damaged = error.sqlite_errorcode & 0xFF in _DAMAGED  # the low byte is what the extended codes refine
        raise (Damaged if is_damaged else CannotKeep)(f"{path}: {error}") from error
    if found != "ok":
        connection.close()
        raise Damaged(f"{path}: {found}")
    return connection


def _rename_damaged_file(path: Path) -> Path:
    """Rename a damaged file and what SQLite keeps beside it; its new name. Raises OSError."""
    aside = next(free for n in count(1) if not (free := path.with_name(f"{path.name}.damaged-{n}")).exists())
    path.rename(aside)
    for end in ("-wal", "-shm"):
        beside = path.with_name(path.name + end)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + end))
    return aside


def _dump_without_retry_fields(message: BaseModel) -> bytes:
    return message.model_dump_json(exclude_none=True, exclude=set(_CHANGED_BY_A_RETRY)).encode()


def _parse_stored(kind: Kind, body: bytes) -> AlarmMessage | VisitMessage:
    message: Message = parse_message(kind, body)
    assert isinstance(message, AlarmMessage | VisitMessage), "only these are ever kept"
    return message
