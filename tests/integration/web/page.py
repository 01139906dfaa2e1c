"""A page that listens: server-sent events over a real connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Event:
    """One event as a browser hands it to a page."""

    name: str
    data: Any
    id: str | None


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

    async def hear(self, name: str, **wanted: object) -> Any:
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
        httpx.AsyncClient(base_url=address, cookies=cookies, timeout=PATIENCE) as client,
        client.stream("GET", path, headers=headers) as response,
    ):
        if response.status_code != 200:
            await response.aread()
            raise httpx.HTTPStatusError(response.text, request=response.request, response=response)
        yield Page(response)
