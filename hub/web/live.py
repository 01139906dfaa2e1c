"""What open pages are told, as it happens: server-sent events, each read and encoded once for all who see the same.

A feed is what one audience sees: the board of a centre for one role, or one family member's home. When rows change it
is read again, under the account of one of its audience, and what differs from what was shown is sent. A page that comes
back with a `Last-Event-ID` the feed still knows gets what it missed, any other a snapshot. The beat, at once and every
five seconds, is sent only while reading works and the alarm path lives: a page that hears none says that it is not
live, whatever else it is told.
"""

import asyncio
import logging
import math
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

import psycopg

from hub.access.may import Allowed, Anything, may
from hub.access.needs import Caller
from hub.access.service import Access
from hub.kit.bulkhead import run_in_bulkhead
from hub.kit.changes import Change, Changes
from hub.kit.clock import Clock
from hub.kit.db import WORLD_IS_DOWN
from hub.web.cards import Beat

log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
_DEPTH = 128  # frames a page may lag behind before its stream is closed
_REMEMBERED = _DEPTH // 2  # events a feed keeps for pages that reconnect: with room left for what happens meanwhile
_LINGER_SECONDS = 30.0  # how long a feed outlives its last page
_REST_SECONDS = 0.05  # between two readings of what changed: a flood of changes is one reading
_READ_SECONDS = 5.0  # how long one reading may take
_FRESH_SECONDS = 1.0  # how long an answer about the alarm path is good for pages that open
_MOST_PAGES = 32  # of one account; with one more the oldest is closed
_RECHECK_SECONDS = 60.0
_SESSION_CHANGES = frozenset({"session", "account"})


@dataclass(frozen=True, slots=True)
class PageEvent:
    """One thing a page shows: the event's name, the thing's id, its JSON. `gone`: the last word about it."""

    event: str
    id: str
    data: bytes
    gone: bool = False


Shown: TypeAlias = frozenset[tuple[str, str]]
"""The event's name and the thing's id, of everything that a feed shows."""


class FeedSource(Protocol):
    """Where a feed's content comes from."""

    @property
    def key(self) -> str:
        """Two sources with the same key give the same content to everybody who may see it."""
        ...

    @property
    def fresh_seconds(self) -> float:
        """After how long it is read again though nothing was heard."""
        ...

    @property
    def is_urgent(self) -> bool:
        """Whether somebody may be waiting for help behind it: such feeds wait for no others."""
        ...

    def concerns(self, change: Change) -> bool:
        """Whether this change may alter what it gives."""
        ...

    async def read(self, caller: Caller, shown: Shown, now: datetime) -> list[PageEvent] | None:
        """All that this caller may be shown now, and the last word on what of `shown` is no longer.

        None: she may not look any more. Raises psycopg.OperationalError while the database is down.
        """
        ...

    def snapshot(self, said: Iterable[PageEvent], now: datetime) -> tuple[str, bytes]:
        """The event's name and JSON that give a new page all of `said`."""
        ...


class PageStream:
    """One open page: what it has not been sent yet. A page that is too slow is closed and reconnects by itself."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.checked_at = caller.now
        self.until = caller.subject.signed_in_until
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._open = True

    def offer(self, frame: bytes) -> None:
        """Put a frame in without waiting."""
        if not self._open:
            return
        if self._frames.qsize() >= _DEPTH:
            log.info("a page was too slow and its stream is closed")
            self.end()
        else:
            self._frames.put_nowait(frame)

    def end(self) -> None:
        """Nothing more is sent, not even what waits."""
        self._open = False
        while not self._frames.empty():
            self._frames.get_nowait()
        self._frames.put_nowait(None)

    async def next(self) -> bytes | None:
        """The next frame; None at the end."""
        return await self._frames.get()


class Feed:
    """What one audience has been shown, and its pages."""

    def __init__(self, source: FeedSource, clock: Clock) -> None:
        self.source = source
        self.streams: dict[PageStream, None] = {}  # in the order in which they came
        self.read_at: float | None = None
        self.idle_since = clock.monotonic()
        self._clock = clock
        self._epoch = secrets.token_hex(4)
        self._n = 0
        self._shown: dict[tuple[str, str], PageEvent] = {}
        self._remembered: deque[tuple[int, bytes]] = deque(maxlen=_REMEMBERED)
        self._reading = asyncio.Lock()

    async def refresh(self, newcomer: Caller | None = None) -> bool:
        """Read again, for the newcomer or one of those who look, and send what differs; False: none of them may look.

        Raises psycopg.OperationalError while the database is down.
        """
        async with self._reading:
            try:
                async with asyncio.timeout(_READ_SECONDS):
                    said = await self._read(newcomer)
            except TimeoutError as error:
                raise psycopg.OperationalError(f"reading took longer than {_READ_SECONDS} s") from error
            if said is None:
                return False
            for item in said:
                if self._shown.get((item.event, item.id)) != item:
                    self._publish_event(item)
            self._shown = {(item.event, item.id): item for item in said if not item.gone}
            self.read_at = self._clock.monotonic()
            return True

    def join(self, stream: PageStream, last_id: str | None) -> None:
        """Subscribe a page: it gets what it missed, or a snapshot."""
        missed = self._after(last_id)
        if missed is None:
            event, data = self.source.snapshot(self._shown.values(), self._clock.now())
            missed = [format_event(event, data, self.last_id)]
        for each in missed:
            stream.offer(each)
        self.streams[stream] = None

    def leave(self, stream: PageStream) -> None:
        """Unsubscribe a page."""
        self.streams.pop(stream, None)
        self.idle_since = self._clock.monotonic()

    @property
    def last_id(self) -> str:
        """The id of the last event it said."""
        return self._id(self._n)

    def age(self) -> float:
        """Seconds since it was read."""
        return float("inf") if self.read_at is None else self._clock.monotonic() - self.read_at

    def is_ageing(self) -> bool:
        """Whether it is time to read it again though nothing was heard."""
        return self.age() >= self.source.fresh_seconds

    def is_live(self) -> bool:
        """Whether what it shows was true a moment ago: reading has worked."""
        return self.age() <= self.source.fresh_seconds + 2 * BEAT_SECONDS

    async def _read(self, newcomer: Caller | None) -> list[PageEvent] | None:
        """The streams of pages that may no longer look are closed, and the next feed is asked for."""
        shown = frozenset(self._shown)
        looking = {stream.caller.account_id: stream.caller for stream in self.streams}
        if newcomer is not None:
            looking = {newcomer.account_id: newcomer, **looking}
        for caller in looking.values():
            said = await self.source.read(caller, shown, self._clock.now())
            if said is not None:
                return said
            self._close_streams_of(caller)
        return None

    def _close_streams_of(self, caller: Caller) -> None:
        for stream in self.streams:
            if stream.caller.account_id == caller.account_id:
                stream.end()

    def _publish_event(self, item: PageEvent) -> None:
        self._n += 1
        encoded = format_event(item.event, item.data, self.last_id)
        self._remembered.append((self._n, encoded))
        for stream in self.streams:
            stream.offer(encoded)

    def _after(self, last_id: str | None) -> list[bytes] | None:
        epoch, _, n = (last_id or "").partition(".")
        if epoch != self._epoch or not n.isdecimal():
            return None
        oldest = self._remembered[0][0] if self._remembered else self._n + 1
        if not oldest - 1 <= int(n) <= self._n:
            return None
        return [encoded for number, encoded in self._remembered if number > int(n)]

    def _id(self, n: int) -> str:
        return f"{self._epoch}.{n}"


class Live:
    """All feeds and pages of this process."""

    def __init__(
        self,
        changes: Changes,
        access: Access,
        clock: Clock,
        *,
        alarm_path_lives: Callable[[], Awaitable[bool]],
        beat_seconds: float = BEAT_SECONDS,
    ) -> None:
        self._beat_seconds = beat_seconds
        self._alarm_path_lives = alarm_path_lives
        self._changes = changes
        self._access = access
        self._clock = clock
        self._feeds: dict[str, Feed] = {}
        self._lives = False
        self._asked_at = -math.inf
        self._up = True

    async def run(self) -> None:
        """Keep every page current until cancelled; then all streams are closed."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._follow_changes(urgent=True))
                group.create_task(self._follow_changes(urgent=False))
                group.create_task(self._follow_sessions())
                group.create_task(self._send_beats())
        finally:
            self._up = False
            for stream in self._streams():
                stream.end()

    @asynccontextmanager
    async def open(self, source: FeedSource, caller: Caller, last_id: str | None) -> AsyncIterator[PageStream]:
        """A page's stream, for as long as it is open. Raises psycopg.OperationalError while the database is down."""
        feed = self._feeds.setdefault(source.key, Feed(source, self._clock))
        feed.idle_since = self._clock.monotonic()
        may_look = await feed.refresh(caller) if feed.is_ageing() or not feed.streams else True
        self._make_room(caller)
        stream = PageStream(caller)
        if may_look:
            feed.join(stream, last_id)
            if await self._is_alarm_path_alive():
                stream.offer(self._format_beat())
        if not may_look or not self._up:
            stream.end()
        try:
            # A session that was revoked while this was read was not yet among those whose streams were closed for it.
            await self._revalidate([stream])
            yield stream
        finally:
            feed.leave(stream)

    def _streams(self) -> list[PageStream]:
        return [stream for feed in self._feeds.values() for stream in feed.streams]

    def _make_room(self, caller: Caller) -> None:
        hers = [stream for stream in self._streams() if stream.caller.account_id == caller.account_id]
        for stream in hers[: max(0, len(hers) + 1 - _MOST_PAGES)]:
            stream.end()

    async def _follow_changes(self, *, urgent: bool) -> None:
        with self._changes.subscribe() as heard:
            async for change in heard:
                changes = {change, *heard.waiting()}
                feeds = [feed for feed in self._feeds.values() if feed.source.is_urgent is urgent]
                concerned = [feed for feed in feeds if any(map(feed.source.concerns, changes))]
                await self._refresh_feeds([feed for feed in concerned if feed.streams])
                await asyncio.sleep(_REST_SECONDS)

    async def _follow_sessions(self) -> None:
        with self._changes.subscribe(*_SESSION_CHANGES) as heard:
            async for change in heard:
                concerned = [stream for stream in self._streams() if _affects_stream(change, stream)]
                await self._revalidate(concerned)

    async def _send_beats(self) -> None:
        while True:
            await asyncio.sleep(self._beat_seconds)
            self._forget_idle()
            await self._refresh_feeds([feed for feed in self._feeds.values() if feed.streams and feed.is_ageing()])
            now = self._clock.now()
            await self._revalidate([stream for stream in self._streams() if _is_due(stream, now)])
            if not await self._ask_alarm_path():
                log.warning("the alarm path has no heartbeat: pages get no beat and say since when they are not live")
                continue
            beat = self._format_beat()
            for stream in [stream for feed in self._feeds.values() if feed.is_live() for stream in feed.streams]:
                stream.offer(beat)

    async def _ask_alarm_path(self) -> bool:
        self._asked_at = self._clock.monotonic()
        self._lives = await self._alarm_path_lives()
        return self._lives

    async def _is_alarm_path_alive(self) -> bool:
        """As it was a second ago at most, however many pages open."""
        fresh = self._clock.monotonic() - self._asked_at < _FRESH_SECONDS
        return self._lives if fresh else await self._ask_alarm_path()

    def _format_beat(self) -> bytes:
        return format_event("beat", Beat(at=self._clock.now()).model_dump_json().encode())

    async def _refresh_feeds(self, feeds: list[Feed]) -> None:
        for feed in feeds:
            try:
                # One that raises is not live any more, and is read again at the next beat; the others go on.
                await run_in_bulkhead(f"the feed {feed.source.key}", feed.refresh, expected=WORLD_IS_DOWN)
            except psycopg.OperationalError as error:
                log.warning("the live pages could not be read again, next try at the next beat: %s", error)
                return

    async def _revalidate(self, streams: list[PageStream]) -> None:
        for stream in streams:
            try:
                if not await self._still_may(stream):
                    stream.end()
            except psycopg.OperationalError as error:
                log.warning("a page's session could not be revalidated, its stream is closed: %s", error)
                stream.end()

    async def _still_may(self, stream: PageStream) -> bool:
        now = self._clock.now()
        caller = stream.caller
        signed_in = await self._access.still_signed_in(caller.subject.kind, caller.session_id, now)
        if signed_in is None:
            return False
        stream.checked_at = now
        stream.until = signed_in.subject.signed_in_until
        return isinstance(may(signed_in.subject, caller.action, Anything(), now), Allowed)

    def _forget_idle(self) -> None:
        now = self._clock.monotonic()
        for key, feed in list(self._feeds.items()):
            if not feed.streams and now - feed.idle_since > _LINGER_SECONDS:
                del self._feeds[key]


def format_event(event: str, data: bytes, event_id: str | None = None) -> bytes:
    """One event in the format of the HTML standard, section 9.2. `data` is JSON without a line end."""
    named = b"" if event_id is None else b"id: %b\n" % event_id.encode()
    return b"%bevent: %b\ndata: %b\n\n" % (named, event.encode(), data)


def _affects_stream(change: Change, stream: PageStream) -> bool:
    return change.kind == "lost" or change.id == stream.caller.account_id


def _is_due(stream: PageStream, now: datetime) -> bool:
    return stream.until <= now or (now - stream.checked_at).total_seconds() >= _RECHECK_SECONDS
