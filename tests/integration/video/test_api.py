"""Whether a page gets its picture over HTTP as WHEP has it, and a kind answer when it does not."""

from collections.abc import AsyncIterator

import httpx
import pytest

from hub.access.model import SessionKind
from hub.kit.db import Database
from tests.conftest import MORNING
from tests.fakes.viewer import open_viewer
from tests.integration.video.conftest import MINUTE, Centre
from tests.integration.web.site import Place, Site, make_site

SDP = {"Content-Type": "application/sdp"}


@pytest.fixture
def site(centre: Centre, web_database: Database) -> Site:
    place = Place(centre.url, centre.database, web_database, centre.clock)
    return make_site(place, things=[centre.video])


@pytest.fixture
async def daughter(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with await site.signed_in("wang-daughter", SessionKind.FAMILY) as browser:
        yield browser


async def test_a_page_plays_reports_and_ends(centre: Centre, daughter: httpx.AsyncClient) -> None:
    centre.enters("s-wang", "gym")
    opened = await daughter.post("/api/family/viewings", json={"camera_id": "cam-gym"})
    assert opened.status_code == 201
    ticket = opened.json()
    assert ticket["ice_servers"] == []

    async with open_viewer() as one:
        headers = {**SDP, "Authorization": f"Bearer {ticket['ticket']}"}
        answer = await daughter.post(ticket["whep"], content=await one.offer(), headers=headers)
        assert answer.status_code == 201
        assert answer.headers["content-type"].startswith("application/sdp")
        session = answer.headers["location"]
        assert session == f"/api/viewings/{ticket['viewing_id']}/session"
        await one.take(answer.text)
        seen = await one.sees(5)
        assert any(picture.stamp and picture.stamp.room_id == "gym" for picture in seen)

        fragment = (
            "a=ice-ufrag:x\r\nm=video 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 1 nowhere.local 9 typ host\r\n"
        )
        trickled = await daughter.patch(
            session, content=fragment, headers={"Content-Type": "application/trickle-ice-sdpfrag"}
        )
        assert trickled.status_code == 204
        frames = {"decoded": 5, "width": 640, "height": 360}
        reported = await daughter.post(f"/api/viewings/{ticket['viewing_id']}/frames", json=frames)
        assert reported.status_code == 204
        ended = await daughter.delete(session)
        assert ended.status_code == 200
        await one.goes_dark()

    assert centre.rows("SELECT frames, ended_because FROM viewing") == [(5, "left")]


async def test_a_refusal_says_why_in_kind_and_when_it_may_be_possible(
    centre: Centre, daughter: httpx.AsyncClient
) -> None:
    centre.enters("s-wang", "gym")
    centre.does("INSERT INTO veto VALUES ('veto', 's-wang', %s, %s, 'tablet')", MORNING, MORNING + 30 * MINUTE)

    refused = await daughter.post("/api/family/viewings", json={"camera_id": "cam-gym"})

    assert refused.status_code == 403
    assert refused.json()["code"] == "veto"
    assert refused.json()["params"] == {"next_at": (MORNING + 30 * MINUTE).isoformat()}


async def test_a_stranger_is_refused_and_nobody_signed_in_is_sent_to_sign_in(centre: Centre, site: Site) -> None:
    centre.enters("s-wang", "gym")

    async with await site.signed_in("li-son", SessionKind.FAMILY) as stranger, site.browser() as nobody:
        refused = await stranger.post("/api/family/viewings", json={"camera_id": "cam-gym"})
        unknown = await nobody.post("/api/family/viewings", json={"camera_id": "cam-gym"})
        unplayed = await nobody.post("/api/cameras/cam-gym/whep", content="v=0", headers=SDP)

    assert (refused.status_code, refused.json()["code"]) == (403, "not-present")
    assert (unknown.status_code, unknown.json()["code"]) == (401, "signed-out")
    assert unplayed.status_code == 401


async def test_staff_say_why_they_look(centre: Centre, site: Site) -> None:
    async with await site.signed_in("liu") as nurse, await site.signed_in("admin") as administrator:
        silent = await nurse.post("/api/viewings", json={"camera_id": "cam-gym"})
        reasoned = await nurse.post("/api/viewings", json={"camera_id": "cam-gym", "reason": "门没有关"})
        curious = await administrator.post("/api/viewings", json={"camera_id": "cam-gym", "reason": "看看"})

    assert (silent.status_code, silent.json()["code"]) == (403, "reason-missing")
    assert reasoned.status_code == 201
    assert (curious.status_code, curious.json()["code"]) == (403, "no-alarm")


async def test_what_is_no_whep_is_told_so(centre: Centre, daughter: httpx.AsyncClient) -> None:
    centre.enters("s-wang", "gym")

    async def opened() -> dict[str, str]:
        answer = (await daughter.post("/api/family/viewings", json={"camera_id": "cam-gym"})).json()
        return {"Authorization": f"Bearer {answer['ticket']}"}

    async with open_viewer() as one:
        offer = await one.offer()
        whep = "/api/cameras/cam-gym/whep"
        without = await daughter.post(whep, content=offer, headers=SDP)
        guessed = await daughter.post(whep, content=offer, headers={**SDP, "Authorization": "Bearer guessed"})
        json = await daughter.post(whep, json={}, headers=await opened())
        no_h264 = await daughter.post(
            whep, content=offer.replace("H264/90000", "H263/90000"), headers={**SDP, **await opened()}
        )
        nonsense = await daughter.post(whep, content="hello", headers={**SDP, **await opened()})
        elsewhere = await daughter.delete("/api/viewings/v-1/session")

    assert (without.status_code, guessed.status_code) == (401, 401)
    assert json.status_code == 415
    assert (no_h264.status_code, no_h264.json()["code"]) == (406, "no-h264")
    assert nonsense.status_code in (400, 406)
    assert elsewhere.status_code == 404


async def test_text_that_is_no_sdp_is_refused_and_costs_nobody_the_picture(
    centre: Centre, daughter: httpx.AsyncClient
) -> None:
    centre.enters("s-wang", "gym")
    asker = centre.signs_in("wang-daughter")
    wish = {"camera_id": "cam-gym"}
    async with open_viewer() as one:
        watching = await centre.watches(one, asker, centre.house.gym_camera)
        ticket = (await daughter.post("/api/family/viewings", json=wish)).json()["ticket"]
        headers = {**SDP, "Authorization": f"Bearer {ticket}"}

        offered = [
            await daughter.post("/api/cameras/cam-gym/whep", content=character * 65_536, headers=headers)
            for character in ("\x00", "\x01", "\x0b", "\x1f", "\x7f")
        ]
        trickled = await daughter.patch(
            f"/api/viewings/{watching.viewing_id}/session",
            content="a=candidate:\x01",
            headers={"Content-Type": "application/trickle-ice-sdpfrag"},
        )
        await one.sees(15)

    assert {(answer.status_code, answer.json()["code"]) for answer in [*offered, trickled]} == {(400, "bad-request")}
