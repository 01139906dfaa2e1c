"""What do the pages look like? Takes the pictures of README.md from a demo that it starts and stops.

    .venv/bin/python docs/screenshots/take.py

Wants Chromium, a Chinese font, and ffmpeg, which reduces each picture to 128 colours.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Frame, Page, ViewportSize, expect, sync_playwright

from tests.fakes.demo import Demo, demo_running

HERE = Path(__file__).resolve().parent
DESK: ViewportSize = {"width": 1366, "height": 768}
PHONE: ViewportSize = {"width": 360, "height": 800}
_REDUCED = "split[a][b];[a]palettegen=max_colors=128:stats_mode=single[p];[b][p]paletteuse=dither=none"
SECOND = 1000


def main() -> None:
    """Take all pictures."""
    with tempfile.TemporaryDirectory() as folder, demo_running(Path(folder)) as demo, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        take(demo, browser)
        browser.close()


def take(demo: Demo, browser: Browser) -> None:
    """Walk the stage and look at two of its screens alone."""
    for senior_id, room_id in (("s-01", "music"), ("s-02", "gym"), ("s-03", "dining")):
        demo.is_in(senior_id, room_id)
    stage = open_page(browser, f"{demo.url}/demo", DESK)
    play(stage)
    keep(stage, "stage")
    demo.press("b-03")
    board = open_page(browser, f"{demo.url}/", DESK)
    go_on_duty(board.main_frame)
    keep(board, "board")
    phone = open_page(browser, f"{demo.url}/family#i/{demo.invitation}", PHONE)
    look(phone.main_frame)
    keep(phone, "family")


def open_page(browser: Browser, address: str, size: ViewportSize) -> Page:
    """A page of somebody in Lanzhou, who is signed in nowhere."""
    context = browser.new_context(
        viewport=size, locale="zh-CN", timezone_id="Asia/Shanghai", device_scale_factor=2 if size == PHONE else 1
    )
    page = context.new_page()
    page.goto(address)
    return page


def play(stage: Page) -> None:
    """A press on the stage, taken on the social worker's phone, while the daughter looks."""
    screen = {name: frame_of(stage, name) for name in ("board", "phones", "daughter")}
    go_on_duty(screen["board"])
    look(screen["daughter"])
    stage.get_by_role("button", name="李爷爷").first.click()
    phone = screen["phones"]
    phone.get_by_text("李爷爷").first.wait_for(timeout=10 * SECOND)
    phone.get_by_role("button", name="我来处理").first.click()
    expect(screen["board"].get_by_text("正在赶来").first).to_be_visible(timeout=10 * SECOND)
    expect(stage.get_by_text("完成")).to_have_count(5, timeout=20 * SECOND)


def frame_of(stage: Page, name: str) -> Frame:
    """The page inside one of the stage's three screens."""
    handle = stage.locator(f"[data-screen={name}] iframe").element_handle(timeout=10 * SECOND)
    frame = handle.content_frame()
    assert frame is not None
    return frame


def go_on_duty(board: Frame) -> None:
    """Sign in as Li Min and make the one large tap."""
    board.get_by_role("button", name="李敏").click(timeout=10 * SECOND)
    board.get_by_role("button", name="开始值班").click(timeout=10 * SECOND)


def look(phone: Frame) -> None:
    """Open the invitation with the digits that it shows, and look until the picture moves."""
    phone.get_by_role("button", name="进入").click(timeout=10 * SECOND)
    phone.get_by_role("button", name="看看妈妈").click(timeout=10 * SECOND)
    expect(phone.locator("video")).to_have_js_property("paused", value=False, timeout=20 * SECOND)
    expect(phone.locator("video")).not_to_have_js_property("videoWidth", value=0, timeout=20 * SECOND)


def keep(page: Page, name: str) -> None:
    """Write the picture in few colours: some tens of kilobytes instead of hundreds."""
    page.wait_for_timeout(SECOND)  # what has just changed has been drawn
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.png"
        page.screenshot(path=whole)
        command = ["ffmpeg", "-loglevel", "error", "-y", "-i", str(whole), "-vf", _REDUCED, str(HERE / f"{name}.png")]
        subprocess.run(command, check=True, timeout=60)


if __name__ == "__main__":
    main()
