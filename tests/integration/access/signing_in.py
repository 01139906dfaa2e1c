"""Somebody signs in, or is invited."""

import httpx

from hub.access.service import Invited, create_invitation
from tests.integration.web.site import Place

PASSWORD = "three warm bowls of noodles"


async def sign_in(browser: httpx.AsyncClient, account: str, password: str) -> httpx.Response:
    return await browser.post("/api/sign-in", json={"account": account, "password": password})


async def linked(place: Place, invited: Invited) -> str:
    async with place.hub.transaction() as conn:
        return await create_invitation(conn, invited, place.clock.now())
