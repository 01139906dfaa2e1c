"""Does a form say at each field what is wrong, in the page's own words, and keep what was filled in?"""

import pytest
from playwright.sync_api import Route, expect

from tests.browser.looks import misreadable, photograph, unreachable
from tests.browser.visitors import DESK, PHONE, Visitors
from tests.fakes.demo import Demo

pytestmark = [pytest.mark.browser, pytest.mark.chromium]


def test_whoever_signs_in_with_nothing_reads_what_is_missing_at_its_field(visitors: Visitors, centre: Demo) -> None:
    page = visitors.stranger(PHONE, "en")
    page.goto(f"{centre.url}/")
    account, password = page.get_by_label("Account", exact=True), page.get_by_label("Password", exact=True)

    page.get_by_role("button", name="Sign in", exact=True).click()

    expect(account).to_be_focused()
    expect(account).to_have_accessible_description("Please fill in the account.")
    expect(password).to_have_accessible_description("Please fill in the password.")
    photograph(page, "sign-in-nothing")
    wrong = misreadable(page) + unreachable(page)
    account.fill("staff-05")
    expect(account).not_to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(password).to_be_focused()
    assert wrong == []


def test_the_end_of_an_alarm_is_asked_for_field_by_field_and_survives_a_hub_that_does_not_answer(
    visitors: Visitors, centre: Demo
) -> None:
    page = visitors.on_duty("staff-02", PHONE)
    caller = centre.free.senior()
    centre.press(caller.button)
    alarm = page.locator("[data-alarm]").filter(has_text=caller.called)
    alarm.get_by_role("button", name="我来处理").click()
    alarm.get_by_role("button", name="填写处置结果").click()
    dialog = page.locator("dialog")
    outcomes, sentence = dialog.get_by_role("radiogroup", name="处置结果"), dialog.get_by_label("一句话写清经过")

    dialog.get_by_role("button", name="保存").click()
    expect(outcomes).to_have_accessible_description("请选一个结果。")
    expect(sentence).to_have_accessible_description("请写一句经过。")
    expect(outcomes.get_by_role("radio").first).to_be_focused()
    outcomes.get_by_label("陪伴").check()
    dialog.get_by_role("button", name="保存").click()
    expect(sentence).to_be_focused()
    sentence.fill("陪他坐了一会儿")
    page.route("**/api/alarms/*/resolve", lambda asked: asked.abort(), times=1)
    dialog.get_by_role("button", name="保存").click()
    expect(dialog.get_by_role("alert")).to_contain_text("没有连上中心")
    expect(sentence).to_have_value("陪他坐了一会儿")
    expect(outcomes.get_by_label("陪伴")).to_be_checked()
    dialog.get_by_role("button", name="保存").click()

    expect(dialog).to_have_count(0)
    expect(alarm).to_have_count(0)


def test_a_double_tap_on_a_form_sends_once(visitors: Visitors, centre: Demo) -> None:
    somebody = centre.free.senior()
    centre.is_in(somebody.id, "reading")
    page = visitors.on_duty("staff-04", DESK)
    page.evaluate("location.hash = '#/people'")
    row = page.locator(f"[data-senior={somebody.id}]")
    row.get_by_role("button", name="进房间").click()
    row.get_by_label("音乐室").check()
    sent: list[str] = []

    def count(route: Route) -> None:
        sent.append(route.request.url)
        route.continue_()

    page.route("**/api/presence", count)
    row.get_by_role("button", name="记下").dblclick()

    expect(row.locator("form")).to_have_count(0)
    expect(row).to_contain_text("音乐室")
    assert len(sent) == 1


def test_a_device_is_searched_by_its_name_its_id_or_its_kind(visitors: Visitors, centre: Demo) -> None:
    page = visitors.on_duty("staff-02", PHONE)
    page.get_by_role("link", name="设备").click()
    devices = page.locator("[data-device]")
    expect(devices.first).to_be_visible()
    everything = devices.count()

    for typed, expected in (("b-01", "王奶奶的按钮"), ("王奶奶", "王奶奶的按钮"), ("摄像头", "摄像头")):
        page.get_by_label("找设备").fill(typed)
        expect(devices.first).to_contain_text(expected)
        assert 0 < devices.count() < everything
    page.get_by_label("找设备").fill("")

    expect(devices).to_have_count(everything)
    assert misreadable(page) == []
