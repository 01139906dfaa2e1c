"""The pages as files: which is where, what may be kept, and what is said when nothing was built."""

import gzip
from pathlib import Path

import psycopg
import pytest

from hub.kit import heartbeats
from hub.kit.db import Database, Login
from hub.kit.heartbeats import Process
from tests.fakes.logins import url_as
from tests.integration.web.site import Place, Site, demo_site, make_site


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A built dashboard, and a secret beside it."""
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    for name in ("index", "family", "stage"):
        (static / f"{name}.html").write_text(f"<!doctype html><title>{name}</title>")
    (static / "assets" / "staff-a1b2.js").write_text("console.log(1)")
    (static / "assets" / "staff-a1b2.js.gz").write_bytes(gzip.compress(b"console.log(1)"))
    (static / "icon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    return static


@pytest.mark.parametrize(("path", "title"), [("/", "index"), ("/family", "family"), ("/demo", "stage")])
async def test_each_entry_is_a_page_that_is_asked_for_again(place: Place, built: Path, path: str, title: str) -> None:
    async with demo_site(place, static=built) as site, site.browser() as browser:
        page = await browser.get(path)

    assert (page.status_code, title in page.text) == (200, True)
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-cache"


async def test_there_is_no_stage_outside_the_demo(place: Place, built: Path) -> None:
    async with make_site(place, static=built).browser() as browser:
        assert (await browser.get("/demo")).status_code == 404
        assert (await browser.get("/stage.html")).status_code == 404
        assert (await browser.get("/api/demo/stage")).status_code == 404


async def test_an_asset_is_kept_for_ever_and_sent_as_it_was_compressed(place: Place, built: Path) -> None:
    async with make_site(place, static=built).browser() as browser:
        zipped = await browser.get("/assets/staff-a1b2.js", headers={"Accept-Encoding": "gzip"})
        plain = await browser.get("/assets/staff-a1b2.js", headers={"Accept-Encoding": "identity"})

    assert (zipped.headers["content-encoding"], zipped.text) == ("gzip", "console.log(1)")
    assert ("content-encoding" in plain.headers, plain.text) == (False, "console.log(1)")
    for answer in (zipped, plain):
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert "javascript" in answer.headers["content-type"]


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/assets/",
        "/assets/x%00",
        "/assets/%2e%2e/stage.html",
        "/assets/" + 300 * "x",
        "/" + 300 * "x",
    ],
)
async def test_nothing_outside_the_folder_is_a_page(place: Place, built: Path, path: str) -> None:
    async with make_site(place, static=built).browser() as browser:
        answer = await browser.get(path)

    assert (answer.status_code, "secret" in answer.text) == (404, False)


@pytest.mark.parametrize("path", ["/nowhere", "/family/x", "/demo", "/assets/gone.js"])
async def test_who_follows_a_wrong_address_reads_a_page_in_both_languages(place: Place, built: Path, path: str) -> None:
    async with make_site(place, static=built).browser() as browser:
        visited = await browser.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
        asked = await browser.get(path, headers={"Accept": "application/json"})

    assert (visited.status_code, visited.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert all(words in visited.text for words in ("没有这一页", "There is no such page", 'href="/family"'))
    assert "style" not in visited.text
    assert (asked.status_code, asked.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize("path", ["/family", "/demo"])
async def test_a_slash_too_many_leads_to_the_page(place: Place, built: Path, path: str) -> None:
    async with demo_site(place, static=built) as site, site.browser() as browser:
        answer = await browser.get(path + "/", headers={"Accept": "text/html"})

    assert (answer.status_code, answer.headers["location"]) == (308, path)


async def test_a_wrong_address_of_the_api_is_a_problem_for_everybody(site: Site) -> None:
    async with site.browser() as browser:
        answer = await browser.get("/api/nowhere", headers={"Accept": "text/html"})

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_without_a_build_the_page_says_how_to_get_one(site: Site) -> None:
    async with site.browser() as browser:
        page = await browser.get("/")

    assert page.status_code == 503
    assert "./anling run" in page.text


async def test_ready_means_the_database_answers_and_every_other_process_says_that_it_works(
    place: Place, database_url: str
) -> None:
    logins = {Process.ALARM_PATH: Login.ALARMS, Process.TELEMETRY: Login.TELEMETRY}

    async def beat(process: Process, *, hears: bool = True) -> None:
        async with (
            Database.open(url_as(database_url, logins[process]), size=1, name="test") as own,
            own.transaction() as conn,
        ):
            await heartbeats.write_beat(conn, process, hears=hears)

    site = make_site(place)
    async with site.browser() as browser:
        await beat(Process.ALARM_PATH)
        await beat(Process.TELEMETRY)
        answer = await browser.get("/readyz")
        works = {"database": True, "alarm-path": True, "broker": True, "telemetry": True}
        assert (answer.status_code, answer.json()) == (200, {"ready": True, "parts": works})

        await beat(Process.ALARM_PATH, hears=False)
        answer = await browser.get("/readyz")
        assert (answer.status_code, answer.json()["parts"]) == (503, {**works, "broker": False})

        await beat(Process.ALARM_PATH)
        with psycopg.connect(database_url) as conn:
            conn.execute("UPDATE process_beat SET at = at - interval '5 seconds' WHERE process = 'alarm-path'")
        answer = await browser.get("/readyz")
        assert answer.json()["parts"] == {**works, "alarm-path": False, "broker": False}
