"""What does a family see of her senior, and when does it end? The real hub, media process and cameras."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
from pydantic import BaseModel

from hub.video.api import SDP, Ticket
from hub.web.home import Home
from tests.fakes.demo import Demo
from tests.fakes.viewer import Viewer, open_viewer
from tests.fakes.waiting import wait_until
from tests.integration.web.page import HomeSaid, opened

NOBODY_ELSE = ("s-06", "s-19", "s-24", "s-34")
"""Those who object to being seen: where one of them is, no family looks."""


class Problem(BaseModel):
    code: str


def home(browser: httpx.Client) -> Home:
    return Home.model_validate_json(browser.get("/api/family/home").content)


def wish(browser: httpx.Client, camera_id: str) -> httpx.Response:
    return browser.post("/api/family/viewings", json={"camera_id": camera_id})


def refusal(browser: httpx.Client, camera_id: str) -> str:
    answer = wish(browser, camera_id)
    assert answer.status_code == httpx.codes.FORBIDDEN, answer.text
    return Problem.model_validate_json(answer.content).code


@pytest.fixture
def watched(centre: Demo) -> Demo:
    """The centre with s-01 in the music room, and nobody there who objects to being seen."""
    centre.wind(3)  # a card reader waits so long before it reads the same card again
    for senior_id in NOBODY_ELSE:
        centre.is_in(senior_id, "laundry")
    centre.is_in("s-01", "music")
    return centre


@asynccontextmanager
async def watching(centre: Demo, account_id: str, camera_id: str) -> AsyncIterator[tuple[Viewer, Ticket]]:
    """A family member's phone that shows the picture: four decoded frames of it are there."""
    browser = centre.relative(account_id)
    answer = await asyncio.to_thread(wish, browser, camera_id)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    ticket = Ticket.model_validate_json(answer.content)
    async with open_viewer() as one:
        played = await asyncio.to_thread(
            browser.post,
            ticket.whep,
            content=await one.offer(),
            headers={"Authorization": f"Bearer {ticket.ticket}", "Content-Type": SDP},
        )
        assert played.status_code == httpx.codes.CREATED, played.text
        await one.take(played.text)
        await one.sees(4)
        yield one, ticket


def test_the_daughter_sees_where_mother_is_and_that_she_goes_to_another_room(watched: Demo) -> None:
    daughter = watched.daughter()

    before = home(daughter)
    watched.is_in("s-01", "gym")

    assert (before.senior.address_as, before.presence and before.presence.room.name) == ("王奶奶", "音乐室")
    after = home(daughter)
    assert after.presence is not None
    assert (after.presence.room.name, after.presence.evidence, after.presence.sure) == ("健身室", "card", True)
    assert [(moment.what, moment.room and moment.room.name) for moment in after.today][-1] == ("entered", "健身室")


async def test_her_page_hears_it_by_itself(watched: Demo) -> None:
    async with opened(watched.url, "/api/family/live", dict(watched.relative("f-01").cookies)) as page:
        first = await page.hear("home")
        await asyncio.to_thread(watched.is_in, "s-01", "reading")

        async def in_the_reading_room() -> None:
            while room_in(await page.hear("home")) != "reading":
                pass

        await asyncio.wait_for(in_the_reading_room(), 10)

    assert room_in(first) == "music"


def room_in(home: HomeSaid) -> str | None:
    """The room in which her mother is."""
    return None if home["presence"] is None else home["presence"]["room"]["id"]


@pytest.mark.parametrize(
    ("account_id", "code"),
    [
        ("f-02", "not-present"),  # his father is in another room
        ("f-05", "no-consent"),
        ("f-09", "relation-unconfirmed"),
        ("f-20", "relation-blocked"),
    ],
)
def test_whoever_may_not_look_is_refused_with_a_reason(watched: Demo, account_id: str, code: str) -> None:
    watched.is_in("s-02", "gym")

    assert refusal(watched.relative(account_id), "cam-music") == code
    assert not watched.rows("SELECT FROM viewing WHERE account_id = %s", account_id)


def test_a_member_of_another_family_learns_nothing_of_mother(watched: Demo) -> None:
    watched.is_in("s-02", "chess")

    seen = home(watched.relative("f-02"))

    assert seen.senior.id == "s-02"
    assert "s-01" not in seen.model_dump_json()
    assert watched.relative("f-02").get("/api/seniors").status_code == httpx.codes.UNAUTHORIZED
    assert watched.relative("f-02").get("/api/live").status_code == httpx.codes.UNAUTHORIZED


def test_somebody_in_the_room_who_objects_is_not_named_and_lets_nobody_look(watched: Demo) -> None:
    watched.is_in("s-06", "music")
    answer = wish(watched.relative("f-01"), "cam-music")
    watched.is_in("s-06", None)

    assert answer.status_code == httpx.codes.FORBIDDEN
    assert Problem.model_validate_json(answer.content).code == "someone-objects"
    assert "杨" not in answer.text
    assert "s-06" not in answer.text
    # A picture of before may still be kept for a moment: it is shown once that is gone.
    wait_until(lambda: wish(watched.relative("f-01"), "cam-music").status_code == httpx.codes.CREATED)


async def test_the_viewing_is_written_before_the_first_frame_which_is_of_mothers_room_now(watched: Demo) -> None:
    answer = wish(watched.relative("f-01"), "cam-music")
    ticket = Ticket.model_validate_json(answer.content)

    written = watched.rows(
        "SELECT account_id, room_id, because, ended_at FROM viewing WHERE id = %s", ticket.viewing_id
    )
    async with watching(watched, "f-01", "cam-music") as (one, _):
        pictures = await one.sees(8)
        told = home(watched.relative("f-01")).viewings

    assert written == [("f-01", "music", "consent", None)]
    assert {picture.stamp.room_id for picture in pictures if picture.stamp} == {"music"}
    moments = [picture.stamp.at_ms for picture in pictures if picture.stamp]
    assert moments == sorted(set(moments)), "each picture is newer than the one before"
    assert (told[0].who, told[0].room and told[0].room.id, told[0].because) == ("陈静", "music", "consent")


def leaves(centre: Demo) -> None:
    centre.leave("s-01")


def goes_next_door(centre: Demo) -> None:
    centre.go("s-01", "gym")


def is_joined_by_somebody_who_objects(centre: Demo) -> None:
    centre.go("s-06", "music")


def withdraws_her_consent(centre: Demo) -> None:
    centre.does(
        "UPDATE consent SET withdrawn_at = clock_timestamp() "
        "WHERE account_id = 'f-01' AND covers = 'live_video' AND withdrawn_at IS NULL"
    )


def lets_the_relation_be_blocked(centre: Demo) -> None:
    centre.does("UPDATE relation SET blocked_at = clock_timestamp() WHERE account_id = 'f-01'")


@pytest.fixture
def watched_again(watched: Demo) -> Iterator[Demo]:
    """The same, and afterwards the daughter may look again, whatever the test took away."""
    yield watched
    watched.does("UPDATE consent SET withdrawn_at = NULL WHERE account_id = 'f-01' AND covers = 'live_video'")
    watched.does("UPDATE relation SET blocked_at = NULL WHERE account_id = 'f-01'")


@pytest.mark.parametrize(
    ("mother", "because"),
    [
        (leaves, "not-present"),
        (goes_next_door, "not-present"),
        (is_joined_by_somebody_who_objects, "someone-objects"),
        (withdraws_her_consent, "no-consent"),
        (lets_the_relation_be_blocked, "relation-blocked"),
    ],
)
async def test_the_picture_ends_within_a_second_after_mother(
    watched_again: Demo, mother: Callable[[Demo], None], because: str
) -> None:
    async with watching(watched_again, "f-01", "cam-music") as (one, ticket):
        taken_away = time.monotonic()
        await asyncio.to_thread(mother, watched_again)
        dark = await one.goes_dark()

    assert dark - taken_away < 1
    ended = "SELECT ended_because FROM viewing WHERE id = %s AND ended_at IS NOT NULL"
    assert wait_until(lambda: watched_again.rows(ended, ticket.viewing_id)) == [(because,)]
