"""A page that listens: server-sent events over a real connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, TypedDict, overload

import httpx

from tests.fakes.plain_http import PLAIN

PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Event:
    """One event as a browser hands it to a page; `data` is as JSON has it."""

    name: str
    data: dict[str, object]
    id: str | None


class _Named(TypedDict):
    id: str
    name: str


class _Senior(TypedDict):
    senior_id: str
    address_as: str


class AlarmSaid(TypedDict):
    """What tests ask of an alarm; its owner is there once somebody has taken it."""

    id: str
    state: str
    senior: _Senior
    owner: _Named
    outcome: str | None


class RoomSaid(TypedDict):
    """What tests ask of a room; its camera is there in a room that has one."""

    id: str
    present: list[_Senior]
    camera: dict[str, str]
    alarm_ids: list[str]
    being_watched: int
    temperature_celsius: float | None


class NoticeSaid(TypedDict):
    """What tests ask of a notice."""

    code: str
    subject_name: str | None
    params: dict[str, object]
    cleared_at: str | None


class SnapshotSaid(TypedDict):
    """What a board begins with."""

    alarms: list[AlarmSaid]
    rooms: list[RoomSaid]
    notices: list[NoticeSaid]
    channels_set_up: bool


class _Presence(TypedDict):
    room: _Named
    sure: bool


class _Picture(TypedDict):
    camera_id: str | None
    camera: str | None
    allowed: bool
    code: str | None
    next_at: str | None


class HomeSaid(TypedDict):
    """What tests ask of a family's page; `presence` is null while she is not in the building."""

    presence: _Presence | None
    picture: _Picture
    me: dict[str, str]
    senior: _Senior
    today: list[dict[str, object]]
    alarms: list[AlarmSaid]


class Ended(Exception):
    """The hub closed the stream."""


class Page:
    """An open stream."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()
        self.last_id: str | None = None

    async def next(self) -> Event:
        """The next event of any name. Raises Ended, and TimeoutError after five seconds of silence."""
        async with asyncio.timeout(PATIENCE):
            fields: dict[str, str] = {}
            async for line in self._lines:
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "data" in fields:
                    self.last_id = fields.get("id", self.last_id)
                    return Event(fields["event"], json.loads(fields["data"]), fields.get("id"))
            raise Ended

    @overload
    async def hear(self, name: Literal["snapshot"], **wanted: object) -> SnapshotSaid: ...
    @overload
    async def hear(self, name: Literal["alarm"], **wanted: object) -> AlarmSaid: ...
    @overload
    async def hear(self, name: Literal["room"], **wanted: object) -> RoomSaid: ...
    @overload
    async def hear(self, name: Literal["notice"], **wanted: object) -> NoticeSaid: ...
    @overload
    async def hear(self, name: Literal["home"], **wanted: object) -> HomeSaid: ...
    @overload
    async def hear(self, name: Literal["beat"], **wanted: object) -> object: ...
    async def hear(self, name: str, **wanted: object) -> object:
        """The data of the next event of this name in which these fields have these values."""
        async with asyncio.timeout(PATIENCE):
            while True:
                event = await self.next()
                if event.name == name and all(event.data[field] == value for field, value in wanted.items()):
                    return event.data

    async def end(self) -> None:
        """Returns when the hub has closed the stream."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await self.next()
                except Ended:
                    return


@asynccontextmanager
async def opened(address: str, path: str, cookies: dict[str, str], last_id: str | None = None) -> AsyncIterator[Page]:
    """Open a page's stream; closes it at the end of the block."""
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    async with (
        httpx.AsyncClient(base_url=address, cookies=cookies, verify=PLAIN, timeout=PATIENCE) as client,
        client.stream("GET", path, headers=headers) as response,
    ):
        if response.status_code != 200:
            await response.aread()
            raise httpx.HTTPStatusError(response.text, request=response.request, response=response)
        yield Page(response)
