"""Who is here, and a tap of staff, as the page asks for them."""

from __future__ import annotations

import asyncio

import psycopg

from hub.kit.clock import SetClock
from hub.kit.db import Database, Login
from tests.fakes.circles import WAITS_FOR_A_LOCK, find_circles_late
from tests.fakes.house import House
from tests.fakes.logins import url_as
from tests.integration.web.site import Place, make_site


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
    }
    assert (nobody.status_code, nobody.json()["code"]) == (404, "no-such-senior")
    assert (nowhere.status_code, nowhere.json()["code"]) == (422, "room-missing")


async def test_a_tap_that_waited_in_a_circle_with_somebody_else_is_kept_all_the_same(
    database_url: str, web_database: Database, house: House, clock: SetClock
) -> None:
    find_circles_late(database_url)
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
        await other.execute("SET deadlock_timeout = '10s'")  # who finds the circle is ended by it: the tap
        await other.execute("SELECT FROM presence FOR UPDATE")
        tapped = tasks.create_task(browser.post("/api/presence", json={"senior_id": "s-wang", "what": "leave"}))
        while not await (await onlooker.execute(WAITS_FOR_A_LOCK)).fetchall():
            await asyncio.sleep(0.01)
        await other.execute("SELECT FROM senior FOR UPDATE")
        await other.commit()

    assert tapped.result().status_code == 204
