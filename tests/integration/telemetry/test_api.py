"""The chart of a room's day, as the page asks for it."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.telemetry.service import Telemetry
from tests.fakes.house import House
from tests.integration.telemetry.test_telemetry import Reading
from tests.integration.web.site import Place, make_site


async def test_the_page_gets_columns_of_equal_length(
    database_url: str,
    database: Database,
    pages_database: Database,
    web_database: Database,
    house: House,
    clock: SetClock,
) -> None:
    ten = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # ten in Lanzhou
    async with database.transaction() as conn:
        await Telemetry().store_readings(
            conn,
            [
                Reading(house.gym_sensor, "temperature", "Cel", 21.5, ten),
                Reading(house.gym_camera, "occupancy", "1", 3.0, ten),
                Reading(house.gym_camera, "motion", "/", 0.25, ten),
            ],
        )
    site = make_site(Place(database_url, pages_database, web_database, clock))

    async with await site.signed_in(house.liu) as browser:
        today = (await browser.get("/api/rooms/gym/day")).json()
        yesterday = (await browser.get("/api/rooms/gym/day", params={"date": "2026-11-22"})).json()
        nowhere = await browser.get("/api/rooms/attic/day")
        nonsense = await browser.get("/api/rooms/gym/day", params={"date": "9999-12-31"})

    at = today["at"].index(ten.timestamp())
    assert (today["date"], today["bucket_seconds"], len(today["at"])) == ("2026-11-23", 120, 720)
    assert (today["temperature"][at], today["occupancy"][at], today["motion"][at]) == (21.5, 3.0, 0.25)
    assert {len(today[column]) for column in ("temperature", "occupancy", "motion")} == {720}
    assert (yesterday["bucket_seconds"], yesterday["temperature"]) == (300, [None] * 288)
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "no-such-room")
    assert nonsense.status_code == 422
