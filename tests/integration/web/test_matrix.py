"""Every role at every route, against a table written by hand: the running application and the table must agree."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg import sql

from hub.access.accounts import disable_account
from hub.access.model import SessionKind
from hub.attendance.model import AttendanceAction, Tapped
from hub.attendance.service import record_presence
from hub.kit.http import Databases
from hub.ledger.edit import COMMAND_LINE, open_edit
from hub.notices.model import Raised
from hub.notices.service import raise_notice
from hub.rules.service import Rules
from hub.video.remote import MediaProcess
from hub.video.service import Video
from hub.web.app import list_routes
from tests.fakes.house import House
from tests.integration.web.site import Place, Site, demo_site, make_site, page_headers, served

pytestmark = pytest.mark.long

ROLES = ("staff", "social_worker", "lead", "grid_head", "street_office", "administrator", "auditor", "family")
EVERYBODY = frozenset({*ROLES, "nobody"})
HOUSE_STAFF = frozenset({"staff", "social_worker", "lead", "administrator"})
RESPONDERS = HOUSE_STAFF | {"grid_head", "street_office"}
FAMILY = frozenset({"family"})
ALARM = "a-01jdbk0000000000000000000a"
TOKEN = "x" * 32

# Who may use each route. What it finds then (is there such an alarm?) is not asked here.
TABLE: dict[str, frozenset[str]] = {
    "GET /": EVERYBODY,
    "GET /family": EVERYBODY,
    "GET /assets/{name}": EVERYBODY,
    "GET /{name}": EVERYBODY,
    "GET /readyz": EVERYBODY,
    "POST /api/sign-in": EVERYBODY,
    "POST /api/sign-out": EVERYBODY,
    "POST /api/family/sign-out": EVERYBODY,
    "GET /api/family/invitations/{token}": EVERYBODY,
    "POST /api/family/invitations/{token}": EVERYBODY,
    "GET /api/invitations/{token}": EVERYBODY,
    "POST /api/invitations/{token}": EVERYBODY,
    "GET /api/first-administrator/{token}": EVERYBODY,
    "POST /api/first-administrator/{token}": EVERYBODY,
    "GET /api/a/{token}": EVERYBODY,
    "POST /api/a/{token}/accept": EVERYBODY,
    "POST /api/a/{token}/arrive": EVERYBODY,
    "GET /api/me": RESPONDERS | {"auditor"},
    "GET /api/live": RESPONDERS,
    "GET /api/alarms/{alarm_id}": RESPONDERS,
    "POST /api/alarms/{alarm_id}/accept": RESPONDERS,
    "POST /api/alarms/{alarm_id}/arrive": RESPONDERS,
    "POST /api/alarms/{alarm_id}/resolve": RESPONDERS,
    "GET /api/rooms/{room_id}/day": RESPONDERS,
    "GET /api/seniors": HOUSE_STAFF,
    "POST /api/presence": HOUSE_STAFF,
    "GET /api/quarantine": HOUSE_STAFF,
    "GET /api/devices": HOUSE_STAFF,
    "GET /api/rules": HOUSE_STAFF,
    "POST /api/viewings": RESPONDERS,
    "GET /api/family/home": FAMILY,
    "GET /api/family/live": FAMILY,
    "POST /api/family/viewings": FAMILY,
    "POST /api/cameras/{camera_id}/whep": EVERYBODY - {"nobody"},
    "PATCH /api/viewings/{viewing_id}/session": EVERYBODY - {"nobody"},
    "DELETE /api/viewings/{viewing_id}/session": EVERYBODY - {"nobody"},
    "POST /api/viewings/{viewing_id}/frames": EVERYBODY - {"nobody"},
}
# The stage, which a stranger drives: in the demo everybody may, outside of it there is none.
DEMO_TABLE: dict[str, frozenset[str]] = {
    "GET /demo": EVERYBODY,
    "GET /demo/": EVERYBODY,
    "GET /api/demo/accounts": EVERYBODY,
    "GET /api/demo/stage": EVERYBODY,
    "GET /api/demo/live": EVERYBODY,
    "POST /api/demo/press": EVERYBODY,
    "POST /api/demo/hot": EVERYBODY,
    "POST /api/demo/dark": EVERYBODY,
    "POST /api/demo/line": EVERYBODY,
    "POST /api/demo/restart": EVERYBODY,
}
BODIES: dict[str, dict[str, object]] = {
    "POST /api/sign-in": {"account": "nobody-here", "password": "x"},
    "POST /api/family/invitations/{token}": {"phone_last4": "1234"},
    "POST /api/invitations/{token}": {"password": "a long enough one"},
    "POST /api/first-administrator/{token}": {"name": "x", "password": "a long enough one"},
    "POST /api/alarms/{alarm_id}/resolve": {"outcome": "company", "sentence": "x"},
    "POST /api/presence": {"senior_id": "nobody", "what": "arrive"},
    "POST /api/viewings": {"camera_id": "no-camera", "reason": "x"},
    "POST /api/family/viewings": {"camera_id": "no-camera"},
    "POST /api/viewings/{viewing_id}/frames": {"decoded": 1},
    "POST /api/demo/press": {"device_id": "b-wang"},
    "POST /api/demo/hot": {"room_id": "gym", "on": True},
    "POST /api/demo/dark": {"camera_id": "cam-gym", "on": True},
    "POST /api/demo/line": {"cut": False},
}
DOOR_CODES = {"signed-out", "not-your-role", "account-disabled", "undeclared-route", "cross-site", "wrong-host"}


@dataclass(frozen=True, slots=True)
class Town:
    """A served site, and the cookies of one account of each role."""

    site: Site
    address: str
    cookies: dict[str, dict[str, str]]


@pytest.fixture
async def town(place: Place, house: House, tmp_path: Path) -> AsyncIterator[Town]:
    """Everybody is signed in."""
    accounts = {
        "staff": house.liu, "social_worker": house.zhou, "lead": house.sun, "administrator": house.admin,
        "family": house.daughter, "grid_head": "grid", "street_office": "street", "auditor": "audit",
    }  # fmt: skip
    async with place.hub.transaction() as conn:
        for role in ("grid_head", "street_office", "auditor"):
            await conn.execute(
                "INSERT INTO account (id, centre_id, role, name, name_en) VALUES (%s, %s, %s, '某', 'Somebody')",
                (accounts[role], house.centre, role),
            )
    site = make_site(place)
    video = Video(place.hub, MediaProcess(tmp_path / "media.sock"), site.changes, place.clock)
    things = [video, Rules([], place.clock)]
    async with demo_site(place, invited=house.daughter, things=things) as site, served(site) as address:
        yield Town(site, address, {**await _cookies(site, accounts), "nobody": {}})


async def _cookies(site: Site, accounts: dict[str, str]) -> dict[str, dict[str, str]]:
    return {
        role: await site.cookies_of(account, SessionKind.FAMILY if role == "family" else SessionKind.STAFF)
        for role, account in accounts.items()
    }


def named(path: str) -> str:
    """The route's name in the table: without Starlette's converters."""
    return path.replace(":path}", "}")


def asked(path: str) -> str:
    """The path with something in its places."""
    places = {
        "alarm_id": ALARM,
        "token": TOKEN,
        "room_id": "gym",
        "camera_id": "no-camera",
        "viewing_id": "v-1",
        "name": "x",
    }
    return path.format(**places)


async def refusal_of(client: httpx.AsyncClient, method: str, path: str) -> str | None:
    """The code of the refusal; None when the request is allowed."""
    body = BODIES.get(f"{method} {path}")
    async with client.stream(method, asked(path), json=body) as answer:
        if answer.headers.get("content-type") != "application/problem+json":
            return None
        await answer.aread()
        code = str(answer.json()["code"])
        return code if code in DOOR_CODES else None


def routes_of(site: Site) -> list[str]:
    walked = list_routes(site.app)
    return sorted(f"{method} {named(route.path)}" for route in walked for method in route.methods - {"HEAD"})


def test_the_table_has_every_route_and_no_other(place: Place) -> None:
    assert routes_of(make_site(place)) == sorted(TABLE)


async def test_the_tables_have_every_route_of_the_demo_and_no_other(place: Place) -> None:
    async with demo_site(place) as site:
        assert routes_of(site) == sorted({**TABLE, **DEMO_TABLE})


@pytest.mark.parametrize("route", DEMO_TABLE)
async def test_outside_the_demo_nobody_finds_its_routes(place: Place, house: House, route: str) -> None:
    method, path = route.split(" ")
    async with await make_site(place).signed_in(house.admin) as browser:
        answer = await browser.request(method, path, json=BODIES.get(route))

    assert answer.status_code == 404


@pytest.mark.parametrize("role", sorted(EVERYBODY))
async def test_every_route_admits_the_roles_of_the_table_and_no_other(town: Town, role: str) -> None:
    wrong = []
    headers = page_headers(town.address)
    async with httpx.AsyncClient(base_url=town.address, cookies=town.cookies[role], headers=headers) as client:
        for route, allowed in {**TABLE, **DEMO_TABLE}.items():
            method, path = route.split(" ")
            refusal = await refusal_of(client, method, path)
            expected = None if role in allowed else "signed-out" if _has_no_session(role, path) else "not-your-role"
            if refusal != expected:
                wrong.append((route, refusal, expected))
            # Signing out is part of the walk: come in again.
            client.cookies.update(town.cookies[role])
            if "sign-out" in path and role != "nobody":
                town.cookies[role].update(await _again(town, role))
                client.cookies.update(town.cookies[role])

    assert wrong == []


def _has_no_session(role: str, path: str) -> bool:
    """A family's cookie says nothing on the staff's routes, nor the other way round."""
    return role == "nobody" or (role == "family") != path.startswith("/api/family/")


async def _again(town: Town, role: str) -> dict[str, str]:
    async with town.site.place.hub.transaction() as conn:
        row = await (await conn.execute("SELECT id FROM account WHERE role = %s ORDER BY id DESC", (role,))).fetchone()
    assert row is not None
    return await town.site.cookies_of(row[0], SessionKind.FAMILY if role == "family" else SessionKind.STAFF)


RELATIONS = {
    "confirmed": "confirmed_at = %(long_ago)s, blocked_at = NULL",
    "unconfirmed": "confirmed_at = NULL, confirmed_by = NULL, blocked_at = NULL",
    "blocked": "confirmed_at = %(long_ago)s, blocked_at = %(now)s",
}
CONSENTS = {
    "given": "ends_at = NULL, withdrawn_at = NULL",
    "withdrawn": "ends_at = NULL, withdrawn_at = %(now)s",
    "expired": "ends_at = %(now)s, withdrawn_at = NULL",
}
# For each relation and consent: the home, and the wish to see the room her mother is in.
FAMILY_TABLE = {
    ("confirmed", "given"): (200, 201),
    ("confirmed", "withdrawn"): (200, "no-consent"),
    ("confirmed", "expired"): (200, "no-consent"),
    ("unconfirmed", "given"): ("relation-unconfirmed", "relation-unconfirmed"),
    ("unconfirmed", "withdrawn"): ("relation-unconfirmed", "relation-unconfirmed"),
    ("unconfirmed", "expired"): ("relation-unconfirmed", "relation-unconfirmed"),
    ("blocked", "given"): ("relation-blocked", "relation-blocked"),
    ("blocked", "withdrawn"): ("relation-blocked", "relation-blocked"),
    ("blocked", "expired"): ("relation-blocked", "relation-blocked"),
}


@pytest.mark.parametrize(("relation", "consent"), FAMILY_TABLE)
async def test_a_family_sees_what_relation_and_consent_allow(
    town: Town, place: Place, house: House, relation: str, consent: str
) -> None:
    now = place.clock.now()
    values = {"now": now, "long_ago": now - timedelta(days=1), "account": house.daughter}
    async with place.hub.transaction() as conn:
        await record_presence(conn, Tapped(house.centre, house.wang, AttendanceAction.ENTER, house.gym), now)
        await conn.execute(f"UPDATE relation SET {RELATIONS[relation]} WHERE account_id = %(account)s".encode(), values)
        await conn.execute(f"UPDATE consent SET {CONSENTS[consent]} WHERE account_id = %(account)s".encode(), values)
    async with town.site.browser(**town.cookies["family"]) as phone:
        home = await phone.get("/api/family/home")
        picture = await phone.post("/api/family/viewings", json={"camera_id": house.gym_camera})
        others = await phone.post("/api/family/viewings", json={"camera_id": house.music_camera})

    assert (_said(home), _said(picture)) == FAMILY_TABLE[relation, consent]
    assert others.status_code == 403


def _said(answer: httpx.Response) -> int | str:
    return answer.status_code if answer.is_success else str(answer.json()["code"])


async def test_below_the_routes_the_database_shows_a_family_only_her_own(place: Place, house: House) -> None:
    databases = Databases(place.hub, place.web)
    async with databases.web.transaction_as(house.daughter) as conn:
        seniors = await (await conn.execute("SELECT id FROM senior")).fetchall()
        accounts = await (await conn.execute("SELECT id FROM account")).fetchall()
        consents = await (await conn.execute("SELECT DISTINCT account_id FROM consent")).fetchall()

    assert (seniors, accounts, consents) == ([("s-wang",)], [("wang-daughter",)], [("wang-daughter",)])


@pytest.mark.parametrize("table", ["device", "assignment", "notice", "shift", "notification", "escalation_policy"])
async def test_below_the_routes_a_family_sees_nothing_of_the_centre_s_work(
    place: Place, house: House, table: str
) -> None:
    rows = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    async with place.hub.transaction() as conn:
        about = Raised(house.centre, "visit-left-open", f"senior:{house.li}")
        await raise_notice(conn, about, place.clock.now())
    async with place.web.transaction_as(house.daughter) as conn:
        family = await (await conn.execute(rows)).fetchone()

    assert family == (0,)


async def test_below_the_routes_staff_see_the_devices_and_notices_of_their_centre(place: Place, house: House) -> None:
    async with place.hub.transaction() as conn:
        await raise_notice(conn, Raised(house.centre, "hub-slow", "hub"), place.clock.now())
    async with place.web.transaction_as(house.liu) as conn:
        counted = [
            await (await conn.execute(f"SELECT count(*) > 0 FROM {table}".encode())).fetchone()
            for table in ("device", "assignment", "notice", "shift")
        ]

    assert counted == [(True,)] * 4


@pytest.mark.parametrize(
    "secret",
    ["account.password_hash", "account.phone", "account.email", "senior.categories", "senior.card_token",
     "senior.access_notes", "senior.home_address", "senior.objects_to_being_seen", "camera_source.address",
     "viewing.reason"],
)  # fmt: skip
async def test_what_no_page_shows_cannot_be_read_for_a_page(place: Place, house: House, secret: str) -> None:
    table, column = secret.split(".")

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with place.web.transaction_as(house.admin) as conn:
            await conn.execute(f"SELECT {column} FROM {table}".encode())


async def test_below_the_routes_a_disabled_family_member_sees_nobody(place: Place, house: House) -> None:
    async with open_edit(place.hub, COMMAND_LINE, place.clock.now()) as editing:
        await disable_account(editing, house.daughter)
    async with place.web.transaction_as(house.daughter) as conn:
        seniors = await (await conn.execute("SELECT id FROM senior")).fetchall()

    assert seniors == []
