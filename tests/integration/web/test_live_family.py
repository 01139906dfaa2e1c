"""Does the page of a family show what happens, and only what its reader may see?"""

from datetime import timedelta
from hashlib import sha256

from hub.access.model import SessionKind
from hub.alarms import service as alarms
from hub.alarms.model import Outcome
from hub.attendance.model import AttendanceAction, Tapped
from hub.attendance.service import record_presence
from hub.kit.clock import SetClock
from hub.ledger.edit import COMMAND_LINE, open_edit
from hub.notices.jobs import DueJobs
from hub.notices.model import Raised
from hub.notices.service import raise_notice
from hub.people.model import CONSENT_ENDS, ConsentRecord, Purpose
from hub.people.service import end_consent, give_first_consent
from tests.fakes.house import House
from tests.integration.web.centre_events import enters, needs_help
from tests.integration.web.page import opened
from tests.integration.web.site import Place, Site


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
        await jobs.do_due()
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
