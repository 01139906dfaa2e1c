"""What a person decides at the terminal while the whole centre runs: it holds there within a second."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import httpx
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from simulators.stage.installation import PASSWORD
from tests.fakes.demo import Demo
from tests.fakes.waiting import wait_until
from tests.integration.web.page import opened
from tests.journeys.test_a_family import NOBODY_ELSE, refusal, watching, wish

NEW_PASSWORD = "three warm bowls of noodles"


@pytest.fixture
def watched(centre: Demo) -> Iterator[Demo]:
    """s-01 in the music room, where nobody objects; afterwards her daughter may look again."""
    centre.wind(3)  # a card reader waits so long before it reads the same card again
    for senior_id in NOBODY_ELSE:
        centre.is_in(senior_id, "laundry")
    centre.is_in("s-01", "music")
    yield centre
    centre.does("UPDATE consent SET withdrawn_at = NULL WHERE account_id = 'f-01' AND covers = 'live_video'")
    centre.does("UPDATE veto SET until_at = from_at WHERE senior_id = 's-01'")


@pytest.fixture
def staffed(centre: Demo) -> Iterator[Demo]:
    """The centre; afterwards everybody of the staff can sign in as before."""
    yield centre
    centre.does(
        "UPDATE account SET active = true, password_hash = other.password_hash FROM account AS other "
        "WHERE other.id = 'staff-01' AND account.id IN ('staff-07', 'staff-08')"
    )


@pytest.mark.parametrize(
    ("command", "because"),
    [(("pause", "王奶奶"), "veto"), (("consent", "withdraw", "s-01", "画面"), "no-consent")],
)
async def test_a_picture_ends_within_a_second_of_what_a_senior_withdraws(
    watched: Demo, command: tuple[str, ...], because: str
) -> None:
    async with watching(watched, "f-01", "cam-music") as (one, _):
        said = await asyncio.to_thread(watched.anling, *command)
        decided = time.monotonic()
        dark = await one.goes_dark()

    assert said.startswith("王奶奶 (s-01) ")
    assert dark - decided < 1
    assert refusal(watched.relative("f-01"), "cam-music") == because


def test_who_may_look_again_after_a_pause_looks_again(watched: Demo) -> None:
    watched.anling("pause", "s-01", "--until", "2h")
    assert refusal(watched.relative("f-01"), "cam-music") == "veto"

    watched.anling("resume", "s-01")

    assert wish(watched.relative("f-01"), "cam-music").status_code == httpx.codes.CREATED


async def test_whoever_is_disabled_is_out_at_once_and_the_alarm_she_took_rings_again(staffed: Demo) -> None:
    browser, caller = staffed.staff("staff-07"), staffed.free.senior()
    staffed.press(caller.button)
    alarm_id = staffed.ringing("sw-1", caller).alarm_id
    assert browser.post(f"/api/alarms/{alarm_id}/accept").is_success

    async with opened(staffed.url, "/api/live", dict(browser.cookies)) as board:
        await board.hear("snapshot")
        said = await asyncio.to_thread(staffed.anling, "disable", "staff-07")
        async with asyncio.timeout(5):
            await board.end()

    number = staffed.alarm(alarm_id).number
    assert f"Alarms that she had taken ring again: {number}" in said
    wait_until(lambda: staffed.alarm(alarm_id).state == "open", what="the alarm is open again")
    assert browser.get("/api/me").status_code == httpx.codes.UNAUTHORIZED
    shown = staffed.anling("alarms", "show", number)
    assert " owner-disabled (tier 0)" in shown


def test_a_reset_password_opens_nothing_and_its_link_lets_her_choose_another(staffed: Demo) -> None:
    browser = staffed.staff("staff-08")

    link = staffed.anling("reset-password", "staff-08").splitlines()[-1]

    assert browser.get("/api/me").status_code == httpx.codes.UNAUTHORIZED
    anew, old = staffed.browser(), {"account": "staff-08", "password": PASSWORD}
    assert anew.post("/api/sign-in", json=old).status_code == httpx.codes.UNAUTHORIZED
    token = link.partition("/#i/")[2]
    assert anew.post(f"/api/invitations/{token}", json={"password": NEW_PASSWORD}).status_code == httpx.codes.NO_CONTENT
    assert anew.get("/api/me").is_success


def test_a_family_member_signs_in_on_another_phone_by_a_new_link(centre: Demo) -> None:
    link = centre.anling("invite", "f-15").splitlines()[-1]
    [(phone,)] = centre.rows("SELECT phone FROM account WHERE id = 'f-15'")
    browser = centre.browser()

    path = f"/api/family/invitations/{link.partition('/family#i/')[2]}"
    assert browser.post(path, json={"phone_last4": str(phone)[-4:]}).status_code == httpx.codes.NO_CONTENT

    assert browser.get("/api/family/home").is_success


@contextmanager
def connected_on_the_bench(centre: Demo, device_id: str) -> Iterator[Client]:
    """A connection with the password of a button, beside its own. Afterwards the password works again."""
    password = centre.password_of(device_id)
    client = Client(CallbackAPIVersion.VERSION2, f"{device_id}-on-the-bench", reconnect_on_failure=False)
    client.username_pw_set(device_id, password)
    client.connect("127.0.0.1", centre.mqtt_port)
    client.loop_start()
    try:
        wait_until(client.is_connected, what=f"{device_id} is connected")
        yield client
    finally:
        client.loop_stop()
        credential = sha256(password.encode()).digest()
        centre.does("UPDATE device SET credential_hash = %s WHERE id = %s", credential, device_id)


def test_a_revoked_device_loses_its_connections_and_gets_no_other(centre: Demo) -> None:
    button = centre.free.senior().button
    with connected_on_the_bench(centre, button) as connection:
        assert centre.simulated().connected == len(centre.simulated().buttons)

        centre.anling("device", "revoke", button)

        wait_until(lambda: not connection.is_connected(), within=5, what="the connection on the bench is over")
        wait_until(lambda: centre.simulated().connected == len(centre.simulated().buttons) - 1, within=5)
        assert centre.rows("SELECT state FROM device WHERE id = %s", button) == [("offline",)]


def test_a_press_of_a_button_that_is_off_rings(centre: Demo) -> None:
    caller = centre.free.senior()
    assert "A press of it rings all the same." in centre.anling("device", "off", caller.button, "--until", "1h")

    centre.press(caller.button)

    assert centre.ringing("sw-1", caller).urgent
    assert centre.rows("SELECT subject FROM notice WHERE code = 'device-off' AND cleared_at IS NULL") == [
        (f"device:{caller.button}",)
    ]
    centre.anling("device", "on", caller.button)


def test_the_ledger_of_the_running_centre_is_whole(centre: Demo) -> None:
    assert "each follows from the one before it" in centre.anling("ledger", "verify")
