"""Who is here, and a tap of staff, as the page asks for them."""

from __future__ import annotations

from hub.kit.clock import SetClock
from hub.kit.db import Database
from tests.fakes.house import House
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
