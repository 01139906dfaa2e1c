"""Which open pages live on, which end, and what does a page get that was away?"""

import asyncio
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import httpx
import pytest

from hub.access.accounts import disable_account
from hub.access.may import Action
from hub.access.model import Role, SessionKind
from hub.access.needs import Caller
from hub.alarms import service as alarms
from hub.kit.changes import Change
from hub.kit.clock import SetClock
from hub.kit.http import Databases
from hub.ledger.edit import COMMAND_LINE, open_edit
from hub.web.board import Board
from hub.web.live import PageEvent, Shown
from tests.fakes.house import House
from tests.integration.web.centre_events import SOON, enters, needs_help
from tests.integration.web.page import opened
from tests.integration.web.site import Place, Site, make_site, served


async def test_a_page_that_was_disconnected_for_a_moment_gets_what_it_missed(
    site: Site, address: str, place: Place, house: House
) -> None:
    cookies = await site.cookies_of(house.liu)
    async with opened(address, "/api/live", cookies) as other:
        await other.hear("snapshot")
        async with opened(address, "/api/live", cookies) as board:
            await board.hear("snapshot")
            last_id = board.last_id
        await enters(place, house, house.wang, house.gym)
        await other.hear("room", id="gym")

        async with opened(address, "/api/live", cookies, last_id) as board:
            assert (await board.next()).name == "room"
        async with opened(address, "/api/live", cookies, "0badcafe.7") as board:
            assert (await board.next()).name == "snapshot"


async def test_what_happened_while_nobody_looked_is_told_to_the_page_that_comes_back(
    site: Site, address: str, place: Place, house: House
) -> None:
    cookies = await site.cookies_of(house.liu)
    async with opened(address, "/api/live", cookies) as board:
        await board.hear("snapshot")
        last_id = board.last_id
    await enters(place, house, house.wang, house.gym)

    async with opened(address, "/api/live", cookies, last_id) as board:
        assert (await board.hear("room", id="gym"))["present"][0]["senior_id"] == "s-wang"


async def test_nobody_is_told_that_a_page_is_live_while_the_alarm_path_does_not_live(
    place: Place, house: House
) -> None:
    lives, asked = False, asyncio.Queue[None]()

    async def alarm_path_lives() -> bool:
        asked.put_nowait(None)
        return lives

    site = make_site(place, alarm_path_lives=alarm_path_lives)
    async with served(site) as address, opened(address, "/api/live", await site.cookies_of(house.zhou)) as board:
        assert (await board.next()).name == "snapshot"
        for _ in range(3):  # beats that are not sent
            await asked.get()
        await needs_help(place, house)
        heard = [(await board.next()).name]
        while heard[-1] != "alarm":
            heard.append((await board.next()).name)

        lives = True
        await board.hear("beat")
    assert "beat" not in heard


async def test_a_page_that_opens_gets_a_beat_at_once_and_none_while_the_alarm_path_is_dead(
    place: Place, clock: SetClock, house: House
) -> None:
    lives = True

    async def alarm_path_lives() -> bool:
        return lives

    site = make_site(place, alarm_path_lives=alarm_path_lives, beat_seconds=3600)
    cookies = await site.cookies_of(house.zhou)
    async with served(site) as address:
        async with opened(address, "/api/live", cookies) as board:
            assert [(await board.next()).name for _ in range(2)] == ["snapshot", "beat"]
        lives = False
        clock.advance(timedelta(seconds=2))
        async with opened(address, "/api/live", cookies) as board:
            assert (await board.next()).name == "snapshot"
            await needs_help(place, house)
            assert (await board.next()).name != "beat"


async def test_the_beat_goes_on(site: Site, address: str, house: House) -> None:
    async with opened(address, "/api/live", await site.cookies_of(house.liu)) as board:
        assert [await board.hear("beat") for _ in range(3)]


class DefectiveFeed:
    """A feed that raises what nobody foresaw as soon as something changes."""

    key, fresh_seconds, is_urgent = "defective", 5.0, True

    def __init__(self) -> None:
        self.reads = 0

    def concerns(self, change: Change) -> bool:
        return change.kind == "alarm"

    async def read(self, caller: Caller, shown: Shown, now: datetime) -> list[PageEvent] | None:
        self.reads += 1
        if self.reads > 1:
            raise KeyError("defect")
        return []

    def snapshot(self, said: Iterable[PageEvent], now: datetime) -> tuple[str, bytes]:
        return "snapshot", b"{}"


async def test_a_feed_that_raises_ends_no_other_page(site: Site, address: str, place: Place, house: House) -> None:
    cookies = await site.cookies_of(house.liu)
    (token,), now = cookies.values(), place.clock.now()
    signed_in = await site.access.signed_in(SessionKind.STAFF, token, now)
    assert signed_in is not None
    caller = Caller(signed_in.subject, Action.SEE_BOARD, signed_in.session_id, now)
    defective = DefectiveFeed()

    async with site.live.open(defective, caller, None), opened(address, "/api/live", cookies) as board:
        await board.hear("snapshot")
        first = await needs_help(place, house)
        await board.hear("alarm", id=first)
        async with place.hub.transaction() as conn:
            await alarms.accept_alarm(conn, first, house.zhou, place.clock.now())
        await board.hear("alarm", id=first, state="accepted")

    assert defective.reads > 1


async def test_who_signs_out_while_her_page_opens_gets_none(site: Site, place: Place, house: House) -> None:
    cookies = await site.cookies_of(house.liu)
    (token,), now = cookies.values(), place.clock.now()
    signed_in = await site.access.signed_in(SessionKind.STAFF, token, now)
    assert signed_in is not None
    caller = Caller(signed_in.subject, Action.SEE_BOARD, signed_in.session_id, now)
    board = Board(house.centre, Role.STAFF, Databases(place.hub, place.web))

    await site.access.sign_out(token, now)

    async with site.live.open(board, caller, None) as stream:
        assert await stream.next() is None


async def test_one_account_holds_no_pages_without_end(site: Site, place: Place, house: House) -> None:
    (token,), now = (await site.cookies_of(house.liu)).values(), place.clock.now()
    signed_in = await site.access.signed_in(SessionKind.STAFF, token, now)
    assert signed_in is not None
    caller = Caller(signed_in.subject, Action.SEE_BOARD, signed_in.session_id, now)
    board = Board(house.centre, Role.STAFF, Databases(place.hub, place.web))

    async with AsyncExitStack() as pages:
        streams = [await pages.enter_async_context(site.live.open(board, caller, None)) for _ in range(33)]

        assert await streams[0].next() is None
        assert [await stream.next() is None for stream in streams[1:]] == [False] * 32


@pytest.mark.parametrize("how", ["signs out", "is disabled"])
async def test_who_is_out_hears_nothing_more_within_a_second(
    site: Site, address: str, place: Place, house: House, how: str
) -> None:
    cookies = await site.cookies_of(house.zhou)
    others = await site.cookies_of(house.chen)
    async with opened(address, "/api/live", cookies) as board, opened(address, "/api/live", others) as colleague:
        await board.hear("snapshot")
        await colleague.hear("snapshot")

        began = time.monotonic()
        if how == "signs out":
            async with site.browser(**cookies) as browser:
                await browser.post("/api/sign-out")
        else:
            async with open_edit(place.hub, COMMAND_LINE, place.clock.now()) as editing:
                await disable_account(editing, house.zhou)
        await board.end()
        assert time.monotonic() - began < SOON

        alarm_id = await needs_help(place, house)
        await colleague.hear("alarm", id=alarm_id)
    with pytest.raises(httpx.HTTPStatusError):
        async with opened(address, "/api/live", cookies):
            pass


async def test_a_session_that_runs_out_ends_its_page(site: Site, address: str, clock: SetClock, house: House) -> None:
    async with opened(address, "/api/live", await site.cookies_of(house.zhou)) as board:
        await board.hear("snapshot")
        clock.advance(timedelta(hours=12))
        await board.end()


async def test_an_open_board_does_not_fall_asleep_at_night(
    site: Site, address: str, clock: SetClock, house: House
) -> None:
    async with opened(address, "/api/live", await site.cookies_of(house.zhou)) as board:
        await board.hear("snapshot")
        for _ in range(4):
            clock.advance(timedelta(minutes=20))
            for _ in range(3):
                await board.hear("beat")


async def test_staff_and_family_live_side_by_side_in_one_browser(site: Site, address: str, house: House) -> None:
    cookies = {**await site.cookies_of(house.zhou), **await site.cookies_of(house.daughter, SessionKind.FAMILY)}
    async with opened(address, "/api/live", cookies) as board, opened(address, "/api/family/live", cookies) as phone:
        await asyncio.gather(board.hear("snapshot"), phone.hear("home"))


async def test_pages_are_closed_when_the_hub_stops(site: Site, house: House) -> None:
    async with served(site) as address, opened(address, "/api/live", await site.cookies_of(house.zhou)) as board:
        await board.hear("snapshot")
        began = time.monotonic()
    assert time.monotonic() - began < 5
