"""Authenticates devices at the built-in broker from the rows of the fleet."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import psycopg

from devices.contract.topics import FROM_DEVICE, TO_DEVICE, Kind, build_topic, is_id
from hub.fleet import credentials, store
from hub.fleet.model import DeviceCredentials, DeviceKind
from hub.kit.changes import Changes
from hub.kit.clock import Clock
from hub.kit.db import Database
from hub.kit.fair_lane import FairLane, LaneFull
from hub.kit.ids import DeviceId
from hub.kit.refusals import Refusals
from hub.mqtt.model import AuthenticationUnavailable, Principal

NOBODY: Final = "broker"
"""The subject of wrong passwords for names that no device has."""
_LOOKUPS_AT_ONCE: Final = 2  # of the connections that they share with others
_LOOKUPS_WAITING: Final = 300
_LOOKUPS_OF_ONE: Final = 100
_REMEMBERED: Final = 2000
_REMEMBERED_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Remembered:
    """What a device's row said: the only password that may be right until it changes; None: no password is."""

    credential_hash: bytes | None
    known: bool
    read_at: float


class DeviceAuthenticator:
    """The hub's `mqtt.model.Authenticator`.

    A right password is always looked up, so that who was revoked is out at once; a wrong one is answered from memory
    once its row was read, and costs the database nothing. Lookups go round by address. While the database is down a
    device that was authenticated before is so by the row that it had: its press must come in.
    """

    def __init__(self, database: Database, clock: Clock, is_down: Callable[[], bool] = lambda: False) -> None:
        """`is_down`: whether the database is known to be down now."""
        self._database = database
        self._is_down = is_down
        self._authenticated: dict[str, DeviceCredentials] = {}
        self._clock = clock
        self._lookups = FairLane(at_once=_LOOKUPS_AT_ONCE, may_wait=_LOOKUPS_WAITING, of_one=_LOOKUPS_OF_ONE)
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()
        self._changes_heard = 0
        self.refusals = Refusals(NOBODY)

    async def authenticate(self, username: str, password: str, address: str) -> Principal | None:
        """The device named `username`, if this is its password and it is enabled. Raises AuthenticationUnavailable."""
        if not is_id(username):
            self._count_refused(None)
            return None
        before = self._authenticated.get(username)
        if before is not None and self._is_down() and _may_be_right(password, before.credential_hash):
            return principal_of(before)
        remembered = self._recall(username)
        if remembered is not None and not _may_be_right(password, remembered.credential_hash):
            self._count_refused(username if remembered.known else None)
            return None
        row = await self._look_up(username, address)
        if row is None or not row.enabled or not _may_be_right(password, row.credential_hash):
            self._count_refused(username if row is not None else None)
            return None
        self._authenticated[username] = row
        return principal_of(row)

    async def stamp_of(self, device_id: str) -> str | None:
        """The stamp of the device's rows now, None when it would be refused. Raises AuthenticationUnavailable."""
        row = await self._find_credentials(device_id)
        return _stamp_of(row) if row is not None and row.enabled and row.credential_hash is not None else None

    async def follow(self, changes: Changes) -> None:
        """Forget what was remembered of devices whose rows change, as they change, until cancelled."""
        with changes.subscribe("device") as heard:
            async for change in heard:
                self._changes_heard += 1
                if change.kind == "lost":  # with the database, perhaps: who was authenticated stays so while it is down
                    self._remembered.clear()
                else:
                    self._remembered.pop(change.id, None)
                    self._authenticated.pop(change.id, None)

    def _recall(self, username: str) -> _Remembered | None:
        remembered = self._remembered.get(username)
        if remembered is None or self._clock.monotonic() - remembered.read_at > _REMEMBERED_SECONDS:
            return None
        return remembered

    async def _look_up(self, username: str, address: str) -> DeviceCredentials | None:
        heard_before = self._changes_heard
        try:
            async with self._lookups.take_turn(address):
                row = await self._find_credentials(username)
        except LaneFull:
            raise AuthenticationUnavailable(f"whether {username} may connect: too many ask at once") from None
        if heard_before == self._changes_heard:  # else the row may be older than the change
            of_row = row.credential_hash if row is not None and row.enabled else None
            self._remembered[username] = _Remembered(of_row, row is not None, self._clock.monotonic())
            self._remembered.move_to_end(username)
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return row

    async def _find_credentials(self, username: str) -> DeviceCredentials | None:
        if not is_id(username):
            return None
        try:
            async with asyncio.timeout(3), self._database.transaction() as conn:
                return await store.find_credentials(conn, DeviceId(username))
        except (psycopg.OperationalError, TimeoutError) as error:
            raise AuthenticationUnavailable(f"whether {username} may connect: the database does not answer") from error

    def _count_refused(self, device_id: str | None) -> None:
        if device_id is None:
            self.refusals.count_unknown()
        else:
            self.refusals.count(f"device:{device_id}", ("device", device_id))


def _may_be_right(password: str, credential_hash: bytes | None) -> bool:
    return credential_hash is not None and credentials.matches_credential(password, credential_hash)


def principal_of(row: DeviceCredentials) -> Principal:
    """The topics a device may use: its own, in its own direction, and visits only where cards are read.

    An observer hears everything and says nothing.
    """
    if row.kind == DeviceKind.OBSERVER:  # a row holds its text
        return Principal(row.device_id, (), ("anling/#",), _stamp_of(row), observer=True)
    says = FROM_DEVICE if DeviceKind(row.kind).reads_cards else FROM_DEVICE - {Kind.VISIT}
    return Principal(
        row.device_id,
        tuple(build_topic(row.centre_id, kind, row.device_id) for kind in sorted(says)),
        tuple(build_topic(row.centre_id, kind, row.device_id) for kind in sorted(TO_DEVICE)),
        _stamp_of(row),
    )


def _stamp_of(row: DeviceCredentials) -> str:
    said = f"{row.device_id} {row.centre_id} {row.kind} {row.enabled}".encode() + (row.credential_hash or b"")
    return sha256(said).hexdigest()
