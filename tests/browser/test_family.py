"""What does a daughter see on her phone, for how long, and what is she told when she may not?"""

import pytest
from playwright.sync_api import expect

from tests.browser.links import invite
from tests.browser.picture import watch
from tests.browser.visitors import DESK, PHONE, Language, Visitors
from tests.fakes.demo import Demo
from tests.fakes.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.chromium]

WITHIN_MS = 1000
"""The promise: the last frame comes at most this long after she left."""

WATCH_FRAMES = """
() => {
  const video = document.querySelector('video');
  window.lastFrameAt = Date.now();
  const look = () => { window.lastFrameAt = Date.now(); video.requestVideoFrameCallback(look) };
  video.requestVideoFrameCallback(look);
}
"""


@pytest.fixture
def mother(centre: Demo) -> Demo:
    """The centre with the mother in the music room, among people who do not mind being seen."""
    centre.is_in("s-01", "music")
    return centre


def test_an_invitation_and_four_digits_lead_to_where_mother_is_and_to_her_picture(
    visitors: Visitors, mother: Demo
) -> None:
    page = visitors.stranger(PHONE)

    page.goto(f"{mother.url}/family#i/{mother.invitation}")
    page.get_by_label("请填您手机号的后四位").fill("0417")
    page.get_by_role("button", name="进入").click()
    expect(page.get_by_role("alert")).to_contain_text("手机号后四位对不上")
    page.get_by_label("请填您手机号的后四位").fill("0416")
    page.get_by_role("button", name="进入").click()
    expect(page.get_by_role("heading", name="妈妈在音乐室")).to_be_visible()
    assert mother.invitation not in page.url
    page.get_by_role("button", name="看看妈妈").click()

    assert watch(page.locator("video")).room_id == "music"
    expect(page.locator("[data-picture=live]")).to_contain_text("实时画面")
    newest = "SELECT first_frame_at FROM viewing WHERE account_id = 'f-01' ORDER BY opened_at DESC LIMIT 1"
    wait_until(lambda: mother.rows(newest)[0][0], within=4, what="the hub knows of the first frame")


@pytest.mark.parametrize(
    ("language", "where", "button"),
    [("zh-CN", "妈妈在音乐室", "看看妈妈"), ("en", "Mum is in the Music room", "See Mum now")],
)
def test_the_page_is_right_on_a_desk_too_in_both_languages(
    visitors: Visitors, mother: Demo, language: Language, where: str, button: str
) -> None:
    page = visitors.daughter(DESK, language)

    expect(page.get_by_role("heading", name=where)).to_be_visible()
    page.get_by_role("button", name=button).click()

    assert watch(page.locator("video")).room_id == "music"
    column = page.locator("main").bounding_box()
    assert column is not None
    assert (page.locator("html").get_attribute("lang"), column["x"], column["width"]) == (language, 373, 620)


def test_the_centre_is_one_tap_away(visitors: Visitors, mother: Demo) -> None:
    page = visitors.daughter(PHONE)

    expect(page.get_by_role("link", name="打中心电话")).to_have_attribute("href", "tel:09310000066")


def test_when_mother_leaves_the_picture_ends_within_a_second_and_the_page_says_why(
    visitors: Visitors, mother: Demo
) -> None:
    page = visitors.daughter(PHONE)
    page.get_by_role("button", name="看看妈妈").click()
    watch(page.locator("video"))
    page.evaluate(WATCH_FRAMES)

    mother.leave("s-01")

    ended = page.locator("[data-picture=ended]")
    expect(ended).to_contain_text("妈妈来了中心，就可以看画面。")
    expect(page.get_by_role("heading", name="妈妈现在不在中心")).to_be_visible()
    (left_at,) = mother.rows("SELECT extract(epoch FROM max(left_at)) * 1000 FROM visit WHERE senior_id = 's-01'")[0]
    last_frame_at = page.evaluate("window.lastFrameAt")
    assert last_frame_at - float(str(left_at)) <= WITHIN_MS
    page.get_by_role("button", name="回去").click()
    expect(page.get_by_role("button", name="看看妈妈")).to_have_count(0)
    mother.is_in("s-01", "music")
    expect(page.get_by_role("button", name="看看妈妈")).to_be_visible()


def test_when_mother_is_back_the_page_no_longer_says_that_she_is_away(visitors: Visitors, mother: Demo) -> None:
    page = visitors.daughter(PHONE)
    page.get_by_role("button", name="看看妈妈").click()
    watch(page.locator("video"))
    mother.leave("s-01")
    ended = page.locator("[data-picture=ended]")
    expect(ended).to_contain_text("就可以看画面")

    mother.is_in("s-01", "music")

    expect(ended).to_contain_text("现在又可以看妈妈了。")
    ended.get_by_role("button", name="再看一次").click()
    assert watch(page.locator("video")).room_id == "music"


def test_when_mother_goes_to_another_room_the_picture_of_the_first_ends(visitors: Visitors, mother: Demo) -> None:
    page = visitors.daughter(PHONE)
    page.get_by_role("button", name="看看妈妈").click()
    watch(page.locator("video"))

    mother.is_in("s-01", "gym")

    expect(page.locator("[data-picture=ended]")).to_contain_text("妈妈换了房间。")
    page.get_by_role("button", name="看看妈妈").click()
    assert watch(page.locator("video")).room_id == "gym"


def test_a_black_picture_is_never_called_live(visitors: Visitors, mother: Demo) -> None:
    page = visitors.daughter(PHONE)
    page.get_by_role("button", name="看看妈妈").click()
    watch(page.locator("video"))

    mother.darken("cam-music")

    screen = page.locator("[data-picture=live]")
    expect(screen).to_contain_text("画面全黑，镜头可能被挡住了。工作人员已经知道了。", timeout=30_000)
    expect(screen).not_to_contain_text("实时画面")
    mother.darken("cam-music", on=False)
    expect(screen).to_contain_text("实时画面", timeout=30_000)


def test_a_member_of_another_family_is_refused_with_a_kind_reason(visitors: Visitors, mother: Demo) -> None:
    mother.is_in("s-02", "gym")
    page = visitors.stranger(PHONE)
    page.goto(f"{mother.url}/family#i/{invite(mother, 'f-02')}")
    page.get_by_label("请填您手机号的后四位").fill("2898")
    page.get_by_role("button", name="进入").click()
    expect(page.get_by_role("heading", name="爸爸在健身室")).to_be_visible()

    # his own page never asks for another camera: he changes what it sends
    page.route("**/api/family/viewings", lambda route: route.continue_(post_data='{"camera_id": "cam-music"}'))
    with page.expect_response("**/api/family/viewings") as refused:
        page.get_by_role("button", name="看看爸爸").click()

    assert (refused.value.status, refused.value.json()["code"]) == (403, "not-present")
    expect(page.locator("[data-picture=ended]")).to_contain_text("爸爸现在不在活动室，到了活动室就可以看。")
    assert page.locator("video").evaluate("(video) => video.srcObject") is None


def test_she_reads_who_watched_and_what_becomes_of_a_call(visitors: Visitors, mother: Demo) -> None:
    page = visitors.daughter(PHONE)
    page.get_by_role("button", name="看看妈妈").click()
    watch(page.locator("video"))
    page.get_by_role("button", name="不看了").click()
    expect(page.locator("section", has=page.get_by_role("heading", name="谁看过"))).to_contain_text("您")

    mother.press("b-01")
    card = page.locator("[data-alarm]").first
    expect(card).to_contain_text("妈妈按了呼叫")
    expect(card).to_contain_text("中心已经收到，正在找人过去")
    mother.take("sw-1", mother.ringing("sw-1", "王奶奶"))

    expect(card).to_contain_text("孙丽正在赶来")


@pytest.mark.parametrize("token", ["abc", "A" * 43])
def test_a_link_that_is_not_right_says_so_and_blames_nobody(visitors: Visitors, mother: Demo, token: str) -> None:
    page = visitors.stranger(PHONE)

    page.goto(f"{mother.url}/family#i/{token}")

    expect(page.get_by_role("heading", name="这一页现在打不开")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("这个邀请链接不对。请向中心要一个新的链接。")
    expect(page.get_by_role("button", name="再试一次")).to_have_count(0)


@pytest.mark.parametrize(
    ("lacks", "told"),
    [
        ("delete window.RTCPeerConnection", "这个浏览器不能播放实时画面"),
        (
            """const all = RTCRtpReceiver.getCapabilities;
            const others = (kind) => all(kind).codecs.filter((one) => !/h264/i.test(one.mimeType));
            RTCRtpReceiver.getCapabilities = (kind) => ({ codecs: others(kind) })""",
            "这个浏览器不会解 H.264 画面",
        ),
    ],
    ids=["WebRTC", "H.264"],
)
def test_a_browser_that_cannot_show_pictures_is_told_so(
    visitors: Visitors, mother: Demo, lacks: str, told: str
) -> None:
    page = visitors.daughter(PHONE, before=lacks)

    page.get_by_role("button", name="看看妈妈").click()

    expect(page.locator("[data-picture=ended]")).to_contain_text(told)
