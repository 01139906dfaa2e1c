"""What does a phone see that scans the code of `./anling demo --lan`? A real browser at the machine's other address."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.picture import watch
from tests.browser.visitors import PHONE, Visitors
from tests.fakes.demo import Demo, demo_running

pytestmark = [pytest.mark.browser, pytest.mark.chromium]

HERE = "127.0.0.2"
"""Stands for the machine's address on the network: a name under which the pages are not local to the browser."""


@pytest.fixture(scope="module")
def on_lan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_running(tmp_path_factory.mktemp("lan"), "--lan", ANLING_MEDIA_HOSTS=HERE) as demo:
        yield demo


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
    page.get_by_role("button", name="看看妈妈").click()

    assert watch(page.locator("video")).room_id == "music"
    people.leave()
    assert people.wrong == []
