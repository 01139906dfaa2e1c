"""What every request must prove, and what every answer carries."""

import httpx
import pytest
from fastapi import APIRouter, Depends
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount

from hub.access.may import Action
from hub.access.needs import Needs, Public
from hub.kit.errors import DomainError
from hub.processes.pages import web_rules
from hub.settings import Settings
from hub.web.app import list_routes, list_undeclared_routes
from hub.web.security import check_request
from tests.fakes.house import House
from tests.integration.web.site import NOWHERE, ORIGIN, Place, Site, demo_site, make_site, page_headers

SIGN_IN = {"account": "zhou", "password": "secret-that-is-wrong"}


def forged(**headers: str) -> dict[str, str]:
    """The headers of a page of ours, some of them changed; an empty one is not sent."""
    changed = {**page_headers(ORIGIN), **{name.replace("_", "-"): value for name, value in headers.items()}}
    return {name: value for name, value in changed.items() if value}


def bare(site: Site) -> httpx.AsyncClient:
    """What a browser gets that sends no header of our pages; like a server, it takes no part in our mistakes."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(site.app, raise_app_exceptions=False), base_url=ORIGIN)


def broken() -> APIRouter:
    """A route with a mistake of ours in it."""
    router = APIRouter()

    @router.get("/api/broken", dependencies=[Depends(Public(Action.PUBLIC))])
    async def fail() -> None:
        raise RuntimeError("a wire came off")

    return router


@pytest.mark.parametrize(
    "headers",
    [
        forged(Origin="http://evil.example"),
        forged(Origin="null"),
        forged(Origin="http://localhost:9999"),
        forged(Sec_Fetch_Site="cross-site"),
        forged(Sec_Fetch_Site="same-site"),
        forged(X_Anling=""),
        forged(X_Anling="", Origin="", Sec_Fetch_Site=""),
        forged(Origin="http://evil.example", Authorization="Bearer x"),
    ],
)
async def test_a_request_that_writes_and_does_not_come_from_our_page_is_refused(
    site: Site, headers: dict[str, str]
) -> None:
    async with bare(site) as browser:
        answer = await browser.post("/api/sign-in", json=SIGN_IN, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "cross-site")


@pytest.mark.parametrize(
    "headers", [forged(), forged(Origin="", Sec_Fetch_Site=""), forged(X_Anling="", Authorization="Bearer x")]
)
async def test_our_page_a_program_and_a_player_with_a_ticket_may_write(site: Site, headers: dict[str, str]) -> None:
    async with bare(site) as browser:
        answer = await browser.post("/api/sign-in", json=SIGN_IN, headers=headers)

    assert answer.json()["code"] == "wrong-account-or-password"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "", "[::1"])
async def test_a_name_that_is_not_ours_is_not_answered(site: Site, host: str) -> None:
    async with bare(site) as browser:
        answer = await browser.get("/api/me", headers={"Host": host})

    assert (answer.status_code, answer.json()["code"]) == (421, "wrong-host")


@pytest.mark.parametrize("host", ["localhost:8080", "LOCALHOST", "127.0.0.1:1", "localhost."])
async def test_our_own_names_are_answered_on_any_port(site: Site, host: str) -> None:
    async with bare(site) as browser:
        assert (await browser.get("/api/me", headers={"Host": host})).status_code == 401


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"])
def test_this_machine_is_answered_by_each_of_its_own_names(host: str) -> None:
    assert check_request("GET", Headers({"host": host}), web_rules(Settings())) is None


@pytest.mark.parametrize("path", ["/api/me", "/", "/readyz", "/nothing/here", "/api/sign-in", "/api/broken"])
async def test_every_answer_is_held_tight(place: Place, path: str) -> None:
    async with bare(make_site(place, more=[broken()])) as browser:
        headers = (await browser.get(path)).headers

    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in headers


async def test_a_mistake_of_ours_is_a_problem_for_the_page_and_still_raised_for_the_log(place: Place) -> None:
    site = make_site(place, more=[broken()])

    async with bare(site) as browser:
        answer = await browser.get("/api/broken")

    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["code"] == "our-mistake"
    assert "wire" not in answer.text
    async with site.browser() as browser:
        with pytest.raises(RuntimeError, match="a wire came off"):
            await browser.get("/api/broken")


async def test_over_https_browsers_are_told_to_stay_there(place: Place) -> None:
    async with make_site(place, https=True).browser() as browser:
        assert (await browser.get("/api/me")).headers["strict-transport-security"].startswith("max-age=")


async def test_only_the_demos_own_stage_may_frame_its_pages(place: Place) -> None:
    async with demo_site(place) as site, site.browser() as browser:
        headers = (await browser.get("/api/me")).headers

    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert f"connect-src 'self' {NOWHERE};" in headers["content-security-policy"]
    assert f"frame-src 'self' {NOWHERE};" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "SAMEORIGIN"


async def test_a_body_that_is_too_large_is_refused(site: Site) -> None:
    async with site.browser() as browser:
        answer = await browser.post(
            "/api/sign-in", content=b"{" + b" " * 70_000, headers={"Content-Type": "application/json"}
        )

    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


async def test_a_wrong_request_is_told_which_field_and_never_its_value(site: Site) -> None:
    async with site.browser() as browser:
        answer = await browser.post("/api/sign-in", json={"account": "zhou", "password": ["hunter2"]})

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Unprocessable Content" if "Content" in answer.json()["title"] else "Unprocessable Entity",
        "status": 422,
        "code": "invalid",
        "params": {"field": "body.password", "rule": "string_type"},
    }
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("account", ["a\\u0000b", "\\ud800"])
async def test_text_that_no_database_can_hold_is_the_request_s_mistake_not_ours(site: Site, account: str) -> None:
    body = f'{{"account": "{account}", "password": "x"}}'

    async with site.browser() as browser:
        answer = await browser.post("/api/sign-in", content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_what_is_not_there_is_a_problem_too(site: Site) -> None:
    async with site.browser() as browser:
        missing, wrong = await browser.get("/api/nothing"), await browser.delete("/api/me")

    assert (missing.status_code, missing.json()["code"]) == (404, "not-found")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method-not-allowed")


async def test_a_route_that_declares_no_action_answers_403_to_everybody(place: Place, house: House) -> None:
    careless = APIRouter()

    @careless.get("/api/secrets")
    async def secrets() -> str:
        return "all of them"

    site = make_site(place, more=[careless])

    assert list_undeclared_routes(site.app) == ["/api/secrets"]
    async with await site.signed_in(house.admin) as browser:
        answer = await browser.get("/api/secrets")
    assert (answer.status_code, answer.json()["code"]) == (403, "undeclared-route")


async def test_two_declarations_are_none(place: Place) -> None:
    confused = APIRouter()

    @confused.get("/api/both", dependencies=[Depends(Public(Action.PUBLIC)), Depends(Needs(Action.SEE_BOARD))])
    async def both() -> str:
        return "which?"

    assert list_undeclared_routes(make_site(place, more=[confused]).app) == ["/api/both"]


async def test_every_route_of_the_hub_declares_its_action(place: Place) -> None:
    async with demo_site(place) as site:
        assert list_undeclared_routes(site.app) == []
        assert len(list_routes(site.app)) > 20


def test_what_cannot_be_guarded_is_not_taken(place: Place) -> None:
    async def anything(_request: Request) -> Response:
        return PlainTextResponse("open")

    mounted, plain = APIRouter(), APIRouter()
    mounted.routes.append(Mount("/files", app=PlainTextResponse("open")))
    plain.add_route("/plain", anything)

    for router in (mounted, plain):
        with pytest.raises(ValueError, match="not be guarded"):
            make_site(place, more=[router])


async def test_a_refusal_carries_its_code_and_what_the_page_needs_for_its_words(place: Place) -> None:
    class AlreadyTaken(DomainError):
        code = "already-taken"
        status = 409

    router = APIRouter()

    @router.post("/api/take", dependencies=[Depends(Public(Action.PUBLIC))])
    async def take() -> None:
        raise AlreadyTaken(name="周敏", name_en="Zhou Min")

    async with make_site(place, more=[router]).browser() as browser:
        answer = await browser.post("/api/take")

    assert answer.status_code == 409
    assert answer.json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "code": "already-taken",
        "params": {"name": "周敏", "name_en": "Zhou Min"},
    }


async def test_the_log_names_the_host_and_the_origin_that_do_not_fit_together(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    async with bare(site) as browser:
        for _ in range(3):
            await browser.post(
                "/api/sign-in", json=SIGN_IN, headers=forged(Host="localhost:9", Origin="https://care.example.org")
            )

    (line,) = [one.getMessage() for one in caplog.records if one.name == "hub.web.security"]
    assert "'localhost:9'" in line
    assert "'https://care.example.org'" in line
