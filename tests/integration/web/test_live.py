"""Open pages are told what happens, in time, and only what their reader may see."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from hashlib import sha256

import httpx
import pytest

from hub.access.accounts import disable_account
from hub.access.may import Action
from hub.access.model import Role, SessionKind
from hub.access.needs import Caller
from hub.alarms import service as alarms
from hub.alarms.model import Outcome
from hub.attendance.model import AttendanceAction, Tapped
from hub.attendance.service import record_presence
from hub.kit.clock import SetClock
from hub.kit.http import Databases
from hub.kit.ids import AlarmId, RoomId, SeniorId
from hub.ledger.edit import COMMAND_LINE, open_edit
from hub.notices.jobs import DueJobs
from hub.notices.model import Raised
from hub.notices.service import clear_notice, raise_notice
from hub.people.model import CONSENT_ENDS, ConsentRecord, Purpose
from hub.people.service import end_consent, give_first_consent
from hub.rules.model import Finding, Priority
from hub.web.board import Board
from tests.fakes.house import House
from tests.integration.web.page import opened
from tests.integration.web.site import Place, Site, make_site, served

SOON = 1.0  # seconds


@pytest.fixture
async def address(site: Site) -> AsyncIterator[str]:
    """The site, served."""
    async with served(site) as at:
        yield at


async def enters(place: Place, house: House, senior: SeniorId, room: RoomId | None) -> None:
    what = AttendanceAction.LEAVE if room is None else AttendanceAction.ENTER
    async with place.hub.transaction() as conn:
        await record_presence(conn, Tapped(house.centre, senior, what, room), place.clock.now())


async def needs_help(place: Place, house: House) -> AlarmId:
    finding = Finding(
        rule_id="help",
        priority=Priority.P1,
        klass="help",
        centre_id=house.centre,
        at=place.clock.now(),
        senior_id=house.wang,
        room_id=house.gym,
        device_id=house.wang_button,
        summary={"zh-CN": "王奶奶按了呼叫", "en": "Grandma Wang pressed"},
    )
    async with place.hub.transaction() as conn:
        (concluded,) = await alarms.conclude_findings(conn, [finding], place.clock.now())
    assert concluded.alarm_id is not None
    return concluded.alarm_id


async def test_a_board_begins_with_everything(site: Site, address: str, place: Place, house: House) -> None:
    await enters(place, house, house.wang, house.gym)
    alarm_id = await needs_help(place, house)
    async with place.hub.transaction() as conn:
        await raise_notice(conn, Raised(house.centre, "trigger-silent", f"device:{house.li_button}"), place.clock.now())

    async with opened(address, "/api/live", await site.cookies_of(house.zhou)) as board:
        snapshot = await board.hear("snapshot")

    assert [one["id"] for one in snapshot["alarms"]] == [alarm_id]
    assert snapshot["alarms"][0]["senior"]["address_as"] == "王奶奶"
    gym = next(one for one in snapshot["rooms"] if one["id"] == "gym")
    assert [one["address_as"] for one in gym["present"]] == ["王奶奶"]
    assert gym["camera"] == {"id": "cam-gym", "state": "ok"}
    assert (gym["alarm_ids"], gym["being_watched"], gym["temperature_celsius"]) == ([alarm_id], 0, None)
    assert ("trigger-silent", "李爷爷的按钮") in [(one["code"], one["subject_name"]) for one in snapshot["notices"]]
    assert snapshot["channels_set_up"] is False
    assert len(snapshot["rooms"]) == 4


async def test_an_alarm_is_on_the_board_within_a_second_and_so_is_who_took_it(
    site: Site, address: str, place: Place, house: House
) -> None:
    async with opened(address, "/api/live", await site.cookies_of(house.liu)) as board:
        await board.hear("snapshot")

        began = time.monotonic()
        alarm_id = await needs_help(place, house)
        card = await board.hear("alarm", id=alarm_id)
        assert (card["state"], time.monotonic() - began < SOON) == ("open", True)
        assert (await board.hear("room", id="gym"))["alarm_ids"] == [alarm_id]

        async with place.hub.transaction() as conn:
            await alarms.accept_alarm(conn, alarm_id, house.zhou, place.clock.now())
        assert (await board.hear("alarm", id=alarm_id, state="accepted"))["owner"]["name"] == "周敏"


async def test_an_alarm_that_is_closed_leaves_the_board_with_a_last_word(
    site: Site, address: str, place: Place, clock: SetClock, house: House
) -> None:
    alarm_id = await needs_help(place, house)
    cookies = await site.cookies_of(house.liu)
    async with opened(address, "/api/live", cookies) as board:
        await board.hear("snapshot")
        async with place.hub.transaction() as conn:
            await alarms.accept_alarm(conn, alarm_id, house.zhou, clock.now())
            await alarms.resolve_alarm(conn, alarm_id, house.zhou, Outcome.COMPANY, "她想有人陪", clock.now())
        await board.hear("alarm", id=alarm_id, state="resolved")
        async with place.hub.transaction() as conn:
            await conn.execute(
                "UPDATE alarm SET state = 'closed', closed_at = %s, version = version + 1, epoch = epoch + 1 "
                "WHERE id = %s",
                (clock.now(), alarm_id),
            )
        await board.hear("alarm", id=alarm_id, state="closed")

    async with opened(address, "/api/live", cookies) as board:
        assert (await board.hear("snapshot"))["alarms"] == []


async def test_who_comes_and_goes_is_seen_room_by_room(site: Site, address: str, place: Place, house: House) -> None:
    async with opened(address, "/api/live", await site.cookies_of(house.liu)) as board:
        await board.hear("snapshot")

        await enters(place, house, house.wang, house.gym)
        assert [one["senior_id"] for one in (await board.hear("room", id="gym"))["present"]] == ["s-wang"]

        await enters(place, house, house.wang, house.music)
        assert (await board.hear("room", id="gym"))["present"] == []


async def test_a_notice_comes_and_goes_and_darkens_its_camera(
    site: Site, address: str, place: Place, house: House
) -> None:
    dark = Raised(house.centre, "camera-dark", f"device:{house.gym_camera}")
    async with opened(address, "/api/live", await site.cookies_of(house.liu)) as board:
        await board.hear("snapshot")

        async with place.hub.transaction() as conn:
            await raise_notice(conn, dark, place.clock.now())
        assert (await board.hear("room", id="gym"))["camera"]["state"] == "dark"
        async with place.hub.transaction() as conn:
            await clear_notice(conn, dark.centre_id, dark.code, dark.subject, place.clock.now())

        assert (await board.hear("room", id="gym"))["camera"]["state"] == "ok"
        assert (await board.hear("notice", code="camera-dark"))["cleared_at"] is not None


async def test_a_page_that_was_away_for_a_moment_gets_what_it_missed(
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


async def test_the_beat_goes_on(site: Site, address: str, house: House) -> None:
    async with opened(address, "/api/live", await site.cookies_of(house.liu)) as board:
        assert [await board.hear("beat") for _ in range(3)]


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


async def test_a_daughter_sees_where_her_mother_is_as_it_changes(
    site: Site, address: str, place: Place, house: House
) -> None:
    cookies = await site.cookies_of(house.daughter, SessionKind.FAMILY)
    async with opened(address, "/api/family/live", cookies) as phone:
        home = await phone.hear("home")
        assert (home["presence"], home["picture"]["allowed"], home["picture"]["code"]) == (None, False, "not-present")
        assert (home["me"]["kinship"], home["senior"]["address_as"]) == ("daughter", "王奶奶")

        await enters(place, house, house.wang, house.music)
        home = await phone.hear("home")
        assert home["presence"] is not None
        assert (home["presence"]["room"]["name"], home["presence"]["sure"]) == ("音乐室", True)
        assert home["picture"] == {
            "camera_id": "cam-music",
            "camera": "ok",
            "allowed": True,
            "code": None,
            "next_at": None,
        }
        assert [one["what"] for one in home["today"]] == ["arrived", "entered"]

        alarm_id = await needs_help(place, house)
        home = await phone.hear("home")
        assert [(one["id"], one["state"]) for one in home["alarms"]] == [(alarm_id, "open")]

        await enters(place, house, house.wang, None)
        home = await phone.hear("home")
        assert (home["presence"], home["picture"]["allowed"]) == (None, False)


async def test_a_daughter_is_told_that_the_picture_is_black(
    site: Site, address: str, place: Place, house: House
) -> None:
    await enters(place, house, house.wang, house.gym)
    dark = Raised(house.centre, "camera-dark", f"device:{house.gym_camera}")
    cookies = await site.cookies_of(house.daughter, SessionKind.FAMILY)
    async with opened(address, "/api/family/live", cookies) as phone:
        assert (await phone.hear("home"))["picture"]["camera"] == "ok"

        async with place.hub.transaction() as conn:
            await raise_notice(conn, dark, place.clock.now())

        assert (await phone.hear("home"))["picture"]["camera"] == "dark"


async def test_a_daughter_reads_how_a_call_ended(site: Site, address: str, place: Place, house: House) -> None:
    cookies = await site.cookies_of(house.daughter, SessionKind.FAMILY)
    async with opened(address, "/api/family/live", cookies) as phone:
        await phone.hear("home")
        alarm_id = await needs_help(place, house)
        (call,) = (await phone.hear("home"))["alarms"]
        assert (call["state"], call["outcome"]) == ("open", None)

        async with place.hub.transaction() as conn:
            await alarms.accept_alarm(conn, alarm_id, house.zhou, place.clock.now())
            await alarms.resolve_alarm(conn, alarm_id, house.zhou, Outcome.AMBULANCE, "送到了医院", place.clock.now())
        (call,) = (await phone.hear("home"))["alarms"]
        assert (call["state"], call["outcome"]) == ("resolved", "ambulance")


async def test_a_son_hears_nothing_of_another_mother(site: Site, address: str, place: Place, house: House) -> None:
    cookies = await site.cookies_of(house.stranger, SessionKind.FAMILY)
    async with opened(address, "/api/family/live", cookies) as phone:
        text = str((await phone.next()).data)
        await enters(place, house, house.wang, house.gym)
        await needs_help(place, house)
        for _ in range(3):
            event = await phone.next()
            assert event.name == "beat"

    assert "s-wang" not in text
    assert "王奶奶" not in text


async def test_a_relation_that_staff_block_ends_the_page(site: Site, address: str, place: Place, house: House) -> None:
    cookies = await site.cookies_of(house.daughter, SessionKind.FAMILY)
    async with opened(address, "/api/family/live", cookies) as phone:
        await phone.hear("home")
        async with place.hub.transaction() as conn:
            await conn.execute(
                "UPDATE relation SET blocked_at = %s WHERE account_id = %s", (place.clock.now(), house.daughter)
            )
        await phone.end()

    async with site.browser(**cookies) as browser:
        answer = await browser.get("/api/family/home")
    assert (answer.status_code, answer.json()["code"]) == (403, "relation-blocked")


async def test_without_consent_a_family_does_not_learn_where_she_is(site: Site, place: Place, house: House) -> None:
    await enters(place, house, house.wang, house.gym)
    await needs_help(place, house)
    async with place.hub.transaction() as conn:
        await conn.execute("UPDATE consent SET ends_at = %s WHERE account_id = %s", (place.clock.now(), house.daughter))

    async with await site.signed_in(house.daughter, SessionKind.FAMILY) as browser:
        home = (await browser.get("/api/family/home")).json()
    assert (home["presence"], home["at_centre"], home["today"], home["alarms"]) == (None, None, [], [])
    assert (home["picture"]["allowed"], home["picture"]["code"]) == (False, "no-consent")


async def test_a_family_s_page_says_that_its_consent_has_ended_when_it_ends(
    site: Site, address: str, place: Place, clock: SetClock, house: House
) -> None:
    ends_at = clock.now() + timedelta(minutes=5)
    async with open_edit(place.hub, COMMAND_LINE, clock.now()) as editing:
        for purpose in Purpose:
            record = ConsentRecord(house.wang, house.daughter, purpose, house.liu, "zh-CN", "孙丽", "2026-01", ends_at)
            await give_first_consent(editing, record)
    await enters(place, house, house.wang, house.gym)
    jobs = DueJobs(place.hub, site.changes, clock, {CONSENT_ENDS: end_consent})

    async with opened(address, "/api/family/live", await site.cookies_of(house.daughter, SessionKind.FAMILY)) as phone:
        before = await phone.hear("home")
        clock.advance(timedelta(minutes=5))
        await jobs.look()
        after = await phone.hear("home")

    assert before["presence"] is not None
    assert after["presence"] is None


async def test_who_has_arrived_and_entered_no_room_is_at_the_centre(site: Site, place: Place, house: House) -> None:
    async with await site.signed_in(house.daughter, SessionKind.FAMILY) as browser:
        before = (await browser.get("/api/family/home")).json()
        async with place.hub.transaction() as conn:
            await record_presence(
                conn, Tapped(house.centre, house.wang, AttendanceAction.ARRIVE, None), place.clock.now()
            )
        after = (await browser.get("/api/family/home")).json()

    assert (before["presence"], before["at_centre"]) == (None, False)
    assert (after["presence"], after["at_centre"]) == (None, True)


async def test_who_watched_tells_no_room_to_a_family_that_may_not_know_where_she_is(
    site: Site, place: Place, house: House
) -> None:
    await enters(place, house, house.wang, house.gym)
    (token,) = (await site.cookies_of(house.liu)).values()
    async with place.hub.transaction() as conn:
        await conn.execute(
            """
            INSERT INTO viewing (id, centre_id, camera_id, room_id, account_id, session_id, because, reason,
                                 allowed_since, opened_at, started_at)
            VALUES (%(id)s, %(centre)s, %(camera)s, %(room)s, %(account)s, %(session)s, 'stated-reason', '门没有关',
                    %(now)s, %(now)s, %(now)s)
            """,
            {
                "id": "v-" + 26 * "1",
                "centre": house.centre,
                "camera": house.gym_camera,
                "room": house.gym,
                "account": house.liu,
                "session": sha256(token.encode()).digest(),
                "now": place.clock.now(),
            },
        )

    async with await site.signed_in(house.daughter, SessionKind.FAMILY) as browser:
        (told,) = (await browser.get("/api/family/home")).json()["viewings"]
        async with place.hub.transaction() as conn:
            await conn.execute(
                "UPDATE consent SET withdrawn_at = %s WHERE covers = 'whereabouts'", (place.clock.now(),)
            )
        (untold,) = (await browser.get("/api/family/home")).json()["viewings"]

    assert (told["who"], told["is_you"], told["room"]["id"]) == ("刘芳", False, "gym")
    assert untold == {**told, "room": None}


async def test_staff_and_family_live_side_by_side_in_one_browser(site: Site, address: str, house: House) -> None:
    cookies = {**await site.cookies_of(house.zhou), **await site.cookies_of(house.daughter, SessionKind.FAMILY)}
    async with opened(address, "/api/live", cookies) as board, opened(address, "/api/family/live", cookies) as phone:
        await asyncio.gather(board.hear("snapshot"), phone.hear("home"))


async def test_pages_are_let_go_when_the_hub_stops(site: Site, house: House) -> None:
    async with served(site) as address, opened(address, "/api/live", await site.cookies_of(house.zhou)) as board:
        await board.hear("snapshot")
        began = time.monotonic()
    assert time.monotonic() - began < 5
