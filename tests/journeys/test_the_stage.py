"""What does a stranger find who starts the demo: the printed table, and the stage's switches?"""

import re
import socket
from pathlib import Path

import httpx
import pytest
from pydantic import TypeAdapter

from hub.embedded.screen import ROLES
from hub.web.sign_in import Me
from tests.fakes.demo import Demo
from tests.fakes.waiting import wait_until

ROW = re.compile(r"^[│|] *(\S.*?) *[│|] *(\S+) *[│|] *(\S+) *[│|] *(\S.*?) *[│|]$", re.MULTILINE)
"""One line of the table of accounts: role, account, password, name."""


def printed_address(centre: Demo, what: str) -> str:
    found = re.search(rf"^{re.escape(what)} +(\S+)", centre.printed, re.MULTILINE)
    assert found is not None, f"{what} was not printed:\n{centre.printed}"
    return found[1]


def test_every_printed_address_leads_somewhere(centre: Demo) -> None:
    for what in ("the stage", "staff", "family", "the organisation's phones"):
        answer = centre.http.get(printed_address(centre, what), follow_redirects=True)
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/html"), what
    host, _, port = printed_address(centre, "devices").removeprefix("mqtt://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5):
        pass
    assert Path(printed_address(centre, "data")).is_dir()
    assert Path(printed_address(centre, "logs")).is_dir()


def test_with_each_printed_account_somebody_of_that_role_signs_in(centre: Demo) -> None:
    rows = [row for row in ROW.findall(centre.printed) if row[0] != "role"]
    assert rows

    signed_in = {}
    for role, account, password, name in rows:
        browser = centre.browser()
        answer = browser.post("/api/sign-in", json={"account": account, "password": password})
        assert answer.status_code == httpx.codes.NO_CONTENT, f"{account}: {answer.text}"
        me = Me.model_validate_json(browser.get("/api/me").content).account
        assert (ROLES[me.role], me.name) == (role, name)
        signed_in[me.role] = account

    known = centre.rows("SELECT DISTINCT role FROM account WHERE role <> 'family'")
    assert set(signed_in) == {role for (role,) in known}, "one of each role"


def switch(centre: Demo, path: str, **asked: object) -> None:
    """What the stage's page sends when a switch is touched."""
    answer = centre.browser().post(f"/api/demo/{path}", json=asked)
    assert answer.status_code == httpx.codes.NO_CONTENT, answer.text


def test_the_switch_of_a_room_heats_it_and_lets_it_cool(centre: Demo) -> None:
    switch(centre, "hot", room_id="music", on=True)
    assert centre.simulated().hot == ["music"]

    switch(centre, "hot", room_id="music", on=False)
    assert centre.simulated().hot == []


def test_the_switch_of_a_camera_covers_its_lens_and_uncovers_it(centre: Demo) -> None:
    def fault() -> object:
        cameras = TypeAdapter(list[dict[str, object]]).validate_json(
            centre.http.get(f"{centre.cameras_control_url}/cameras").content
        )
        return next(camera["fault"] for camera in cameras if camera["id"] == "cam-music")

    switch(centre, "dark", camera_id="cam-music", on=True)
    assert (centre.simulated().dark, fault()) == (["cam-music"], "black")

    switch(centre, "dark", camera_id="cam-music", on=False)
    assert (centre.simulated().dark, fault()) == ([], None)


def test_the_switch_of_the_line_cuts_every_device_off_and_mends_it(centre: Demo) -> None:
    buttons = len(centre.simulated().buttons)

    switch(centre, "line", cut=True)
    wait_until(lambda: centre.simulated().connected == 0, what="no button is connected")
    assert centre.simulated().line_cut

    switch(centre, "line", cut=False)
    wait_until(lambda: centre.simulated().connected == buttons, within=40, what="every button is connected")


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("press", {"device_id": "nobody"}),
        ("hot", {"room_id": "nowhere", "on": True}),
        ("dark", {"camera_id": "nothing", "on": True}),
    ],
)
def test_a_switch_that_is_not_there_is_said_to_be_unknown(centre: Demo, path: str, asked: dict[str, object]) -> None:
    answer = centre.browser().post(f"/api/demo/{path}", json=asked)

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
