"""Authenticates devices at the built-in broker from the rows of the fleet."""

import asyncio
from collections import deque
from datetime import timedelta
from hashlib import sha256
from typing import Final

import psycopg

from devices.contract.topics import FROM_DEVICE, TO_DEVICE, Kind, build_topic, is_id
from hub.fleet import credentials, store
from hub.fleet.model import DeviceCredentials, DeviceKind
from hub.kit.clock import Clock
from hub.kit.db import Database
from hub.kit.ids import CentreId, DeviceId
from hub.mqtt.model import AuthenticationUnavailable, Principal
from hub.notices import service as notices
from hub.notices.model import NoticeCode, Raised

_WINDOW: Final = timedelta(minutes=1)
_TRIES: Final = 3
_SOURCES: Final = 1000  # names whose wrong passwords are counted; more than that is one flood


class DeviceAuthenticator:
    """The hub's `mqtt.model.Authenticator`. Wrong credentials are a notice from the third try a minute."""

    def __init__(self, database: Database, clock: Clock, centre_id: CentreId) -> None:
        self._database = database
        self._clock = clock
        self._centre_id = centre_id
        self._wrong: dict[str, deque[float]] = {}
        self.refused = 0
        """Connections refused since the start."""

    async def authenticate(self, username: str, password: str, client_id: str) -> Principal | None:  # noqa: ARG002
        """The device named `username`, if this is its password and it is enabled. Raises AuthenticationUnavailable."""
        row = await self._find_credentials(username)
        if row is None or row.credential_hash is None or not row.enabled:
            await self._count_wrong(username, known=row is not None)
            return None
        if not credentials.matches_credential(password, row.credential_hash):
            await self._count_wrong(username, known=True)
            return None
        self._wrong.pop(username, None)
        return principal_of(row)

    async def stamp_of(self, device_id: str) -> str | None:
        """The stamp of the device's rows now, None when it would be refused. Raises AuthenticationUnavailable."""
        row = await self._find_credentials(device_id)
        return _stamp_of(row) if row is not None and row.enabled and row.credential_hash is not None else None

    async def _find_credentials(self, username: str) -> DeviceCredentials | None:
        if not is_id(username):
            return None
        try:
            async with asyncio.timeout(3), self._database.transaction() as conn:
                return await store.find_credentials(conn, DeviceId(username))
        except (psycopg.OperationalError, TimeoutError) as error:
            raise AuthenticationUnavailable(f"whether {username} may connect: the database does not answer") from error

    async def _count_wrong(self, username: str, *, known: bool) -> None:
        self.refused += 1
        subject = f"device:{username}" if known else "broker"
        since = self._clock.monotonic() - _WINDOW.total_seconds()
        if subject not in self._wrong and len(self._wrong) >= _SOURCES:
            self._wrong.pop(next(iter(self._wrong)))
        tries = self._wrong.setdefault(subject, deque(maxlen=_TRIES))
        tries.append(self._clock.monotonic())
        if len(tries) < _TRIES or tries[0] < since:
            return
        raised = Raised(self._centre_id, NoticeCode.WRONG_CREDENTIALS, subject, params={"refused": self.refused})
        try:
            async with asyncio.timeout(3), self._database.transaction() as conn:
                await notices.raise_notice(conn, raised, self._clock.now())
        except (psycopg.OperationalError, TimeoutError):
            return  # counted all the same; the connection is refused either way


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
