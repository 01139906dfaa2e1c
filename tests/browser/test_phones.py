"""Can somebody of the organisation take an alarm, and say that she is still coming, on her phone?"""

import pytest
from playwright.sync_api import expect

from tests.browser.visitors import PHONE, Visitors
from tests.fakes.demo import Demo, until

pytestmark = [pytest.mark.browser, pytest.mark.chromium]


def test_who_is_asked_again_says_on_her_phone_that_she_is_still_coming(visitors: Visitors, centre: Demo) -> None:
    page = visitors.stranger(PHONE)
    page.goto(centre.phones_url)
    phone = page.locator("[data-account=sw-1]")
    centre.press("b-01")
    phone.get_by_role("button", name="我来处理").click()
    expect(phone).to_contain_text("您已接下")

    until(lambda: centre.light("b-01").light == "coming", what="the button says who is coming")
    centre.press("b-01")
    still = phone.get_by_role("button", name="我还在路上")
    expect(phone).to_contain_text("请您一分钟内回应")
    expect(phone).to_contain_text("等您回应")
    still.click()

    expect(still).to_have_count(0)
    expect(phone).to_contain_text("您已接下")
