"""Taking an alarm through the real web application: signed in, or by the link in a notification."""

import asyncio
from datetime import datetime

import httpx
import psycopg
import pytest

from hub.alarms import card
from hub.alarms.model import CONFIRM_WITHIN, LEASE
from hub.attendance.model import AttendanceAction, Tapped
from hub.attendance.service import record_presence
from hub.kit.changes import Changes
from hub.kit.db import Database, Login
from hub.kit.ids import AlarmId
from hub.notifications.deliver import NotificationDeliverer
from tests.fakes.deadlocks import WAITS_FOR_A_LOCK, delay_deadlock_detection
from tests.fakes.logins import url_as
from tests.fakes.recording_database import Recorded
from tests.integration.alarms.conftest import Desk
from tests.integration.web.site import Place, Site, make_site


@pytest.fixture
def site(desk: Desk, pages_database: Database, web_database: Database) -> Site:
    return make_site(Place(desk.url, pages_database, web_database, desk.clock))


async def link_to(desk: Desk, alarm_id: AlarmId, account: str) -> str:
    """The token in the message that this account was sent."""
    deliver = NotificationDeliverer(desk.database, Changes(desk.url), {}, desk.clock, "http://hub")
    tokens = [outgoing.token for outgoing in (await deliver.lease_due()).leased if outgoing.to.account_id == account]
    assert tokens[0] is not None
    return tokens[0]


async def test_a_tap_on_the_board_takes_the_alarm(desk: Desk, site: Site) -> None:
    alarm_id = await desk.pressed_alarm()

    async with await site.signed_in("liu") as browser:
        answer = await browser.post(f"/api/alarms/{alarm_id}/accept")

    shown = answer.json()
    assert answer.status_code == 200
    assert (shown["number"], shown["state"]) == ("23-01", "accepted")
    assert shown["owner"] == {"id": "liu", "name": "刘芳", "name_en": "Liu Fang"}
    assert shown["senior"] == {"id": "s-wang", "address_as": "王奶奶", "address_as_en": "Grandma Wang"}
    assert shown["room"] == {"id": "gym", "name": "健身室", "name_en": "Gym"}
    assert shown["told"] == []  # 周敏's message had not gone out yet: it was withdrawn


async def test_a_tap_that_lost_a_deadlock_is_taken_all_the_same(desk: Desk, web_database: Database) -> None:
    alarm_id = await desk.pressed_alarm()
    delay_deadlock_detection(desk.url)
    async with (
        asyncio.timeout(20),
        Database.open(url_as(desk.url, Login.PAGES_WRITE), size=2, name="test late") as late,
        await make_site(Place(desk.url, late, web_database, desk.clock)).signed_in("liu") as browser,
        await psycopg.AsyncConnection.connect(desk.url) as other,
        asyncio.TaskGroup() as tasks,
    ):
        await other.execute("SET deadlock_timeout = '10s'")  # who finds the deadlock is ended by it: the tap
        await other.execute("SELECT FROM ledger_head FOR UPDATE")
        tapped = tasks.create_task(browser.post(f"/api/alarms/{alarm_id}/accept"))
        while not desk.rows(WAITS_FOR_A_LOCK):
            await asyncio.sleep(0.01)
        await other.execute("SELECT FROM alarm FOR UPDATE")
        await other.commit()

    assert tapped.result().status_code == 200
    assert desk.rows("SELECT state, owner_id FROM alarm") == [("accepted", "liu")]


async def test_nobody_waits_for_the_ledger_while_a_card_is_read(desk: Desk, web_database: Database) -> None:
    alarm_id = await desk.pressed_alarm()
    token = await link_to(desk, alarm_id, "zhou")

    async with Recorded.open(url_as(desk.url, Login.PAGES_WRITE), size=4, name="test recorded") as recorded:
        site = make_site(Place(desk.url, recorded, web_database, desk.clock))
        async with site.browser() as phone:
            answers = [await phone.post(f"/api/a/{token}/accept")]
            answers.append(await phone.post(f"/api/a/{token}/arrive", json={"how": "staff_tag"}))
        async with await site.signed_in("zhou") as browser:
            answers.append(await browser.post(f"/api/alarms/{alarm_id}/resolve", json={"outcome": "company"}))
        second = await desk.pressed_alarm()
        async with await site.signed_in("liu") as browser:
            answers.append(await browser.post(f"/api/alarms/{second}/accept"))

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200]
    assert [entry for (entry,) in desk.rows("SELECT entry::jsonb ->> 'kind' FROM ledger_care ORDER BY n")] == [
        "alarm.opened",
        "alarm.accepted",
        "alarm.on-scene",
        "alarm.resolved",
        "alarm.opened",
        "alarm.accepted",
    ]
    assert recorded.asked_after_the_ledger() == []


async def test_whoever_takes_an_alarm_reads_until_when_she_is_expected_there(desk: Desk, site: Site) -> None:
    alarm_id = await desk.pressed_alarm()

    async with await site.signed_in("liu") as browser:
        taken = (await browser.post(f"/api/alarms/{alarm_id}/accept")).json()
        there = (await browser.post(f"/api/alarms/{alarm_id}/arrive", json={"reason": "我在她旁边"})).json()

    due_at = datetime.fromisoformat(taken["arrive_by"])
    assert desk.rows("SELECT due_at FROM alarm_timer WHERE alarm_id = %s AND kind = 'lease'", alarm_id) == [(due_at,)]
    assert (there["state"], there["arrive_by"]) == ("on_scene", None)


async def test_after_a_lapse_the_card_names_who_took_it_and_did_not_come(desk: Desk, site: Site) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.accept(alarm_id, desk.house.zhou)
    await desk.wait(301)

    async with await site.signed_in("liu") as browser:
        lapsed = (await browser.get(f"/api/alarms/{alarm_id}")).json()["lapsed"]
        taken = (await browser.post(f"/api/alarms/{alarm_id}/accept")).json()["lapsed"]

    assert lapsed == {"id": "zhou", "name": "周敏", "name_en": "Zhou Min", "what": "lease-lapsed"}
    assert taken is None


async def test_whoever_is_too_late_reads_who_was_faster(desk: Desk, site: Site) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.accept(alarm_id, desk.house.zhou)

    async with await site.signed_in("liu") as browser:
        answer = await browser.post(f"/api/alarms/{alarm_id}/accept")

    assert answer.status_code == 409
    assert answer.json()["code"] == "already-taken"
    assert answer.json()["params"] == {"name": "周敏", "name_en": "Zhou Min"}


async def fill_record_of_wang(desk: Desk) -> None:
    with psycopg.connect(desk.url) as conn:
        conn.execute(
            "UPDATE senior SET home_address = '酒泉路 5 号 201', access_notes = '钥匙在门卫', risks = '心脏病' "
            "WHERE id = 's-wang'"
        )


async def test_of_a_call_from_home_every_responder_reads_the_address_and_the_owner_how_to_get_in(
    desk: Desk, site: Site
) -> None:
    await fill_record_of_wang(desk)
    alarm_id = await desk.call_from_home()
    path = f"/api/alarms/{alarm_id}"

    async with await site.signed_in("liu") as owner, await site.signed_in("zhou") as other:
        open_ = (await owner.get(path)).json()
        card_of_owner = (await owner.post(f"{path}/accept")).json()
        hers, others = (await owner.get(path)).json(), (await other.get(path)).json()
        await owner.post(f"{path}/resolve", json={"outcome": "assisted", "sentence": "扶她坐下"})
        over = (await owner.get(path)).json()

    address_alone = {"home_address": "酒泉路 5 号 201", "access_notes": "", "risks": ""}
    assert (open_["away"], open_["room"], open_["record"]) == (True, None, address_alone)
    assert "record" not in card_of_owner, "boards never carry it"
    assert hers["record"] == {"home_address": "酒泉路 5 号 201", "access_notes": "钥匙在门卫", "risks": "心脏病"}
    assert others["record"] == address_alone
    assert over["record"] is None


async def test_of_a_call_in_the_house_the_owner_alone_reads_the_risks(desk: Desk, site: Site) -> None:
    await fill_record_of_wang(desk)
    alarm_id = await desk.pressed_alarm()

    async with await site.signed_in("liu") as owner, await site.signed_in("zhou") as other:
        await owner.post(f"/api/alarms/{alarm_id}/accept")
        hers, others = [(await browser.get(f"/api/alarms/{alarm_id}")).json() for browser in (owner, other)]

    assert (hers["away"], hers["record"]) == (False, {"home_address": "", "access_notes": "", "risks": "心脏病"})
    assert others["record"] is None


async def test_whoever_is_in_the_house_in_no_known_room_is_not_away(desk: Desk, site: Site) -> None:
    now = desk.clock.now()
    async with site.place.hub.transaction() as conn:
        await record_presence(conn, Tapped(desk.house.centre, desk.house.wang, AttendanceAction.ARRIVE, None), now)
    alarm_id = await desk.call_from_home()

    async with await site.signed_in("liu") as browser:
        shown = (await browser.get(f"/api/alarms/{alarm_id}")).json()

    assert (shown["room"], shown["away"], shown["record"]) == (None, False, None)


async def test_an_alarm_is_resolved_with_an_outcome_and_its_story_can_be_read(desk: Desk, site: Site) -> None:
    alarm_id = await desk.pressed_alarm()

    async with await site.signed_in("liu") as browser:
        await browser.post(f"/api/alarms/{alarm_id}/accept")
        refused = await browser.post(f"/api/alarms/{alarm_id}/arrive", json={"how": "tap"})
        await browser.post(f"/api/alarms/{alarm_id}/arrive", json={"how": "tap", "reason": "我在她旁边"})
        resolved = await browser.post(f"/api/alarms/{alarm_id}/resolve", json={"outcome": "company"})
        story = (await browser.get(f"/api/alarms/{alarm_id}")).json()

    assert (refused.status_code, refused.json()["code"]) == (422, "reason-needed")
    assert (resolved.status_code, resolved.json()["state"], resolved.json()["outcome"]) == (200, "resolved", "company")
    assert [moment["what"] for moment in story["timeline"]] == ["opened", "accepted", "on-scene", "resolved"]
    assert [moment["by_name"] for moment in story["timeline"]] == [None, "刘芳", "刘芳", "刘芳"]
    assert story["timeline"][3]["params"] == {"tier": 0, "outcome": "company"}


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("a-01jdbkz4f00000000000000000/accept", None, 404, "no-such-alarm"),
        ("b-wang/accept", None, 422, "invalid"),
        ("{alarm}/resolve", {"outcome": "false alarm"}, 422, "invalid"),
        ("{alarm}/resolve", {"outcome": "fall"}, 409, "not-in-this-state"),
    ],
)
async def test_what_cannot_be_done_is_answered_with_a_code(
    desk: Desk, site: Site, path: str, body: dict[str, str] | None, status: int, code: str
) -> None:
    alarm_id = await desk.pressed_alarm()

    async with await site.signed_in("liu") as browser:
        answer = await browser.post(f"/api/alarms/{path.format(alarm=alarm_id)}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_nobody_who_is_not_signed_in_sees_or_takes_an_alarm(desk: Desk, site: Site) -> None:
    alarm_id = await desk.pressed_alarm()

    async with site.browser() as browser:
        answers = [
            await browser.get(f"/api/alarms/{alarm_id}"),
            await browser.post(f"/api/alarms/{alarm_id}/accept"),
        ]

    assert [answer.json()["code"] for answer in answers] == ["signed-out", "signed-out"]


async def test_opening_the_link_of_a_message_changes_nothing_and_tapping_takes_the_alarm(
    desk: Desk, site: Site
) -> None:
    alarm_id = await desk.pressed_alarm()
    token = await link_to(desk, alarm_id, "zhou")

    async with site.browser() as phone:
        looked = await phone.get(f"/api/a/{token}")
        assert desk.alarm(alarm_id, "state") == ("open",)
        taken = await phone.post(f"/api/a/{token}/accept")
        again = await phone.post(f"/api/a/{token}/accept")

    assert looked.json()["you"] == {"id": "zhou", "name": "周敏", "name_en": "Zhou Min"}
    assert (looked.json()["state"], looked.json()["owner"], looked.json()["yours"]) == ("open", None, False)
    assert taken.json() == again.json()
    assert (taken.json()["number"], taken.json()["state"], taken.json()["yours"]) == ("23-01", "accepted", True)
    assert ("answered",) in desk.rows("SELECT state FROM notification")


async def test_the_link_of_whoever_took_it_says_that_she_has_to_answer_when_it_is_pressed_again(
    desk: Desk, site: Site
) -> None:
    alarm_id = await desk.pressed_alarm()
    token = await link_to(desk, alarm_id, "zhou")

    async with site.browser() as phone:
        taken = await phone.post(f"/api/a/{token}/accept")
        await desk.press()
        asked = await phone.get(f"/api/a/{token}")
        answered = await phone.post(f"/api/a/{token}/accept")

    by = datetime.fromisoformat(asked.json()["confirm_by"])
    assert (asked.json()["yours"], by) == (True, desk.clock.now() + CONFIRM_WITHIN)
    assert (taken.json()["confirm_by"], answered.json()["confirm_by"]) == (None, None)


async def test_whoever_took_it_by_the_link_says_there_that_she_is_on_scene(desk: Desk, site: Site) -> None:
    alarm_id = await desk.pressed_alarm()
    token = await link_to(desk, alarm_id, "zhou")

    async with site.browser() as phone:
        early = await phone.post(f"/api/a/{token}/arrive", json={"reason": "我在她旁边"})
        taken = await phone.post(f"/api/a/{token}/accept")
        wordless = await phone.post(f"/api/a/{token}/arrive", json={})
        there = await phone.post(f"/api/a/{token}/arrive", json={"reason": "我在她旁边"})
        again = await phone.post(f"/api/a/{token}/arrive", json={"reason": "我在她旁边"})

    due_at = desk.clock.now() + LEASE
    assert (taken.json()["yours"], datetime.fromisoformat(taken.json()["arrive_by"])) == (True, due_at)
    assert [(answer.status_code, answer.json()["code"]) for answer in (early, wordless)] == [
        (409, "not-in-this-state"),
        (422, "reason-needed"),
    ]
    assert (there.json()["state"], there.json()["yours"], there.json()["arrive_by"]) == ("on_scene", True, None)
    assert again.json() == there.json()
    assert desk.rows("SELECT about, by_account, sentence FROM alarm_sentence") == [("arrival", "zhou", "我在她旁边")]


async def test_a_link_does_not_say_of_a_colleague_that_she_is_on_scene(desk: Desk, site: Site) -> None:
    alarm_id = await desk.pressed_alarm()
    token = await link_to(desk, alarm_id, "zhou")
    await desk.accept(alarm_id, desk.house.liu)

    async with site.browser() as phone:
        answer = await phone.post(f"/api/a/{token}/arrive", json={"reason": "我在她旁边"})

    assert (answer.status_code, answer.json()["params"]) == (409, {"name": "刘芳", "name_en": "Liu Fang"})
    assert desk.alarm(alarm_id, "state") == ("accepted",)


async def test_a_link_that_lost_the_race_says_who_won(desk: Desk, site: Site) -> None:
    alarm_id = await desk.pressed_alarm()
    token = await link_to(desk, alarm_id, "zhou")
    await desk.accept(alarm_id, desk.house.liu)

    async with site.browser() as phone:
        answer = await phone.post(f"/api/a/{token}/accept")

    assert (answer.status_code, answer.json()["params"]) == (409, {"name": "刘芳", "name_en": "Liu Fang"})


async def test_a_link_that_was_never_sent_opens_nothing(desk: Desk, site: Site) -> None:
    async with site.browser() as phone:
        answers: list[httpx.Response] = [
            await phone.get("/api/a/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            await phone.post("/api/a/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/accept"),
        ]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "no-such-link")}


async def test_a_disabled_account_takes_nothing_through_its_link(desk: Desk, site: Site) -> None:
    alarm_id = await desk.pressed_alarm()
    token = await link_to(desk, alarm_id, "zhou")
    with psycopg.connect(desk.url) as conn:
        conn.execute("UPDATE account SET active = false WHERE id = 'zhou'")

    async with site.browser() as phone:
        answers = [await phone.get(f"/api/a/{token}"), await phone.post(f"/api/a/{token}/accept")]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "no-such-link")] * 2


async def test_the_board_shows_what_is_not_closed_under_the_account_of_who_looks(
    desk: Desk, web_database: Database
) -> None:
    first = await desk.pressed_alarm()
    await desk.phones_take_everything()
    second = (await desk.press(senior=desk.house.li, device=desk.house.li_button)).alarm_id

    async with web_database.transaction_as(desk.house.liu) as conn:
        shown = await card.read_unclosed_cards(conn, desk.house.centre)
    async with web_database.transaction_as(desk.house.daughter) as conn:
        hers = await card.read_unclosed_cards(conn, desk.house.centre)

    assert [one.id for one in shown] == [first, second]
    assert [(one.account_id, one.state) for one in shown[0].told] == [("zhou", "taken")]
    assert [one.id for one in hers] == [first]
    assert hers[0].told == []
