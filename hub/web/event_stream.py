"""How does a page's stream get into the network? As an answer that lasts, frame by frame."""

import asyncio
from collections.abc import Sequence

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hub.access.needs import Caller
from hub.web.live import FeedSource, Live, PageStream

_SEND_SECONDS = 15.0  # how long one frame may take into the network


class EventStream(Response):
    """An answer that lasts: a page's frames until it leaves, is closed, is too slow for 15 s, or the hub stops."""

    media_type = "text/event-stream"

    def __init__(self, live: Live, source: FeedSource, caller: Caller, last_id: str | None) -> None:
        super().__init__(headers={"x-accel-buffering": "no"})
        del self.headers["content-length"]  # of an empty body: this one lasts
        self._live = live
        self._source = source
        self._caller = caller
        self._last_id = last_id

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        async with self._live.open(self._source, self._caller, self._last_id) as stream:
            await _send_stream(stream, self.raw_headers, receive, send)


class _Left(Exception):
    """The page has gone."""


async def _send_stream(
    stream: PageStream, headers: Sequence[tuple[bytes, bytes]], receive: Receive, send: Send
) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"retry: 1000\n\n", "more_body": True})
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(_wait_for_disconnect(receive))
            while (encoded := await stream.next()) is not None:
                async with asyncio.timeout(_SEND_SECONDS):
                    await send({"type": "http.response.body", "body": encoded, "more_body": True})
            watching.cancel()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    except* (_Left, TimeoutError, OSError):
        pass


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    raise _Left
