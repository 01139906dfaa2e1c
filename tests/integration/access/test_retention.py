"""When does access forget sessions and links that are over, and which does a viewing still need?"""

from datetime import timedelta

from hub.access.model import SessionKind
from hub.access.retention import AccessRetention
from hub.access.service import Invited, create_invitation, first_administrator_link
from hub.kit.clock import SetClock
from hub.video.store import sessions_of_open_viewings
from tests.fakes.house import House
from tests.integration.web.site import Place, Site


async def test_sessions_and_links_are_forgotten_a_month_after_they_were_over(
    site: Site, place: Place, clock: SetClock, house: House
) -> None:
    await site.cookies_of(house.zhou)
    for lasts in (timedelta(days=7), timedelta(days=90)):
        async with place.hub.transaction() as conn:
            await create_invitation(conn, Invited(house.liu, lasts=lasts), clock.now())
    async with place.hub.transaction() as conn:
        await first_administrator_link(conn, clock.now())

    clock.advance(timedelta(days=20))
    await AccessRetention(place.hub, clock, sessions_of_open_viewings).delete_expired()
    assert await counted(place) == {"session": 1, "invitation": 2, "first_administrator": 1}

    clock.advance(timedelta(days=20))
    await site.cookies_of(house.zhou)
    await AccessRetention(place.hub, clock, sessions_of_open_viewings).delete_expired()
    assert await counted(place) == {"session": 1, "invitation": 1, "first_administrator": 0}


async def test_a_viewing_outlives_the_session_in_which_it_was_opened(
    site: Site, place: Place, clock: SetClock, house: House
) -> None:
    await site.cookies_of(house.daughter, SessionKind.FAMILY)
    async with place.hub.transaction() as conn:
        for viewing, ended_at in (("v-" + 26 * "1", clock.now()), ("v-" + 26 * "2", None)):
            await conn.execute(
                """
                INSERT INTO viewing (id, centre_id, camera_id, room_id, account_id, session_id, senior_id, because,
                                     allowed_since, opened_at, ended_at, ended_because)
                SELECT %(id)s, %(centre)s, %(camera)s, %(room)s, account_id, id, %(senior)s, 'consent',
                       %(now)s, %(now)s, %(ended_at)s, %(because)s
                  FROM session
                """,
                {
                    "id": viewing,
                    "centre": house.centre,
                    "camera": house.gym_camera,
                    "room": house.gym,
                    "senior": house.wang,
                    "now": clock.now(),
                    "ended_at": ended_at,
                    "because": "left" if ended_at else None,
                },
            )

    clock.advance(timedelta(days=100))
    await AccessRetention(place.hub, clock, sessions_of_open_viewings).delete_expired()
    assert (await counted(place))["session"] == 1

    async with place.hub.transaction() as conn:
        await conn.execute("UPDATE viewing SET ended_at = %s, ended_because = 'left'", (clock.now(),))
    await AccessRetention(place.hub, clock, sessions_of_open_viewings).delete_expired()
    assert (await counted(place))["session"] == 0
    assert await count(place, "viewing") == 2


async def counted(place: Place) -> dict[str, int]:
    return {table: await count(place, table) for table in ("session", "invitation", "first_administrator")}


async def count(place: Place, table: str) -> int:
    async with place.hub.transaction() as conn:
        row = await (await conn.execute(f"SELECT count(*) FROM {table}".encode())).fetchone()
    assert row is not None
    return int(row[0])
