"""What does somebody on duty see and hear at the board, and what can she do with a finger or with keys?"""

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.links import mailed_link
from tests.browser.looks import unreachable
from tests.browser.visitors import DESK, PHONE, TABLET, Visitors
from tests.fakes.demo import Demo
from tests.fakes.free import FreeSenior
from tests.fakes.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.chromium]

HEARD = "window.heard.contexts.map((one) => one.state).join()"
TONES = "window.heard.tones"


def alarm_of(page: Page, who: FreeSenior) -> Locator:
    """The alarm on the board about somebody."""
    return page.locator("[data-alarm]").filter(has_text=who.called)


def test_one_large_tap_starts_duty_and_a_press_rings_shows_who_where_since_when_and_is_taken_in_one_tap(
    visitors: Visitors, centre: Demo
) -> None:
    caller = centre.free.senior()
    centre.is_in(caller.id, "chess")
    page = visitors.staff("staff-02", TABLET)
    page.goto(f"{centre.url}/")
    start = page.get_by_role("button", name="开始值班")
    assert large(start)
    assert page.evaluate(HEARD) == ""
    start.click()
    page.wait_for_function(f"{HEARD} === 'running'")
    tones_at_start = page.evaluate(TONES)

    centre.press(caller.button)
    alarm = alarm_of(page, caller)
    expect(alarm).to_contain_text(f"{caller.called} · 棋牌室")
    expect(alarm).to_contain_text("紧急")
    expect(alarm.get_by_role("timer")).to_have_text(re.compile(r"0:[0-5]\d"))
    page.wait_for_function(f"{TONES} > {tones_at_start}")
    expect(page.locator("[data-room=chess]")).to_contain_text("这里有报警")
    alarm.get_by_role("button", name="我来处理").click()

    expect(alarm).to_contain_text("您正在处理")
    wait_until(lambda: centre.light(caller.button).text == "王芳正在赶来")
    expect(page.locator("[data-room=chess]")).to_contain_text("王芳正在赶来")
    expect(page.locator("[data-room=chess]")).not_to_contain_text("这里有报警")
    tones_when_taken = page.evaluate(TONES)
    expect(alarm.get_by_role("timer")).not_to_have_text("0:00")

    expect(alarm.get_by_text("不到场会重新响铃")).to_contain_text("还有 4:")
    alarm.get_by_role("button", name="我到了").click()
    [alarm_id] = centre.free.alarms_of(caller)
    wait_until(lambda: centre.rows("SELECT state FROM alarm WHERE id = %s", alarm_id) == [("on_scene",)])
    expect(alarm.get_by_text("不到场会重新响铃")).to_have_count(0)
    alarm.get_by_role("button", name="填写处置结果").click()
    page.get_by_label("陪伴").check()
    page.get_by_label("一句话写清经过").fill(f"陪{caller.called}坐了一会儿")
    page.get_by_role("button", name="保存").click()
    expect(alarm).to_have_count(0)
    assert page.evaluate(TONES) == tones_when_taken, "nothing rings once somebody has taken it"
    assert centre.rows("SELECT outcome FROM alarm WHERE id = %s", alarm_id) == [("company",)]


def large(button: Locator) -> bool:
    box = button.bounding_box()
    return box is not None and box["height"] >= 120 and box["width"] >= 300


def test_a_taken_alarm_shows_its_owner_to_others_and_a_late_tap_names_the_winner(
    visitors: Visitors, centre: Demo
) -> None:
    late, fast = visitors.on_duty("staff-02", PHONE), visitors.on_duty("staff-03", PHONE)
    caller = centre.free.senior()
    centre.press(caller.button)
    expect(alarm_of(late, caller)).to_be_visible()
    # her screen has not heard yet what the other one does

    def overtake(route: Route) -> None:
        take(fast, caller)
        route.continue_()

    late.route("**/api/alarms/*/accept", overtake)
    alarm_of(late, caller).get_by_role("button", name="我来处理").click()

    expect(late.get_by_role("alert").filter(has_text="张伟已经接了这个报警")).to_be_visible()
    expect(alarm_of(late, caller)).to_contain_text("张伟正在赶来")
    expect(alarm_of(fast, caller)).to_contain_text("您正在处理")


def take(page: Page, who: FreeSenior) -> None:
    alarm_of(page, who).get_by_role("button", name="我来处理").click()
    expect(alarm_of(page, who)).to_contain_text("您正在处理")


def test_a_double_tap_takes_one_alarm_though_the_next_one_slides_under_the_finger(
    visitors: Visitors, centre: Demo
) -> None:
    page = visitors.on_duty("staff-02", PHONE)
    first, second, third = centre.free.seniors(3)
    for caller in (first, second, third):
        centre.press(caller.button)
        expect(alarm_of(page, caller)).to_be_visible()
    button = alarm_of(page, first).get_by_role("button", name="我来处理")
    button.click(trial=True)
    box = button.bounding_box()
    assert box is not None
    finger = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    page.mouse.click(*finger)
    expect(alarm_of(page, first)).to_contain_text("您正在处理")
    page.mouse.click(*finger)

    expect(alarm_of(page, second)).to_contain_text("还没有人接")
    take(page, second)


def test_a_call_from_home_says_so_and_shows_whoever_takes_it_where_she_lives_and_how_to_get_in(
    visitors: Visitors, centre: Demo
) -> None:
    centre.is_in("s-03", None)
    owner, other = visitors.on_duty("staff-02", PHONE), visitors.on_duty("staff-03", PHONE)
    centre.press("b-03")
    for page in (owner, other):
        alarm = page.locator("[data-alarm]").filter(has_text="张奶奶")
        expect(alarm).to_contain_text("张奶奶 · 不在中心")
        alarm.get_by_role("link", name="详情").click()
        expect(page.get_by_role("link", name="拨打 120")).to_have_attribute("href", "tel:120")
        expect(page.locator("[data-record] dd")).to_have_text(["兰州市城关区中街子 51 号 4 单元 301"])

    owner.locator("[data-alarm]").filter(has_text="张奶奶").get_by_role("button", name="我来处理").click()

    expect(owner.locator("[data-record] dd")).to_contain_text(["中街子", "门禁密码问网格楼院长", "曾跌倒"])
    expect(other.locator("[data-alarm]").filter(has_text="张奶奶")).to_contain_text("王芳正在赶来")
    expect(other.locator("[data-record] dd")).to_have_count(1)


def test_when_there_are_many_alarms_the_bar_says_how_many_are_further_down_and_shows_them_on_a_tap(
    visitors: Visitors, centre: Demo
) -> None:
    page = visitors.on_duty("staff-02", PHONE)
    callers = centre.free.seniors(4)
    for caller in callers:
        centre.press(caller.button)
    expect(alarm_of(page, callers[0])).to_be_visible()
    expect(page.locator("[data-alarm]")).to_have_count(4)

    more = page.locator("button", has_text="下面还有")
    expect(more).to_have_text("▼ 下面还有 2 个报警")
    expect(more).to_be_in_viewport(ratio=1)
    more.click()
    alarm_of(page, callers[-1]).scroll_into_view_if_needed()
    page.mouse.move(180, 200)
    page.mouse.wheel(0, 2000)
    expect(more).to_have_count(0)
    expect(alarm_of(page, callers[-1]).get_by_role("button", name="我来处理")).to_be_in_viewport(ratio=1)


def test_an_alarm_that_a_colleague_has_taken_is_one_line_below_ones_own(visitors: Visitors, centre: Demo) -> None:
    page = visitors.on_duty("staff-02", DESK)
    hers, untaken, mine = centre.free.seniors(3)
    for caller in (hers, untaken, mine):
        centre.press(caller.button)
    expect(page.locator("[data-alarm]")).to_have_count(3)
    assert centre.take("sw-1", centre.ringing("sw-1", hers)) == {"code": "accepted"}
    expect(alarm_of(page, hers)).to_contain_text("正在赶来")  # what is below it moves, and a tap on it would miss
    take(page, mine)

    who = page.locator("[data-alarm]")
    expect(who).to_contain_text([untaken.called, mine.called, hers.called])
    line = alarm_of(page, hers).bounding_box()
    assert line is not None
    assert line["height"] < 60
    page.get_by_role("link", name="设备").click()
    expect(alarm_of(page, untaken).get_by_role("button", name="我来处理")).to_be_visible()
    expect(alarm_of(page, untaken)).not_to_contain_text("已告知")


def test_an_alarm_that_comes_while_a_dialog_is_open_is_said_in_it_and_what_was_written_is_kept(
    visitors: Visitors, centre: Demo
) -> None:
    page = visitors.on_duty("staff-02", PHONE)
    first, second = centre.free.seniors(2)
    centre.press(first.button)
    take(page, first)
    alarm_of(page, first).get_by_role("button", name="填写处置结果").click()
    page.get_by_label("安抚").check()
    page.get_by_label("一句话写清经过").fill("扶他坐下")

    centre.press(second.button)
    page.get_by_role("button", name="又有 1 个报警没有人接 · 去看").click()
    expect(page.locator("dialog")).to_have_count(0)
    take(page, second)

    alarm_of(page, first).get_by_role("button", name="填写处置结果").click()
    expect(page.get_by_label("一句话写清经过")).to_have_value("扶他坐下")
    expect(page.get_by_label("安抚")).to_be_checked()


def test_an_alarm_is_taken_with_the_keyboard_alone(visitors: Visitors, centre: Demo) -> None:
    page = visitors.on_duty("staff-02", DESK)
    caller = centre.free.senior()
    centre.press(caller.button)
    accept = alarm_of(page, caller).get_by_role("button", name="我来处理")
    expect(accept).to_be_visible()

    page.keyboard.press("Tab")
    expect(accept).to_be_focused()
    assert accept.evaluate("(button) => getComputedStyle(button).outlineStyle") != "none"
    page.keyboard.press("Enter")

    expect(alarm_of(page, caller)).to_contain_text("您正在处理")


def test_the_link_of_a_mail_shows_the_alarm_first_and_takes_it_with_one_tap(visitors: Visitors, centre: Demo) -> None:
    caller = centre.free.senior()
    centre.press(caller.button)
    link = mailed_link(centre, "sw-1", caller)
    page = visitors.stranger(PHONE)

    page.goto(link)
    expect(page.get_by_role("heading")).to_contain_text(caller.called)
    expect(page.get_by_text("发给孙丽")).to_be_visible()
    assert centre.messages_of("sw-1", caller)[0].standing == "ringing", "looking takes nothing"
    button = page.get_by_role("button", name="我来处理")
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 64
    button.click()

    expect(page.get_by_role("status")).to_have_text("您已经接下。请现在过去。")
    wait_until(lambda: centre.light(caller.button).text == "孙丽正在赶来")
    other = visitors.stranger(PHONE)
    other.goto(mailed_link(centre, "sw-1", caller))
    expect(other.get_by_role("status")).to_have_text("您已经接下。请现在过去。")


def test_the_link_of_a_mail_says_who_was_faster_and_when_it_has_expired(visitors: Visitors, centre: Demo) -> None:
    caller = centre.free.senior()
    centre.press(caller.button)
    link = mailed_link(centre, "sw-1", caller)
    page = visitors.stranger(PHONE)
    page.goto(link)
    expect(page.get_by_role("button", name="我来处理")).to_be_visible()
    alarm_id = centre.messages_of("sw-1", caller)[0].alarm_id

    centre.staff("staff-03").post(f"/api/alarms/{alarm_id}/accept")
    page.get_by_role("button", name="我来处理").click()
    expect(page.get_by_role("status")).to_have_text("张伟已经接了。")

    centre.does("UPDATE accept_link SET ends_at = made_at + interval '1 microsecond' WHERE alarm_id = %s", alarm_id)
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("这个链接不对或已经过期")


def test_a_tap_on_a_senior_says_where_she_is(visitors: Visitors, centre: Demo) -> None:
    somebody = centre.free.senior()
    centre.is_in(somebody.id, "reading")
    page = visitors.on_duty("staff-04", DESK)
    page.get_by_role("link", name="长者", exact=True).click()
    everybody = page.locator("[data-senior]")
    expect(everybody).to_have_count(40)
    order = everybody.evaluate_all("(rows) => rows.map((row) => row.dataset.senior)")
    page.get_by_label("找长者").fill(somebody.called)
    row = page.locator(f"[data-senior={somebody.id}]")
    expect(row).to_contain_text("阅览室")

    row.get_by_role("button", name="进房间").click()
    row.get_by_label("音乐室").check()
    row.get_by_role("button", name="记下").click()
    expect(row.get_by_role("radio")).to_have_count(0)
    expect(row).to_contain_text("音乐室")
    assert centre.room_of(somebody.id) == "music"
    row.get_by_role("button", name="回家了").click()
    expect(row).to_contain_text("不在中心")
    expect(row.get_by_role("status")).to_contain_text("回家")
    page.get_by_label("找长者").fill("")
    assert everybody.evaluate_all("(rows) => rows.map((row) => row.dataset.senior)") == order
    row.get_by_role("button", name="撤销").click()
    wait_until(lambda: centre.room_of(somebody.id) == "music")
    row.get_by_role("button", name="回家了").click()
    expect(row).to_contain_text("不在中心")
    row.get_by_role("button", name="到了").click()
    expect(row).to_contain_text("在中心")


def test_notices_devices_and_unreadable_messages_have_their_words(visitors: Visitors, centre: Demo) -> None:
    page = visitors.on_duty("staff-02", DESK)
    page.get_by_role("link", name="设备").click()
    expect(page.locator("[data-device=b-01]")).to_contain_text("王奶奶的按钮")
    expect(page.locator("[data-device=b-01]")).to_contain_text("在线")
    page.get_by_role("link", name="异常报文").click()
    expect(page.get_by_role("heading", name="异常报文")).to_be_visible()
    page.get_by_role("link", name="看板").click()
    expect(page.get_by_role("heading", name="提醒")).to_be_visible()
    expect(page.locator("[data-room]")).to_have_count(12)
    assert unreachable(page) == []


def test_an_account_that_may_not_see_the_board_reads_so_and_no_tale_of_a_broken_network(
    visitors: Visitors, centre: Demo
) -> None:
    page = visitors.staff("auditor", PHONE)
    page.goto(f"{centre.url}/")

    expect(page.get_by_role("alert")).to_have_text("您的账号不能做这件事，请找负责的同事。")
    expect(page.get_by_text("没有提醒")).to_have_count(0)
    expect(page.get_by_text("不是实时")).to_have_count(0)
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("button", name="登录")).to_be_visible()


def test_what_is_scrolled_to_stops_above_the_last_line_and_below_the_alarms(visitors: Visitors, centre: Demo) -> None:
    page = visitors.on_duty("staff-02", PHONE)
    caller = centre.free.senior()
    centre.press(caller.button)
    expect(alarm_of(page, caller)).to_be_visible()
    room = page.locator("[data-room=duty]")

    for block, edge in (("end", "footer"), ("start", ".over")):
        room.evaluate("(tile, block) => tile.scrollIntoView({ block })", block)
        tile, line = room.bounding_box(), page.locator(edge).bounding_box()
        assert tile is not None
        assert line is not None
        covered = tile["y"] + tile["height"] > line["y"] if block == "end" else tile["y"] < line["y"] + line["height"]
        assert not covered, block


def test_a_wrong_password_is_said_in_words(visitors: Visitors, centre: Demo) -> None:
    page = visitors.stranger(PHONE)
    page.goto(f"{centre.url}/")
    page.get_by_label("账号").fill("staff-05")
    page.get_by_label("密码").fill("wrong horse battery")
    page.get_by_role("button", name="登录").click()

    expect(page.get_by_role("alert")).to_have_text("账号或密码不对，请再看一看。")


def test_staff_look_at_a_room_with_a_reason_and_sign_out(visitors: Visitors, centre: Demo) -> None:
    page = visitors.on_duty("staff-06", DESK)
    page.locator("[data-room=gym]").click()
    page.get_by_role("button", name="看一眼房间").click()
    page.get_by_role("button", name="打开画面").click()
    expect(page.get_by_label("为什么要看")).to_be_focused()
    expect(page.get_by_label("为什么要看")).to_have_accessible_description("请写明为什么要看。")
    page.get_by_label("为什么要看").fill("听到响声")
    page.get_by_role("button", name="打开画面").click()
    expect(page.locator("[data-picture=live]")).to_be_visible()
    page.get_by_role("button", name="关闭").click()

    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("button", name="登录")).to_be_visible()
