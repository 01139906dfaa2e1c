"""Can somebody of the organisation take an alarm, and say that she is still coming, on her phone?"""

import pytest
from playwright.sync_api import expect

from tests.browser.links import mailed_link
from tests.browser.visitors import PHONE, Visitors
from tests.fakes.demo import Demo
from tests.fakes.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.chromium]


def test_who_is_asked_again_says_on_her_phone_that_she_is_still_coming(visitors: Visitors, centre: Demo) -> None:
    page = visitors.stranger(PHONE)
    page.goto(centre.phones_url)
    phone = page.locator("[data-account=sw-1]")
    caller = centre.free.senior()
    centre.press(caller.button)
    phone.get_by_role("button", name="我来处理").click()
    expect(phone).to_contain_text("您已接下")

    wait_until(lambda: centre.light(caller.button).light == "coming", what="the button says who is coming")
    centre.press(caller.button)
    still = phone.get_by_role("button", name="我还在路上")
    expect(phone).to_contain_text("请您一分钟内回应")
    expect(phone).to_contain_text("等您回应")
    still.click()

    expect(still).to_have_count(0)
    expect(phone).to_contain_text("您已接下")


def test_who_is_asked_again_can_answer_on_the_page_behind_the_link_in_her_mail_too(
    visitors: Visitors, centre: Demo
) -> None:
    caller = centre.free.senior()
    centre.press(caller.button)
    centre.take("sw-1", centre.ringing("sw-1", caller))
    centre.press(caller.button)
    asked = wait_until(lambda: [one for one in centre.messages_of("sw-1", caller) if one.can_confirm])[0]
    page = visitors.stranger(PHONE)
    page.goto(mailed_link(centre, "sw-1", caller))

    expect(page.locator("main")).to_contain_text("不回应会重新响铃")
    page.get_by_role("button", name="我还在路上").click()

    expect(page.get_by_role("status")).to_have_text("您已经接下。请现在过去。")
    assert centre.alarm(asked.alarm_id).confirm_by is None


def test_who_took_it_by_mail_says_on_the_page_behind_the_link_that_she_is_there(
    visitors: Visitors, centre: Demo
) -> None:
    caller = centre.free.senior()
    centre.press(caller.button)
    ringing = centre.ringing("sw-1", caller)
    page = visitors.stranger(PHONE)
    page.goto(mailed_link(centre, "sw-1", caller))
    page.get_by_role("button", name="我来处理").click()
    expect(page.get_by_role("status")).to_have_text("您已经接下。请现在过去。")
    expect(page.locator("main")).to_contain_text("不到场会重新响铃")
    page.get_by_role("button", name="我到了").click()

    expect(page.get_by_role("status")).to_have_text("已记下您到了。处理完，请在值班看板上填写处置结果。")
    expect(page.get_by_role("button", name="我到了")).to_have_count(0)
    assert centre.alarm(ringing.alarm_id).state == "on_scene"
