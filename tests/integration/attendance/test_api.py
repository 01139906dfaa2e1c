"""Who is here, and a tap of staff, as the page asks for them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import psycopg
import pytest

from hub.attendance import service
from hub.attendance.model import AttendanceAction, CardRead
from hub.kit.clock import SetClock
from hub.kit.db import Database, Login
from tests.fakes.deadlocks import WAITS_FOR_A_LOCK, delay_deadlock_detection
from tests.fakes.house import House
from tests.fakes.logins import url_as
from tests.integration.web.site import Place, make_site

ARRIVE = {"senior_id": "s-wang", "what": "arrive"}
ENTER_THE_GYM = {"senior_id": "s-wang", "what": "enter", "room_id": "gym"}
LEAVE = {"senior_id": "s-wang", "what": "leave"}


async def test_a_tap_of_staff_is_seen_by_everybody_on_the_page(
    database_url: str, database: Database, web_database: Database, house: House, clock: SetClock
) -> None:
    site = make_site(Place(database_url, database, web_database, clock))
    async with await site.signed_in(house.liu) as browser:
        tapped = await browser.post("/api/presence", json={"senior_id": "s-wang", "what": "enter", "room_id": "gym"})
        seniors = (await browser.get("/api/seniors")).json()
        nobody = await browser.post("/api/presence", json={"senior_id": "s-nobody", "what": "arrive"})
        nowhere = await browser.post("/api/presence", json={"senior_id": "s-wang", "what": "enter"})

    assert tapped.status_code == 204
    assert seniors[0] == {
        "id": "s-wang",
        "name": "王秀英",
        "address_as": "王奶奶",
        "address_as_en": "Grandma Wang",
        "present": True,
        "room_id": "gym",
        "since": "2026-11-23T02:14:05Z",
        "etag": '"1"',
        "changed": {
            "at": "2026-11-23T02:14:05Z",
            "how": "staff",
            "by": {"id": "liu", "name": "刘芳", "name_en": "Liu Fang"},
        },
    }
    assert (nobody.status_code, nobody.json()["code"]) == (404, "no-such-senior")
    assert (nowhere.status_code, nowhere.json()["code"]) == (422, "room-missing")


async def test_a_tap_that_lost_a_deadlock_is_kept_all_the_same(
    database_url: str, web_database: Database, house: House, clock: SetClock
) -> None:
    delay_deadlock_detection(database_url)
    arrived = {"senior_id": "s-wang", "what": "enter", "room_id": "gym"}
    async with (
        asyncio.timeout(20),
        Database.open(url_as(database_url, Login.PAGES_WRITE), size=2, name="test late") as late,
        await make_site(Place(database_url, late, web_database, clock)).signed_in(house.liu) as browser,
        await psycopg.AsyncConnection.connect(database_url) as other,
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as onlooker,
        asyncio.TaskGroup() as tasks,
    ):
        assert (await browser.post("/api/presence", json=arrived)).status_code == 204
        await other.execute("SET deadlock_timeout = '10s'")  # who finds the deadlock is ended by it: the tap
        await other.execute("SELECT FROM presence FOR UPDATE")
        tapped = tasks.create_task(browser.post("/api/presence", json={"senior_id": "s-wang", "what": "leave"}))
        while not await (await onlooker.execute(WAITS_FOR_A_LOCK)).fetchall():
            await asyncio.sleep(0.01)
        await other.execute("SELECT FROM senior FOR UPDATE")
        await other.commit()

    assert tapped.result().status_code == 204


async def test_who_saw_another_state_than_the_one_that_stands_is_told_what_stands_and_since_when(
    database_url: str, database: Database, web_database: Database, house: House, clock: SetClock
) -> None:
    site = make_site(Place(database_url, database, web_database, clock))
    async with await site.signed_in(house.liu) as liu, await site.signed_in(house.zhou) as zhou:
        (before,) = [row for row in (await liu.get("/api/seniors")).json() if row["id"] == "s-wang"]
        arrived = await zhou.post("/api/presence", json=ARRIVE, headers={"If-Match": before["etag"]})
        late = await liu.post("/api/presence", json=ENTER_THE_GYM, headers={"If-Match": before["etag"]})
        after = await liu.get("/api/seniors")
        anyway = await liu.post("/api/presence", json=ENTER_THE_GYM, headers={"If-Match": late.headers["ETag"]})
        (now, *_) = (await liu.get("/api/seniors")).json()

    assert (arrived.status_code, arrived.headers["ETag"]) == (204, '"1"')
    assert (late.status_code, late.headers["Content-Type"]) == (412, "application/problem+json")
    said = late.json()
    assert (said["code"], late.headers["ETag"]) == ("changed-meanwhile", '"1"')
    assert said["current"] == after.json()[0]
    assert (said["current"]["present"], said["current"]["changed"]["by"]["id"]) == (True, "zhou")
    assert (anyway.status_code, now["room_id"], now["etag"]) == (204, "gym", '"2"')


async def test_what_holds_already_is_no_conflict_however_often_it_is_said(
    database_url: str, database: Database, web_database: Database, house: House, clock: SetClock
) -> None:
    site = make_site(Place(database_url, database, web_database, clock))
    async with await site.signed_in(house.liu) as browser:
        answers = [await browser.post("/api/presence", json=ARRIVE, headers={"If-Match": '"0"'}) for _ in range(3)]
        (row, *_) = (await browser.get("/api/seniors")).json()

    assert [(answer.status_code, answer.headers["ETag"]) for answer in answers] == [(204, '"1"')] * 3
    assert (row["present"], row["etag"]) == (True, '"1"')


@pytest.mark.parametrize("tag", ['W/"0"', "0", '"1", "2"', ""])
async def test_a_tag_that_is_not_the_one_that_stands_changes_nothing(
    database_url: str, database: Database, web_database: Database, house: House, clock: SetClock, tag: str
) -> None:
    site = make_site(Place(database_url, database, web_database, clock))
    async with await site.signed_in(house.liu) as browser:
        refused = await browser.post("/api/presence", json=ARRIVE, headers={"If-Match": tag})
        rows = (await browser.get("/api/seniors")).json()

    assert refused.status_code == 412
    assert [row["present"] for row in rows if row["id"] == "s-wang"] == [False]


async def test_a_card_that_only_confirms_a_room_makes_nobodys_tap_a_conflict(
    database_url: str, database: Database, web_database: Database, house: House, clock: SetClock
) -> None:
    site = make_site(Place(database_url, database, web_database, clock))
    async with await site.signed_in(house.liu) as browser:
        entered = await browser.post("/api/presence", json=ENTER_THE_GYM)
        clock.advance(timedelta(minutes=1))
        async with database.transaction() as conn:
            read = CardRead(house.centre, house.gym_reader, "c-wang", AttendanceAction.ENTER, house.gym, clock.now())
            await service.record_card_read(conn, read, clock.now())
        (row, *_) = (await browser.get("/api/seniors")).json()
        left = await browser.post("/api/presence", json=LEAVE, headers={"If-Match": entered.headers["ETag"]})

    assert row["etag"] == entered.headers["ETag"]
    assert left.status_code == 204
