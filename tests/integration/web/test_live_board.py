"""Does an open board show what happens in the centre, in time?"""

import time

from hub.alarms import service as alarms
from hub.alarms.model import Outcome
from hub.kit.clock import SetClock
from hub.notices.model import Raised
from hub.notices.service import clear_notice, raise_notice
from tests.fakes.house import House
from tests.integration.web.centre_events import SOON, enters, needs_help
from tests.integration.web.page import opened
from tests.integration.web.site import Place, Site


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


async def test_a_notice_that_cannot_be_shown_as_it_stands_hides_nothing_and_ends_no_page(
    site: Site, address: str, place: Place, house: House
) -> None:
    cookies = await site.cookies_of(house.liu)
    async with opened(address, "/api/live", cookies) as board:
        await board.hear("snapshot")
        async with place.hub.transaction() as conn:
            await raise_notice(conn, Raised(house.centre, "trigger-silent", "hub"), place.clock.now())
            await conn.execute("UPDATE notice SET params = '[1]'")
        assert (await board.hear("notice", code="trigger-silent"))["params"] == {}
        alarm_id = await needs_help(place, house)
        await board.hear("alarm", id=alarm_id)

    async with opened(address, "/api/live", cookies) as board:
        assert [one["id"] for one in (await board.hear("snapshot"))["alarms"]] == [alarm_id]
