"""Who comes and goes: does a tap survive a faster colleague, a missing database, a slow line, and is anything lost?"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Locator, Page, Route, ViewportSize, expect

from tests.browser.looks import misreadable, photograph, unreachable
from tests.browser.visitors import DESK, PHONE, Language, Visitors
from tests.fakes.demo import Demo
from tests.fakes.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.chromium]

RECOVERY_MS = 30_000
"""A page asks again every 30 s at the latest; the hub's answer that the database is away takes 10 s at most."""


@dataclass(frozen=True)
class Words:
    """What the page says, in the language of the test."""

    find: str
    only_here: str
    not_found: str
    show_all: str
    enter: str
    leave: str
    arrive: str
    music: str
    note: str
    choose_first: str
    colleague: str
    gone_home: str
    go_on: str
    leave_it: str
    note_anyway: str
    not_here: str


ZH = Words(
    find="找长者",
    only_here="只看在中心的",
    not_found="没有找到。请换一个字试试。",
    show_all="全部显示",
    enter="进房间",
    leave="回家了",
    arrive="到了",
    music="音乐室",
    note="记下",
    choose_first="请先选一个房间。",
    colleague="陈霞",
    gone_home="现在是：已回家",
    go_on="接着选房间",
    leave_it="就按现在的",
    note_anyway="仍然记“进音乐室”",
    not_here="不在中心",
)
EN = Words(
    find="Find a senior",
    only_here="Only those at the centre",
    not_found="Nothing found. Try another word.",
    show_all="Show all",
    enter="Into a room",
    leave="Went home",
    arrive="Arrived",
    music="Music room",
    note="Note it",
    choose_first="Please choose a room first.",
    colleague="Chen Xia",
    gone_home="Now: gone home",
    go_on="Go on choosing",
    leave_it="Leave it as it is",
    note_anyway="Note “into Music room” anyway",
    not_here="not at the centre",
)
SAYS: dict[Language, Words] = {"zh-CN": ZH, "en": EN}
WHERE = pytest.mark.parametrize(
    ("size", "language"), [(PHONE, "zh-CN"), (DESK, "en")], ids=["on a phone in Chinese", "at a desk in English"]
)


def arrivals(visitors: Visitors, size: ViewportSize = DESK, language: Language = "zh-CN") -> Page:
    """The page of who comes and goes, of a colleague on duty."""
    page = visitors.on_duty("staff-04", size, language)
    page.evaluate("location.hash = '#/people'")
    page.locator("[data-senior]").first.wait_for()
    return page


def row_of(page: Page, senior_id: str) -> Locator:
    return page.locator(f"[data-senior={senior_id}]")


def says_elsewhere(centre: Demo, senior_id: str, what: str, room_id: str | None = None) -> None:
    """Another colleague, staff-05, says where she is."""
    said = {"senior_id": senior_id, "what": what, "room_id": room_id}
    assert centre.staff("staff-05").post("/api/presence", json=said).status_code == httpx.codes.NO_CONTENT


def complaints(page: Page) -> list[str]:
    return misreadable(page) + unreachable(page)


@contextmanager
def without_database(centre: Demo) -> Iterator[None]:
    """The database is gone, and its supervisor does not bring it back before the block has ended."""
    os.kill(centre.process.pid, signal.SIGSTOP)
    try:
        centre.kill("postgres")
        wait_until(lambda: not centre.is_ready(), what="the hub misses its database")
        yield
    finally:
        os.kill(centre.process.pid, signal.SIGCONT)
        wait_until(centre.is_ready, within=30, what="the database is back")


@WHERE
def test_what_a_colleague_changes_while_the_rooms_are_open_is_said_and_the_choice_is_kept(
    visitors: Visitors, centre: Demo, size: ViewportSize, language: Language
) -> None:
    says, senior_id = SAYS[language], centre.free.senior().id
    centre.is_in(senior_id, "reading")
    page = arrivals(visitors, size, language)
    row = row_of(page, senior_id)
    row.get_by_role("button", name=says.enter).click()
    row.get_by_label(says.music).check()

    says_elsewhere(centre, senior_id, "leave")
    told = row.locator("[data-conflict]")
    expect(told).to_contain_text(says.colleague)
    expect(told).to_contain_text(says.gone_home)
    expect(row.get_by_label(says.music)).to_be_checked()
    photograph(page, f"arrivals-changed-{language}")
    wrong = complaints(page)
    told.get_by_role("button", name=says.go_on).click()
    expect(row.get_by_label(says.music)).to_be_checked()
    row.get_by_role("button", name=says.note).click()

    expect(row.locator("form")).to_have_count(0)
    expect(row).to_contain_text(says.music)
    assert centre.room_of(senior_id) == "music"
    assert wrong == []


@WHERE
def test_a_tap_that_comes_after_a_colleagues_is_refused_and_the_slower_one_chooses(
    visitors: Visitors, centre: Demo, size: ViewportSize, language: Language
) -> None:
    says, senior_id = SAYS[language], centre.free.senior().id
    centre.is_in(senior_id, "reading")
    page = arrivals(visitors, size, language)
    row = row_of(page, senior_id)
    # her page has not heard yet what the other one says

    def overtake(route: Route) -> None:
        says_elsewhere(centre, senior_id, "leave")
        route.continue_()

    page.route("**/api/presence", overtake, times=1)
    row.get_by_role("button", name=says.enter).click()
    row.get_by_label(says.music).check()
    row.get_by_role("button", name=says.note).click()
    told = row.locator("[data-conflict]")
    expect(told).to_contain_text(says.colleague)
    expect(told).to_be_focused()
    assert centre.room_of(senior_id) == ""

    told.get_by_role("button", name=says.note_anyway).click()

    expect(row.locator("form")).to_have_count(0)
    expect(told).to_have_count(0)
    expect(row).to_contain_text(says.music)
    assert centre.room_of(senior_id) == "music"


def test_whoever_leaves_it_as_it_stands_changes_nothing(visitors: Visitors, centre: Demo) -> None:
    senior_id = centre.free.senior().id
    centre.is_in(senior_id, "reading")
    page = arrivals(visitors)
    row = row_of(page, senior_id)

    def overtake(route: Route) -> None:
        says_elsewhere(centre, senior_id, "enter", "chess")
        route.continue_()

    page.route("**/api/presence", overtake, times=1)
    row.get_by_role("button", name="回家了").click()
    told = row.locator("[data-conflict]")
    expect(told).to_contain_text("现在是：在棋牌室")
    told.get_by_role("button", name="就按现在的").click()

    expect(told).to_have_count(0)
    expect(row).to_contain_text("棋牌室")
    expect(row.get_by_role("button", name="回家了")).to_be_enabled()
    assert centre.room_of(senior_id) == "chess"


def test_both_say_the_same_and_nobody_is_asked_to_choose(visitors: Visitors, centre: Demo) -> None:
    senior_id = centre.free.senior().id
    centre.is_in(senior_id, "reading")
    page = arrivals(visitors)
    row = row_of(page, senior_id)

    def overtake(route: Route) -> None:
        says_elsewhere(centre, senior_id, "leave")
        route.continue_()

    page.route("**/api/presence", overtake, times=1)
    row.get_by_role("button", name="回家了").click()

    expect(row).to_contain_text("不在中心")
    expect(row.locator("[data-conflict]")).to_have_count(0)
    expect(row.get_by_role("status")).to_contain_text("回家")


def test_while_the_database_is_down_nothing_that_was_chosen_is_lost(visitors: Visitors, centre: Demo) -> None:
    senior_id = centre.free.senior().id
    centre.is_in(senior_id, "reading")
    page = arrivals(visitors, PHONE)
    row = row_of(page, senior_id)
    row.get_by_role("button", name="进房间").click()
    row.get_by_label("音乐室").check()

    with without_database(centre):
        with page.expect_response("**/api/presence") as answered:
            row.get_by_role("button", name="记下").click()
        assert answered.value.status == httpx.codes.SERVICE_UNAVAILABLE
        expect(row.get_by_role("alert")).to_contain_text("数据库正在恢复")
        expect(row.get_by_label("音乐室")).to_be_checked()
        photograph(page, "arrivals-without-the-database")

    row.get_by_role("button", name="记下").click()
    expect(row.locator("form")).to_have_count(0, timeout=RECOVERY_MS)
    assert centre.room_of(senior_id) == "music"


def test_without_a_room_the_form_says_so_at_the_field_and_takes_the_focus_there(
    visitors: Visitors, centre: Demo
) -> None:
    senior_id = centre.free.senior().id
    centre.is_in(senior_id, "reading")
    page = arrivals(visitors, PHONE)
    row = row_of(page, senior_id)
    row.get_by_role("button", name="进房间").click()

    row.get_by_role("button", name="记下").click()

    rooms = row.get_by_role("radiogroup", name="进了哪个房间？")
    expect(rooms).to_have_attribute("aria-invalid", "true")
    expect(rooms).to_have_accessible_description("请先选一个房间。")
    expect(rooms.get_by_role("radio").first).to_be_focused()
    photograph(page, "arrivals-no-room")
    wrong = complaints(page)
    page.keyboard.press("Space")
    expect(rooms).not_to_have_attribute("aria-invalid", "true")
    assert wrong == []


@WHERE
def test_a_senior_is_searched_and_where_nobody_is_found_one_tap_shows_everybody(
    visitors: Visitors, centre: Demo, size: ViewportSize, language: Language
) -> None:
    says = SAYS[language]
    page = arrivals(visitors, size, language)
    everybody = page.locator("[data-senior]")
    expect(everybody).to_have_count(40)

    page.get_by_label(says.find).fill("nobody is called so")
    expect(everybody).to_have_count(0)
    expect(page.get_by_text(says.not_found)).to_be_visible()
    photograph(page, f"arrivals-nobody-{language}")
    wrong = complaints(page)
    page.get_by_role("button", name=says.show_all).click()

    expect(everybody).to_have_count(40)
    expect(page.get_by_label(says.find)).to_have_value("")
    page.get_by_label(says.only_here).check()
    expect(everybody.filter(has_text=says.not_here)).to_have_count(0)
    assert wrong == []


def test_a_centre_without_seniors_says_what_to_do(visitors: Visitors, centre: Demo) -> None:
    page = visitors.on_duty("staff-04", PHONE)
    page.route("**/api/seniors", lambda asked: asked.fulfill(json=[]))

    page.evaluate("location.hash = '#/people'")

    expect(page.get_by_text("还没有长者。请管理员先导入中心的名单。")).to_be_visible()
    assert complaints(page) == []


def test_a_slow_answer_is_said_to_be_slow_and_an_old_list_to_be_old(visitors: Visitors, centre: Demo) -> None:
    senior_id = centre.free.senior().id
    page = visitors.on_duty("staff-04", PHONE)
    waiting: list[Route] = []
    page.route("**/api/seniors", lambda asked: waiting.append(asked))
    page.evaluate("location.hash = '#/people'")

    expect(page.locator("[data-resource=slow]")).to_contain_text("比平时慢")
    photograph(page, "arrivals-slow")
    wrong = complaints(page)
    for asked in waiting:
        asked.continue_()
    page.unroute("**/api/seniors")
    expect(page.locator("[data-senior]")).to_have_count(40)
    expect(page.locator("[data-resource]")).to_have_count(0)

    page.route("**/api/seniors", lambda asked: asked.abort())
    says_elsewhere(centre, senior_id, "enter", "chess")
    old = page.locator("main [data-resource=stale]")
    expect(old).to_contain_text("的情况")
    expect(page.locator("[data-senior]")).to_have_count(40)
    photograph(page, "arrivals-old")
    wrong += complaints(page)
    page.unroute("**/api/seniors")
    old.get_by_role("button", name="再试一次").click()
    expect(old).to_have_count(0)
    assert wrong == []


def test_without_a_network_the_page_says_so_and_renews_itself_when_it_is_back(visitors: Visitors, centre: Demo) -> None:
    senior_id = centre.free.senior().id
    page = arrivals(visitors, PHONE)
    row = row_of(page, senior_id)
    centre.is_in(senior_id, "chess")
    expect(row).to_contain_text("棋牌室")

    page.context.set_offline(True)
    row.get_by_role("button", name="回家了").click()
    expect(row.get_by_role("alert")).to_contain_text("没有连上中心")
    expect(row.get_by_role("button", name="回家了")).to_be_enabled()
    page.context.set_offline(False)
    row.get_by_role("button", name="回家了").click()

    expect(row).to_contain_text("不在中心")
    assert centre.room_of(senior_id) == ""


def test_an_account_that_may_not_see_this_is_offered_no_second_try(visitors: Visitors, centre: Demo) -> None:
    page = visitors.on_duty("street-1", PHONE)

    page.evaluate("location.hash = '#/people'")

    refused = page.locator("[data-resource=refused]")
    expect(refused).to_contain_text("您的账号不能做这件事，请找负责的同事。")
    expect(refused.get_by_role("button")).to_have_count(0)
    photograph(page, "arrivals-refused")
    assert complaints(page) == []
