"""What does `./anling demo --lan` open to a phone on the same network, and what not? A browser at the other address."""

import re
from collections.abc import Iterator
from ipaddress import ip_address

import pytest
from playwright.sync_api import Browser, expect

from hub.web.home import Home
from tests.browser.picture import watch
from tests.browser.visitors import PHONE, Visitors
from tests.fakes.demo import Demo, demo_running
from tests.fakes.folders import quick_folder
from tests.fakes.sockets import LISTENS, sockets_of
from tests.fakes.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.chromium]

HERE = "127.0.0.2"
"""Stands for the machine's address on the network: a name under which the pages are not local to the browser."""


@pytest.fixture(scope="module")
def on_lan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with (
        quick_folder(tmp_path_factory, "lan") as folder,
        demo_running(folder, "--lan", ANLING_MEDIA_HOSTS=HERE) as demo,
    ):
        yield demo


def test_the_code_on_the_terminal_leads_a_phone_to_the_daughters_page(on_lan: Demo) -> None:
    found = re.search(rf"^(http://{re.escape(HERE)}:\d+)/family#i/(\S+)$", on_lan.printed, re.MULTILINE)
    assert found is not None, on_lan.printed

    assert found[1] == on_lan.url
    assert found[2] == on_lan.invitation
    assert "plain HTTP, demo data only" in on_lan.printed
    assert "█" in on_lan.printed, "the code itself"
    home = Home.model_validate_json(on_lan.daughter().get("/api/family/home").content)
    assert (home.senior.address_as, home.plain_http) == ("王奶奶", True)


def test_whoever_scans_the_code_signs_in_sees_the_picture_and_is_told_that_it_is_plain_http(
    chromium: Browser, on_lan: Demo
) -> None:
    on_lan.is_in("s-01", "music")
    people = Visitors(chromium, on_lan)
    page = people.stranger(PHONE)

    page.goto(f"http://{HERE}:{on_lan.url.rpartition(':')[2]}/family#i/{on_lan.invitation}")
    page.get_by_role("button", name="进入").click()
    expect(page.get_by_role("heading", name="妈妈在音乐室")).to_be_visible()
    expect(page.get_by_text("这一页没有加密（HTTP）")).to_be_visible()
    with page.expect_response(lambda response: response.request.method == "POST" and "whep" in response.url) as answer:
        page.get_by_role("button", name="看看妈妈").click()

    assert f" {HERE} " in answer.value.text(), "an address that the phone can reach"
    assert watch(page.locator("video")).room_id == "music"
    people.leave()
    assert people.wrong == []


def test_nothing_but_the_pages_and_the_picture_is_opened(on_lan: Demo) -> None:
    found = list(sockets_of(set(on_lan.pids())))

    beyond = {one.pid for one in found if one.state == LISTENS and not ip_address(one.local).is_loopback}
    assert beyond
    assert beyond <= {on_lan.process.pid, on_lan.pid_of("pages")}, "the supervisor holds the pages' socket as well"
    broker = [one for one in found if one.port == on_lan.mqtt_port and one.state == LISTENS]
    assert [one.local for one in broker] == ["127.0.0.1"]


def test_a_press_is_taken_on_the_phone_as_ever(on_lan: Demo) -> None:
    caller = on_lan.free.senior()
    on_lan.press(caller.button)

    assert on_lan.take("sw-1", on_lan.ringing("sw-1", caller)) == {"code": "accepted"}

    wait_until(lambda: on_lan.light(caller.button).text == "孙丽正在赶来")
