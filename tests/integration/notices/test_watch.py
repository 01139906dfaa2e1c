"""A notice of something that happened goes when it has not happened again; one of a state stays until that is over."""

from datetime import timedelta

import pytest

from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.notices import service as notices
from hub.notices import store
from hub.notices.model import QUIET_FOR, Raised
from hub.notices.watch import NoticeWatch
from tests.fakes.house import House


async def raise_one(database: Database, house: House, clock: SetClock, code: str) -> None:
    async with database.transaction() as conn:
        await notices.raise_notice(conn, Raised(house.centre, code, "hub"), clock.now())


async def standing(database: Database, house: House) -> list[str]:
    async with database.transaction() as conn:
        return [notice.code for notice in await store.list_standing_notices(conn, house.centre, 10)]


@pytest.mark.parametrize(
    "code",
    [
        "telemetry-shed",
        "wrong-credentials",
        "wrong-passwords",
        "message-unreadable",
        "message-id-reused",
        "press-retained",
        "press-unkept",
        "unknown-card",
        "clock-set",
    ],
)
async def test_what_happened_is_over_an_hour_after_the_last_time(
    database: Database, house: House, clock: SetClock, code: str
) -> None:
    watch = NoticeWatch(database, clock)
    await raise_one(database, house, clock, code)
    clock.advance(timedelta(minutes=50))
    await raise_one(database, house, clock, code)

    clock.advance(QUIET_FOR - timedelta(seconds=1))
    await watch.clear_expired()
    assert await standing(database, house) == [code]

    clock.advance(timedelta(seconds=1))
    await watch.clear_expired()
    assert await standing(database, house) == []


async def test_what_still_is_so_is_never_cleared_by_time(database: Database, house: House, clock: SetClock) -> None:
    await raise_one(database, house, clock, "broker-away")

    clock.advance(timedelta(days=7))
    await NoticeWatch(database, clock).clear_expired()

    assert await standing(database, house) == ["broker-away"]
