"""Can a stranger walk the six steps of the tour? The acceptance test of the demo."""

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests.browser.picture import watch
from tests.browser.visitors import DESK, TABLET, Visitors
from tests.fakes.demo import Demo

pytestmark = [pytest.mark.browser, pytest.mark.chromium]

STEPS = ("data", "press", "told", "taken", "picture", "chart")


def test_a_stranger_walks_the_six_steps_of_the_tour(visitors: Visitors, centre: Demo) -> None:
    stage = visitors.stranger(DESK)
    stage.goto(f"{centre.url}/demo")
    stage.get_by_role("button", name="从头再来").click()
    board, phones, daughter = (screen(stage, name) for name in ("board", "phones", "daughter"))

    expect(stage.get_by_role("status").filter(has_text="先在看板上点“李敏”，再点“开始值班”")).to_be_visible()
    board.get_by_role("button", name="李敏").click()
    board.get_by_role("button", name="开始值班").click()
    expect(step(stage, "data")).to_have_attribute("data-done", "true")

    button = stage.locator("[data-press=b-01]")
    button.hover()
    stood = button.bounding_box()
    button.click()
    expect(step(stage, "press")).to_have_attribute("data-done", "true")
    expect(step(stage, "told")).to_have_attribute("data-done", "true")
    assert button.bounding_box() == stood, "a button moved under the pointer"
    expect(board.locator("[data-alarm]").filter(has_text="王奶奶")).to_contain_text("还没有人接")

    phone = phones.locator("[data-account=sw-1]")
    expect(phone).to_contain_text("王奶奶")
    phone.get_by_role("button", name="我来处理").click()
    expect(step(stage, "taken")).to_have_attribute("data-done", "true")
    expect(button).to_contain_text("孙丽正在赶来")
    expect(board.locator("[data-alarm]").filter(has_text="王奶奶")).to_contain_text("孙丽正在赶来")

    expect(daughter.get_by_label("请填您手机号的后四位")).to_have_value("0416")
    daughter.get_by_role("button", name="进入").click()
    daughter.get_by_role("button", name="看看妈妈").click()
    seen = watch(daughter.locator("video"))
    mothers_room = centre.simulated().seniors["s-01"]
    assert seen.room_id == mothers_room
    assert (seen.width, seen.height) == (640, 360)
    expect(step(stage, "picture")).to_have_attribute("data-done", "true")

    board.locator(f"[data-room={mothers_room}]").click()
    chart = board.locator("[data-chart] canvas").first
    expect(chart).to_be_visible()
    assert inked(chart) > 500
    expect(step(stage, "chart")).to_have_attribute("data-done", "true")

    assert [step(stage, name).get_attribute("data-done") for name in STEPS] == ["true"] * 6


def test_at_a_desk_everything_is_there_without_scrolling_and_in_its_real_size(visitors: Visitors, centre: Demo) -> None:
    stage = visitors.stranger(DESK)
    stage.goto(f"{centre.url}/demo")

    expect(stage.locator("[data-press]")).to_have_count(40)
    for switch in ("hot", "dark", "line"):
        expect(stage.locator(f"[data-switch={switch}]")).to_be_in_viewport(ratio=1)
    for name in ("board", "phones", "daughter"):
        expect(stage.locator(f"[data-screen={name}]")).to_be_in_viewport(ratio=1)
        across = screen(stage, name).locator("html").evaluate("(page) => page.ownerDocument.defaultView.innerWidth")
        drawn = stage.locator(f"[data-screen={name}] iframe").bounding_box()
        assert drawn is not None
        assert 0 <= drawn["width"] - across <= 4, "the border, and no scale"
        assert across >= 318


def test_each_switch_of_the_stage_is_turned_on_and_off_again(visitors: Visitors, centre: Demo) -> None:
    stage = visitors.stranger(DESK)
    stage.goto(f"{centre.url}/demo")

    for name in ("hot", "dark", "line"):
        switch = stage.locator(f"[data-switch={name}]")
        for state in ("true", "false"):
            switch.click()
            expect(switch).to_have_attribute("aria-checked", state)


def test_where_three_screens_do_not_fit_one_is_shown_at_a_time(visitors: Visitors, centre: Demo) -> None:
    stage = visitors.stranger(TABLET)
    stage.goto(f"{centre.url}/demo")

    expect(stage.locator("[data-screen=board]")).to_be_visible()
    expect(stage.locator("[data-screen=phones]")).to_be_hidden()
    stage.get_by_role("button", name="社工机构的手机").click()

    expect(screen(stage, "phones").locator("[data-account=sw-1]")).to_be_visible()
    expect(stage.locator("[data-screen=board]")).to_be_hidden()


def screen(stage: Page, name: str) -> FrameLocator:
    return stage.locator(f"[data-screen={name}] iframe").content_frame


def step(stage: Page, name: str) -> Locator:
    return stage.locator(f"[data-step={name}]")


def inked(canvas: Locator) -> int:
    """How many points of a canvas are drawn on."""
    drawn = canvas.evaluate(
        """(canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
              .data.filter((level, at) => at % 4 === 3 && level > 0).length"""
    )
    assert isinstance(drawn, int)
    return drawn
