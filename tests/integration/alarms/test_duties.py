"""Which tiers call people and find nobody?"""

from datetime import timedelta

import psycopg

from hub.alarms import duties
from hub.alarms.duties import EmptyTier
from hub.centre.model import Applies
from hub.kit.clock import SetClock
from hub.kit.db import Database
from tests.fakes.house import House

OUR_TIERS = """[
    {"wait_seconds": 30, "targets": ["board", "duty:primary", "role:street_office"]},
    {"wait_seconds": 30, "targets": ["duty:secondary"]},
    {"wait_seconds": 30, "targets": ["board"]}
]"""


async def test_a_tier_is_empty_when_nobody_has_any_of_its_duties_and_roles(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute(
            "INSERT INTO escalation_policy "
            "VALUES ('e-1', 'jiuquan-road', 'opening_hours', 'ours', 1, %s, %s, NULL, true)",
            (OUR_TIERS, clock.now()),
        )

    async def empty(without: str | None = None) -> list[EmptyTier]:
        async with database.transaction() as conn:
            gone = None if without is None else house.chen
            found = await duties.empty_tiers(conn, house.centre, clock.now(), without=gone)
            return [tier for tier in found if tier.applies is Applies.OPENING_HOURS]

    before, when_she_is_gone = await empty(), await empty(without=house.chen)
    clock.advance(timedelta(days=21))
    when_nothing_is_written = await empty()

    second = EmptyTier(Applies.OPENING_HOURS, 2, ("duty:secondary",))
    assert (before, when_she_is_gone) == ([], [second])
    assert when_nothing_is_written == [
        EmptyTier(Applies.OPENING_HOURS, 1, ("duty:primary", "role:street_office")),
        second,
    ]
