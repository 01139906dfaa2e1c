"""People sign in, stay signed in as long as they should, and are out at once when they are disabled."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import httpx
import psycopg
import pytest

from hub.access.accounts import disable_account
from hub.access.model import SessionKind
from hub.access.passwords import Passwords
from hub.access.service import Invited, first_administrator_link
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.ledger.edit import COMMAND_LINE, open_edit
from simulators.stage import installation as stage
from tests.fakes.house import House
from tests.integration.access.signing_in import PASSWORD, linked, sign_in
from tests.integration.web.site import Place, Site, demo_site, make_site, served


async def test_a_social_worker_signs_in_and_out(site: Site, house: House, zhous_password: str) -> None:
    async with site.browser() as browser:
        assert (await browser.get("/api/me")).json()["code"] == "signed-out"

        assert (await sign_in(browser, house.zhou, zhous_password)).status_code == 204
        me = (await browser.get("/api/me")).json()
        assert (me["account"]["name"], me["account"]["role"]) == ("周敏", "social_worker")
        assert me["centre"] == {
            "id": "jiuquan-road",
            "name": "酒泉路中心",
            "name_en": "Jiuquan Road Centre",
            "opens": "08:00:00",
            "closes": "20:00:00",
            "timezone": "Asia/Shanghai",
            "phone": "",
        }
        assert me["plain_http"] is True

        assert (await browser.post("/api/sign-out")).status_code == 204
        assert (await browser.get("/api/me")).status_code == 401


async def test_the_cookie_cannot_be_read_by_a_script_nor_sent_from_elsewhere(
    place: Place, house: House, zhous_password: str
) -> None:
    async with make_site(place).browser() as plain, make_site(place, https=True).browser() as secure:
        over_http = (await sign_in(plain, house.zhou, zhous_password)).headers["set-cookie"].lower()
        over_https = (await sign_in(secure, house.zhou, zhous_password)).headers["set-cookie"].lower()

    assert over_http.startswith("anling-staff=")
    assert over_https.startswith("__host-anling-staff=")
    assert "secure" in over_https
    for cookie in (over_http, over_https):
        assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/"))
        assert "domain=" not in cookie


async def test_the_database_holds_no_cookie(site: Site, place: Place, house: House) -> None:
    cookies = await site.cookies_of(house.zhou)

    async with place.hub.transaction() as conn:
        (row,) = await (await conn.execute("SELECT id FROM session")).fetchall()
    assert cookies["anling-staff"].encode() not in row[0]
    assert len(row[0]) == 32


@pytest.mark.parametrize("account", ["nobody", "liu", "wang-daughter"])
async def test_who_has_no_password_and_who_does_not_exist_get_the_same_answer(site: Site, account: str) -> None:
    async with site.browser() as browser:
        answer = await sign_in(browser, account, PASSWORD)

    assert (answer.status_code, answer.json()["code"]) == (401, "wrong-account-or-password")


@pytest.mark.parametrize(("length", "status"), [(0, 422), (1, 401), (200, 401), (201, 422)])
async def test_a_password_that_nobody_can_have_is_not_looked_at(site: Site, length: int, status: int) -> None:
    async with site.browser() as browser:
        assert (await sign_in(browser, "zhou", "x" * length)).status_code == status


@pytest.mark.parametrize(("length", "status"), [(15, 422), (16, 404), (64, 404), (65, 422)])
async def test_a_link_that_the_hub_never_made_is_not_looked_up(site: Site, length: int, status: int) -> None:
    async with site.browser() as browser:
        assert (await browser.get(f"/api/family/invitations/{'x' * length}")).status_code == status


async def test_wrong_passwords_make_the_next_try_wait_and_never_lock(
    site: Site, clock: SetClock, house: House, zhous_password: str
) -> None:
    async with site.browser() as browser:
        for _ in range(4):
            assert (await sign_in(browser, house.zhou, "wrong")).status_code == 401
        refused = await sign_in(browser, house.zhou, zhous_password)
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-tries")
        assert refused.headers["retry-after"] == str(refused.json()["params"]["seconds"]) == "1"

        clock.advance(timedelta(seconds=1))
        assert (await sign_in(browser, house.zhou, zhous_password)).status_code == 204


async def test_wrong_passwords_from_one_address_make_nobody_wait_at_another(
    site: Site, house: House, zhous_password: str
) -> None:
    async with site.browser(address="10.0.0.66") as stranger, site.browser(address="10.0.0.7") as hers:
        for _ in range(4):
            await sign_in(stranger, house.zhou, "wrong")
        assert (await sign_in(stranger, house.zhou, zhous_password)).status_code == 429

        assert (await sign_in(hers, house.zhou, zhous_password)).status_code == 204


async def test_nobody_who_sends_wrong_passwords_shuts_out_a_browser_that_the_account_has_used(
    site: Site, clock: SetClock, house: House, zhous_password: str
) -> None:
    async with site.browser() as hers, site.browser() as stranger:
        assert (await sign_in(hers, house.zhou, zhous_password)).status_code == 204
        await hers.post("/api/sign-out")
        for _ in range(20):
            await sign_in(stranger, house.zhou, "wrong")
        assert (await sign_in(stranger, house.zhou, zhous_password)).status_code == 429

        assert (await sign_in(hers, house.zhou, zhous_password)).status_code == 204

        stranger.cookies.set("anling-known-zhou", hers.cookies["anling-known-zhou"] + "x")
        assert (await sign_in(stranger, house.zhou, zhous_password)).status_code == 429
        for _ in range(4):
            await sign_in(hers, house.zhou, "wrong")
        assert (await sign_in(hers, house.zhou, zhous_password)).status_code == 429, "her browser waits for its own"


async def test_a_staff_session_ends_after_half_an_hour_without_use_and_after_twelve_hours_with_it(
    site: Site, clock: SetClock, house: House
) -> None:
    async with await site.signed_in(house.zhou) as browser:
        for _ in range(24):
            assert (await browser.get("/api/me")).status_code == 200
            clock.advance(timedelta(minutes=29, seconds=30))
        assert (await browser.get("/api/me")).status_code == 200
        clock.advance(timedelta(minutes=15))
        assert (await browser.get("/api/me")).status_code == 401

    async with await site.signed_in(house.zhou) as browser:
        clock.advance(timedelta(minutes=30))
        assert (await browser.get("/api/me")).status_code == 401


async def test_the_last_use_of_a_session_is_written_once_a_minute(
    site: Site, place: Place, clock: SetClock, house: House
) -> None:
    async def use_after(seconds: int) -> datetime:
        clock.advance(timedelta(seconds=seconds))
        await browser.get("/api/me")
        async with place.hub.transaction() as conn:
            ((seen_at,),) = await (await conn.execute("SELECT seen_at FROM session")).fetchall()
        return datetime.fromisoformat(str(seen_at))

    began = clock.now()
    async with await site.signed_in(house.zhou) as browser:
        used = [await use_after(59), await use_after(1), await use_after(59)]

    assert [(moment - began).total_seconds() for moment in used] == [0, 60, 60]


async def test_a_family_stays_in_for_as_long_as_the_phone_is_used(site: Site, clock: SetClock, house: House) -> None:
    async with await site.signed_in(house.daughter, SessionKind.FAMILY) as browser:
        for _ in range(4):
            clock.advance(timedelta(days=29))
            assert (await browser.get("/api/family/home")).status_code == 200
        clock.advance(timedelta(days=30))
        assert (await browser.get("/api/family/home")).status_code == 401


async def test_a_phone_that_is_used_keeps_its_cookie_as_long_as_its_session(site: Site, house: House) -> None:
    """A browser deletes a cookie by its own clock: 30 days after it was last sent, whatever the session is worth."""
    token = (await site.cookies_of(house.daughter, SessionKind.FAMILY))["anling-family"]
    async with served(site) as address, httpx.AsyncClient(base_url=address, cookies={"anling-family": token}) as phone:
        home = await phone.get("/api/family/home")
        async with phone.stream("GET", "/api/family/live") as live:
            cookies = [home.headers["set-cookie"], live.headers["set-cookie"]]

    for cookie in cookies:
        assert cookie.startswith(f"anling-family={token}; ")
        assert "Max-Age=2592000;" in cookie


async def test_who_is_disabled_is_out_with_the_next_request(site: Site, place: Place, house: House) -> None:
    async with await site.signed_in(house.zhou) as browser:
        async with open_edit(place.hub, COMMAND_LINE, place.clock.now()) as editing:
            await disable_account(editing, house.zhou)

        assert (await browser.get("/api/me")).status_code == 401


async def test_a_daughter_opens_her_invitation_with_the_end_of_her_phone_number(
    site: Site, place: Place, house: House
) -> None:
    token = await linked(place, Invited(house.daughter, made_by=house.liu))
    async with site.browser() as phone:
        card = (await phone.get(f"/api/family/invitations/{token}")).json()
        assert (card["senior_address_as"], card["inviter"], card["needs"]) == ("王奶奶", "刘芳", "phone_last4")
        assert card["phone_last4"] is None

        wrong = await phone.post(f"/api/family/invitations/{token}", json={"phone_last4": "1234"})
        assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong-phone")

        opened = await phone.post(f"/api/family/invitations/{token}", json={"phone_last4": "0000"})
        assert (opened.status_code, opened.headers["set-cookie"].startswith("anling-family=")) == (204, True)
        assert (await phone.get("/api/family/home")).json()["senior"]["address_as"] == "王奶奶"

        again = await phone.get(f"/api/family/invitations/{token}")
        assert (again.status_code, again.json()["code"]) == (410, "invitation-used")


async def test_an_old_an_unknown_and_a_staff_link_let_no_family_in(
    site: Site, place: Place, clock: SetClock, house: House
) -> None:
    old = await linked(place, Invited(house.daughter, lasts=timedelta(days=1)))
    staff = await linked(place, Invited(house.liu))
    clock.advance(timedelta(days=1))

    async with site.browser() as phone:
        answers = [
            (await phone.post(f"/api/family/invitations/{token}", json={"phone_last4": "0000"})).json()["code"]
            for token in (old, staff, "x" * 32)
        ]
    assert answers == ["invitation-expired", "no-such-invitation", "no-such-invitation"]


async def test_guessing_digits_waits_longer_and_longer(site: Site, place: Place, house: House) -> None:
    token = await linked(place, Invited(house.daughter))

    async with site.browser() as phone:
        codes = [
            (await phone.post(f"/api/family/invitations/{token}", json={"phone_last4": f"{n:04}"})).json()["code"]
            for n in range(1, 6)
        ]
    assert codes == ["wrong-phone"] * 4 + ["too-many-tries"]


async def test_guessing_many_digits_at_once_is_no_faster_than_one_after_the_other(
    site: Site, place: Place, house: House
) -> None:
    token = await linked(place, Invited(house.daughter))
    path = f"/api/family/invitations/{token}"

    async with site.browser() as phone:
        guesses = [phone.post(path, json={"phone_last4": f"{digits:04}"}) for digits in range(1, 31)]
        codes = Counter(answer.json()["code"] for answer in await asyncio.gather(*guesses))

    assert codes == {"wrong-phone": 4, "too-many-tries": 26}


async def test_a_new_colleague_chooses_her_password_once(site: Site, place: Place, house: House) -> None:
    token = await linked(place, Invited(house.liu, made_by=house.admin))
    async with site.browser() as browser:
        assert (await browser.get(f"/api/invitations/{token}")).json() == {
            "account": "liu",
            "name": "刘芳",
            "name_en": "Liu Fang",
            "role": "staff",
        }
        weak = await browser.post(f"/api/invitations/{token}", json={"password": "password123"})
        assert (weak.status_code, weak.json()["code"]) == (422, "weak-password")

        assert (await browser.post(f"/api/invitations/{token}", json={"password": PASSWORD})).status_code == 204
        assert (await browser.get("/api/me")).json()["account"]["id"] == "liu"
        assert (await browser.post(f"/api/invitations/{token}", json={"password": PASSWORD})).status_code == 410

    async with site.browser() as other:
        assert (await sign_in(other, "liu", PASSWORD)).status_code == 204


async def test_the_first_administrator_signs_in_by_a_link_that_then_is_used(site: Site, place: Place) -> None:
    async with place.hub.transaction() as conn:
        token = await first_administrator_link(conn, place.clock.now())
    assert token is not None
    wanted = {"name": "王主任", "password": PASSWORD}

    async with site.browser() as browser:
        assert (await browser.get(f"/api/first-administrator/{token}")).status_code == 204
        assert (await browser.post(f"/api/first-administrator/{token}", json=wanted)).status_code == 204
        assert (await browser.get("/api/me")).json()["account"]["role"] == "administrator"
        assert (await browser.post(f"/api/first-administrator/{token}", json=wanted)).status_code == 410

    async with place.hub.transaction() as conn:
        assert await first_administrator_link(conn, place.clock.now()) is None


@pytest.mark.parametrize("name", ["王\n主任", "王\u202e主任", "\u200b", "王\u2028主任"])
async def test_the_first_administrators_name_is_one_line_that_can_be_read(site: Site, place: Place, name: str) -> None:
    async with place.hub.transaction() as conn:
        token = await first_administrator_link(conn, place.clock.now())

    async with site.browser() as browser:
        wanted = {"name": name, "password": PASSWORD}
        answer = await browser.post(f"/api/first-administrator/{token}", json=wanted)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["params"]["field"] == "body.name"


async def test_before_a_centre_is_imported_the_administrators_link_says_so(
    database_url: str, database: Database, web_database: Database, clock: SetClock
) -> None:
    site = make_site(Place(database_url, database, web_database, clock))
    async with database.transaction() as conn:
        token = await first_administrator_link(conn, clock.now())

    async with site.browser() as browser:
        answer = await browser.post(f"/api/first-administrator/{token}", json={"name": "王主任", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (409, "no-centre-yet")


async def test_the_accounts_of_the_demo_work_in_the_demo_alone(place: Place, house: House) -> None:
    password_hash = await Passwords().hash(stage.PASSWORD)
    async with place.hub.transaction() as conn:
        await conn.execute(
            "UPDATE account SET simulated = true, password_hash = %s WHERE id = %s", (password_hash, house.zhou)
        )
    real = make_site(place)

    async with demo_site(place) as demo, demo.browser() as browser:
        (listed,) = (await browser.get("/api/demo/accounts")).json()
        assert (await sign_in(browser, listed["id"], listed["password"])).status_code == 204
        cookies = dict(browser.cookies)
    async with real.browser(**cookies) as browser:
        assert (await browser.get("/api/demo/accounts")).status_code == 404
        assert (await browser.get("/api/me")).status_code == 401
        assert (await sign_in(browser, house.zhou, stage.PASSWORD)).status_code == 401


async def test_a_link_of_the_demo_opens_in_the_demo_alone_and_says_its_digits_there(place: Place, house: House) -> None:
    async with place.hub.transaction() as conn:
        await conn.execute("UPDATE account SET simulated = true WHERE id = %s", (house.daughter,))
    token = await linked(place, Invited(house.daughter))

    async with make_site(place).browser() as real, demo_site(place) as demo, demo.browser() as browser:
        assert (await real.get(f"/api/family/invitations/{token}")).status_code == 404
        assert (await browser.get(f"/api/family/invitations/{token}")).json()["phone_last4"] == "0000"
        opened = await browser.post(f"/api/family/invitations/{token}", json={"phone_last4": "0000"})

    assert opened.status_code == 204


async def test_signing_in_and_being_disabled_are_in_the_ledger(
    site: Site, place: Place, database_url: str, house: House, zhous_password: str
) -> None:
    async with site.browser() as browser:
        await sign_in(browser, house.zhou, zhous_password)
    async with open_edit(place.hub, COMMAND_LINE, place.clock.now()) as editing:
        await disable_account(editing, house.zhou)

    with psycopg.connect(database_url) as conn:
        entries = [row[0] for row in conn.execute("SELECT entry FROM ledger_access ORDER BY n").fetchall()]
    assert ["signed-in" in entries[0], "account-disabled" in entries[1]] == [True, True]
    assert not any("周敏" in entry or "zhou" in entry for entry in entries)
