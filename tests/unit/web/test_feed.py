"""A feed says each change once, remembers a while, and neither waits for a slow page nor beats when it cannot read."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from hub.access.may import Action
from hub.access.model import Role, SessionKind, Subject
from hub.access.needs import Caller
from hub.kit.changes import Change
from hub.kit.clock import SetClock
from hub.kit.ids import AccountId, CentreId
from hub.web.live import Feed, PageEvent, PageStream, Shown, format_event

END = b"the end"
NOW = datetime(2026, 11, 23, 2, 14, 5, tzinfo=UTC)


@dataclass
class Rooms:
    """A source whose content a test sets: who is in which room."""

    now: dict[str, str] = field(default_factory=dict)
    shut_out: set[str] = field(default_factory=set)
    is_away: bool = False
    asked: list[str] = field(default_factory=list)
    key: str = "rooms"
    fresh_seconds: float = 5.0
    is_urgent: bool = True

    def concerns(self, change: Change) -> bool:
        return True

    async def read(self, caller: Caller, shown: Shown, now: datetime) -> list[PageEvent] | None:
        self.asked.append(caller.account_id)
        if self.is_away:
            raise psycopg.OperationalError("the database is away")
        if caller.account_id in self.shut_out:
            return None
        standing = [PageEvent("room", room, who.encode()) for room, who in self.now.items()]
        gone = [PageEvent("room", room, b"gone", gone=True) for _, room in sorted(shown) if room not in self.now]
        return [*standing, *gone]

    def snapshot(self, said: Iterable[PageEvent], now: datetime) -> tuple[str, bytes]:
        return "snapshot", b",".join(one.data for one in said)


def caller(account_id: str = "liu") -> Caller:
    subject = Subject(
        AccountId(account_id), CentreId("c"), Role.STAFF, SessionKind.STAFF, active=True,
        signed_in_until=NOW + timedelta(hours=1),
    )  # fmt: skip
    return Caller(subject, Action.SEE_BOARD, account_id.encode(), NOW)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


async def heard(stream: PageStream) -> list[str]:
    """What waits in a stream, as event and data."""
    stream.offer(END)
    said = []
    while (encoded := await stream.next()) not in {END, None}:
        assert encoded is not None
        fields = dict(line.split(": ", 1) for line in encoded.decode().strip().split("\n"))
        said.append(f"{fields['event']} {fields['data']}")
    return said


async def page(feed: Feed, account_id: str = "liu", last_id: str | None = None) -> PageStream:
    stream = PageStream(caller(account_id))
    await feed.refresh(stream.caller)
    feed.join(stream, last_id)
    return stream


async def test_only_what_differs_is_said(clock: SetClock) -> None:
    rooms = Rooms({"gym": "wang", "music": "li"})
    feed = Feed(rooms, clock)
    stream = await page(feed)

    rooms.now["gym"] = "wang zhang"
    await feed.refresh()
    await feed.refresh()

    assert await heard(stream) == ["snapshot wang,li", "room wang zhang"]


async def test_what_is_gone_has_a_last_word_and_is_in_no_later_snapshot(clock: SetClock) -> None:
    rooms = Rooms({"gym": "wang", "music": "li"})
    feed = Feed(rooms, clock)
    first = await page(feed)

    del rooms.now["gym"]
    await feed.refresh()
    await feed.refresh()

    assert await heard(first) == ["snapshot wang,li", "room gone"]
    assert await heard(await page(feed)) == ["snapshot li"]


async def test_a_page_that_comes_back_gets_exactly_what_it_missed(clock: SetClock) -> None:
    rooms = Rooms({"gym": "a"})
    feed = Feed(rooms, clock)
    await page(feed)
    ids = []
    for who in ("b", "c", "d"):
        rooms.now["gym"] = who
        ids.append(feed.last_id)
        await feed.refresh()

    assert [await heard(await page(feed, last_id=last_id)) for last_id in ids] == [
        ["room b", "room c", "room d"],
        ["room c", "room d"],
        ["room d"],
    ]
    assert await heard(await page(feed, last_id=feed.last_id)) == []


@pytest.mark.parametrize("last_id", ["", "nonsense", "0badcafe.1", "{epoch}.99", "{epoch}.-1", "{epoch}.x"])
async def test_an_id_that_is_not_known_gets_a_snapshot(clock: SetClock, last_id: str) -> None:
    feed = Feed(Rooms({"gym": "a"}), clock)
    await page(feed)
    epoch = feed.last_id.partition(".")[0]

    assert await heard(await page(feed, last_id=last_id.format(epoch=epoch))) == ["snapshot a"]


async def test_a_page_that_was_disconnected_too_long_gets_a_snapshot(clock: SetClock) -> None:
    rooms = Rooms({"gym": "0"})
    feed = Feed(rooms, clock)
    await page(feed)
    last_id = feed.last_id
    for n in range(600):
        rooms.now["gym"] = str(n + 1)
        await feed.refresh(caller())

    assert await heard(await page(feed, last_id=last_id)) == ["snapshot 600"]


@pytest.mark.parametrize("missed", [1, 63, 64, 65, 127, 128, 129, 300, 512, 513])
async def test_a_page_that_reconnects_is_served_however_much_it_missed(clock: SetClock, missed: int) -> None:
    rooms = Rooms({"gym": "0"})
    feed = Feed(rooms, clock)
    await page(feed)
    last_id = feed.last_id
    for n in range(missed):
        rooms.now["gym"] = str(n + 1)
        await feed.refresh(caller())

    back = await page(feed, last_id=last_id)
    rooms.now["gym"] = "the next"
    await feed.refresh()

    assert [said.split(" ", 1)[1] for said in await heard(back)][-2:] == [str(missed), "the next"]


async def test_a_slow_page_is_closed_and_the_others_hear_everything(clock: SetClock) -> None:
    rooms = Rooms({"gym": "0"})
    feed = Feed(rooms, clock)
    slow, quick = await page(feed), await page(feed)
    said = []
    for n in range(200):
        rooms.now["gym"] = str(n + 1)
        await feed.refresh()
        said.append(await quick.next())

    assert await slow.next() is None
    assert len(said) == 200
    assert all(one is not None for one in said)


async def test_it_is_live_only_while_reading_works(clock: SetClock) -> None:
    rooms = Rooms({"gym": "a"})
    feed = Feed(rooms, clock)
    await page(feed)
    assert feed.is_live()

    rooms.is_away = True
    clock.advance(timedelta(seconds=16))
    with pytest.raises(psycopg.OperationalError):
        await feed.refresh()
    assert not feed.is_live()

    rooms.is_away = False
    await feed.refresh()
    assert feed.is_live()


async def test_the_stream_of_who_may_not_look_any_more_is_closed_and_the_others_see_no_empty_board(
    clock: SetClock,
) -> None:
    rooms = Rooms({"gym": "wang"})
    feed = Feed(rooms, clock)
    zhou, liu = await page(feed, "zhou"), await page(feed, "liu")

    rooms.shut_out.add("zhou")
    rooms.now["gym"] = "li"
    await feed.refresh()

    assert await zhou.next() is None
    assert await heard(liu) == ["snapshot wang", "room li"]


async def test_a_feed_that_nobody_may_read_any_more_says_so_to_the_one_who_comes(clock: SetClock) -> None:
    rooms = Rooms({"gym": "wang"})
    feed = Feed(rooms, clock)
    feed.leave(await page(feed))

    rooms.shut_out.add("liu")

    assert await feed.refresh(caller("liu")) is False
    assert await feed.refresh(caller("zhou")) is True


def test_a_frame_is_what_a_browser_reads() -> None:
    assert format_event("alarm", b'{"id":"a-1"}', "ab.7") == b'id: ab.7\nevent: alarm\ndata: {"id":"a-1"}\n\n'
    assert format_event("beat", b"{}") == b"event: beat\ndata: {}\n\n"
