"""What do the pages say while the hub is gone, and do they come back by themselves?"""

import os
import signal

import pytest
from playwright.sync_api import expect

from tests.browser.looks import photograph
from tests.browser.picture import watch
from tests.browser.visitors import PHONE, TABLET, Visitors
from tests.fakes.demo import Demo
from tests.fakes.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.chromium]

SILENCE_MS = 20_000
"""A page calls itself not live five seconds after its connection broke, and asks again every few."""


def test_a_killed_hub_pauses_the_picture_and_makes_the_board_say_so_until_it_is_back(
    visitors: Visitors, centre: Demo
) -> None:
    centre.is_in("s-01", "music")
    board, phone = visitors.on_duty("staff-02", TABLET), visitors.daughter(PHONE)
    phone.get_by_role("button", name="看看妈妈").click()
    watch(phone.locator("video"))

    os.kill(centre.process.pid, signal.SIGSTOP)  # or the hub would be back before anybody noticed
    try:
        centre.kill("pages")
        expect(phone.locator("[data-picture=paused]")).to_contain_text("画面暂停，正在恢复")
        stale = board.locator("[data-live=stale]").first
        expect(stale).to_contain_text("起不是实时，正在重新连接", timeout=SILENCE_MS)
        expect(board.get_by_text("下面可能已经不是现在的情况")).to_be_visible()
        expect(phone.locator("[data-live=stale]").first).to_be_visible(timeout=SILENCE_MS)
        photograph(board, "without-the-hub-board")
        photograph(phone, "without-the-hub-picture")
    finally:
        os.kill(centre.process.pid, signal.SIGCONT)

    wait_until(centre.is_ready, within=30, what="the hub is back")
    expect(board.locator("footer [data-live=live]")).to_be_visible(timeout=SILENCE_MS)
    expect(board.locator("[data-live=stale]")).to_have_count(0)
    expect(phone.locator("[data-picture=live]")).to_be_visible(timeout=SILENCE_MS)
    assert watch(phone.locator("video")).room_id == "music"
    caller = centre.free.senior()
    centre.press(caller.button)
    expect(board.locator("[data-alarm]").filter(has_text=caller.called)).to_be_visible(timeout=SILENCE_MS)


def test_a_killed_alarm_path_makes_the_board_say_so_until_it_is_back(visitors: Visitors, centre: Demo) -> None:
    board = visitors.on_duty("staff-02", TABLET)
    expect(board.locator("footer [data-live=live]")).to_be_visible(timeout=SILENCE_MS)

    os.kill(centre.process.pid, signal.SIGSTOP)  # or it would be back before anybody noticed
    try:
        centre.kill("alarm-path")
        expect(board.locator("[data-live=stale]").first).to_contain_text("起不是实时", timeout=SILENCE_MS)
    finally:
        os.kill(centre.process.pid, signal.SIGCONT)

    wait_until(centre.is_ready, within=30, what="the alarm path is back")
    expect(board.locator("footer [data-live=live]")).to_be_visible(timeout=SILENCE_MS)
    expect(board.locator("[data-live=stale]")).to_have_count(0)
