"""Whom does the supervisor tell itself, when the hub has not been ready for a minute, or dies again and again?

The list is a small file, written through to the disk, so that it is there without a database: refreshed while the hub
works, read at the start. What the supervisor knew of the hub is beside it: one that is killed and started again goes on
counting where it was.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

import psycopg
from pydantic import TypeAdapter, ValidationError

from hub.embedded.supervised import ChildEvent, Ended
from hub.kit.bulkhead import run_in_bulkhead
from hub.kit.clock import Clock
from hub.kit.db import Database
from hub.kit.files import replace_private
from hub.kit.ids import new_id
from hub.kit.single_error import raise_single_error
from hub.notifications.channels import Result, SendAccepted, SendRefused
from hub.notifications.contact_store import list_last_resort_contacts
from hub.notifications.model import LastResortContact, OutageMessage, OutageState

log = logging.getLogger(__name__)

NOT_READY_SECONDS: Final = 60.0
CRASHES: Final = 6
CRASHES_WITHIN_SECONDS: Final = 60.0
"""So many ends of one process within this time are told at once: it is never well for long, even if it looks so."""
BACK_AFTER_SECONDS: Final = 30.0
AGAIN_SECONDS: Final = 300.0
LOOK_SECONDS: Final = 2.0
REFRESH_SECONDS: Final = 60.0
MOST_CONTACTS: Final = 100
_RESUMED_WITHIN: Final = 600.0
"""Seconds since it was ready last, up to which a supervisor that starts takes it for the same outage."""
_SENDS_AT_ONCE: Final = 20
_KEEP_EVERY: Final = 10.0
NEEDED_FOR_CALLS: Final = frozenset({"alarm-path", "pages", "mosquitto"})
"""Processes without which a call for help is not heard or not seen."""
_CONTACTS = TypeAdapter(list[LastResortContact])


@dataclass(slots=True)
class HubOutage:
    """What is known of the hub, in monotonic seconds. Pure: looks and ends in, whom to tell what out."""

    not_ready_at: float
    """The last look at which it was not ready."""
    not_ready_since: float | None = None
    """The first of those after which it has not been well."""
    ends: dict[str, deque[float]] = field(default_factory=dict)
    told_at: float | None = None

    def note_look(self, now: float, *, is_ready: bool) -> None:
        """The hub was asked. It is well again only once it has been ready for half a minute."""
        if not is_ready:
            self.not_ready_since = self.not_ready_since if self.not_ready_since is not None else now
            self.not_ready_at = now
        elif now - self.not_ready_at >= BACK_AFTER_SECONDS and not self.is_crashing(now):
            self.not_ready_since = None

    def note_end(self, name: str, now: float) -> None:
        """A process has ended by itself."""
        self.ends.setdefault(name, deque(maxlen=CRASHES)).append(now)

    def is_crashing(self, now: float) -> bool:
        """Whether one process has ended so often within a minute."""
        return any(len(ends) == CRASHES and now - ends[0] <= CRASHES_WITHIN_SECONDS for ends in self.ends.values())

    def due_state(self, now: float) -> OutageState | None:
        """What people are to be told now; call `was_told` once somebody was."""
        waited = self.not_ready_since is not None and now - self.not_ready_since >= NOT_READY_SECONDS
        is_down = (waited and self.not_ready_at == now) or self.is_crashing(now)
        if is_down and (self.told_at is None or now - self.told_at >= AGAIN_SECONDS):
            return OutageState.DOWN
        if self.told_at is not None and not is_down and self.not_ready_since is None:
            return OutageState.BACK
        return None

    def was_told(self, state: OutageState, now: float) -> None:
        """Somebody knows."""
        self.told_at = now if state is OutageState.DOWN else None


class OutageChannel(Protocol):
    """A way to people that can say how the hub is: each channel of `notifications` can."""

    async def send_outage(self, outage: OutageMessage, now: datetime) -> Result: ...


@dataclass(frozen=True, slots=True)
class _Known:
    """What a supervisor leaves to the next one, in seconds since 1970: when the hub was well, when it was asked last,
    and when people were told.
    """

    ready_at: float
    seen_at: float
    told_at: float | None = None


_KNOWN = TypeAdapter(_Known)


class LastResort:
    """Watches the hub from its supervisor, and tells the people of the list.

    Its waits are those of the machine, not of a clock that tests wind: nobody is told because a test has gone on.
    """

    def __init__(
        self, folder: Path, channels: Mapping[str, OutageChannel], clock: Clock, say: Callable[[str], None]
    ) -> None:
        self._list = folder / "last-resort.json"
        self._state = folder / "last-ready.json"
        self._channels = channels
        self._clock = clock
        self._say = say
        self._is_ready: Callable[[], Awaitable[bool]] | None = None
        self._database: str | None = None
        self._contacts = _read_contacts(self._list)
        self._outage = _resume_outage(self._state, time.monotonic(), time.time())
        self._kept_at = -_KEEP_EVERY

    def hear_child(self, event: ChildEvent) -> None:
        """One of the supervisor's children has started, ended, or said something."""
        if isinstance(event, Ended) and event.name in NEEDED_FOR_CALLS:
            self._outage.note_end(event.name, time.monotonic())

    def begin_asking(self, is_ready: Callable[[], Awaitable[bool]], database: str) -> None:
        """From now on the hub can be asked; until then it is not ready. `database`: a login that reads contacts."""
        self._is_ready, self._database = is_ready, database

    async def watch_hub(self) -> None:
        """Look every two seconds, until cancelled."""
        while True:
            is_ready = self._is_ready is not None and await self._is_ready()
            await self.take_look(is_ready=is_ready)
            await asyncio.sleep(LOOK_SECONDS)

    async def take_look(self, *, is_ready: bool) -> None:
        """The hub was asked: tell people what is due, and keep what the next supervisor has to know."""
        now = time.monotonic()
        self._outage.note_look(now, is_ready=is_ready)
        state = self._outage.due_state(now)
        if state is not None and await self._tell_people(state):
            self._outage.was_told(state, now)
            await self._keep_state(now)
        elif self._outage.not_ready_since is not None or now - self._kept_at >= _KEEP_EVERY:
            await self._keep_state(now)

    async def refresh_list(self) -> None:
        """Write the list anew every minute while the database answers, until cancelled."""
        while True:
            if self._database is not None:
                try:
                    await self.read_list(self._database)
                except (psycopg.OperationalError, TimeoutError, OSError) as error:
                    log.warning("the list of the last resort stays as it is: %s", type(error).__name__)
            await asyncio.sleep(REFRESH_SECONDS if self._contacts else LOOK_SECONDS)

    async def read_list(self, database: str) -> None:
        """Write the list as the database has it now. Raises psycopg.OperationalError, TimeoutError, OSError."""
        async with (
            asyncio.timeout(10),
            Database.open(database, size=1, name="anling last resort") as opened,
            opened.transaction() as conn,
        ):
            contacts = await list_last_resort_contacts(conn, MOST_CONTACTS)
        if contacts != self._contacts:
            await asyncio.to_thread(replace_private, self._list, _CONTACTS.dump_json(contacts).decode())
            self._contacts = contacts

    def end_orderly(self) -> None:
        """The hub is stopped on purpose: the next start is no part of an outage."""
        self._state.unlink(missing_ok=True)

    async def _keep_state(self, now: float) -> None:
        """A disk that takes nothing stops no telling."""
        self._kept_at = now
        wall = time.time() - now
        since, told = self._outage.not_ready_since, self._outage.told_at
        known = _Known(wall + (now if since is None else since), wall + now, None if told is None else wall + told)
        try:
            await asyncio.to_thread(replace_private, self._state, _KNOWN.dump_json(known).decode())
        except OSError as error:
            log.warning("when the hub was well last could not be kept: %s", error.strerror)

    async def _tell_people(self, state: OutageState) -> bool:
        """Use every contact, twenty at a time; whether one of them took it."""
        if not self._contacts:
            return False
        free = asyncio.Semaphore(_SENDS_AT_ONCE)

        async def tell(contact: LastResortContact) -> bool:
            async with free:
                told = await run_in_bulkhead("a last resort", lambda: self._send_to(contact, state), expected=())
            return isinstance(told, SendAccepted)

        async with asyncio.TaskGroup() as tasks:
            told = [tasks.create_task(tell(contact)) for contact in self._contacts]
        number = sum(one.result() for one in told)
        self._say(f"{number} of {len(told)} contacts of the last resort were told: {state}")
        return number > 0

    async def _send_to(self, contact: LastResortContact, state: OutageState) -> Result:
        channel = self._channels.get(contact.channel)
        if channel is None:
            return SendRefused("no-channel")
        now = self._clock.now()
        return await channel.send_outage(OutageMessage(new_id("o", now), state, contact.to), now)


@asynccontextmanager
async def run_last_resort(last_resort: LastResort) -> AsyncIterator[None]:
    """Watch for as long as the block lasts. What ends it by a signal is an orderly end; an error is none."""
    with raise_single_error():
        async with asyncio.TaskGroup() as tasks:
            running = (tasks.create_task(last_resort.watch_hub()), tasks.create_task(last_resort.refresh_list()))
            try:
                yield
            except asyncio.CancelledError:
                last_resort.end_orderly()
                raise
            finally:
                for task in running:
                    task.cancel()


def _read_contacts(file: Path) -> list[LastResortContact]:
    try:
        return _CONTACTS.validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return []


def _resume_outage(file: Path, now: float, wall: float) -> HubOutage:
    """What an earlier supervisor knew, if it did not end in order a moment ago: an outage goes on, and its tellings.

    The time without any supervisor does not count: a machine that was without power has a minute to start.
    """
    outage = HubOutage(not_ready_at=now, not_ready_since=now)
    try:
        known = _KNOWN.validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return outage
    if 0 <= wall - known.seen_at <= _RESUMED_WITHIN:
        outage.not_ready_since = now - min(max(known.seen_at - known.ready_at, 0.0), _RESUMED_WITHIN)
    if known.told_at is not None and 0 <= wall - known.told_at <= _RESUMED_WITHIN:
        outage.told_at = now - (wall - known.told_at)
    return outage
