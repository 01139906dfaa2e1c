"""How long does the first administrator's link work, and what does its page say when it does not?"""

from datetime import timedelta

from hub.access.service import first_administrator_link
from hub.kit.clock import SetClock
from tests.integration.web.site import Place, Site

PASSWORD = "three warm bowls of noodles"


async def test_the_page_of_the_first_link_says_what_is_wrong_with_it_before_anybody_types(
    site: Site, place: Place, clock: SetClock
) -> None:
    async with place.hub.transaction() as conn:
        token = await first_administrator_link(conn, place.clock.now())
    asked = {"name": "许静", "password": PASSWORD}
    async with site.browser() as browser:
        unknown = await browser.get(f"/api/first-administrator/{'x' * 20}")
        works = await browser.get(f"/api/first-administrator/{token}")
        clock.advance(timedelta(hours=23))
        assert (await browser.post(f"/api/first-administrator/{token}", json=asked)).status_code == 204
        used = await browser.get(f"/api/first-administrator/{token}")

    assert [answer.status_code for answer in (unknown, works, used)] == [404, 204, 410]


async def test_the_first_link_lasts_a_day(site: Site, place: Place, clock: SetClock) -> None:
    async with place.hub.transaction() as conn:
        token = await first_administrator_link(conn, clock.now())
    clock.advance(timedelta(days=1))

    async with site.browser() as browser:
        assert (await browser.get(f"/api/first-administrator/{token}")).status_code == 410
