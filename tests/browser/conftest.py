"""What every browser test may ask for: one running demo, one Chromium, and contexts that report what went wrong."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.visitors import Visitors
from tests.fakes.demo import Demo, demo_running
from tests.fakes.folders import quick_folder
from tests.parallel import SideBySide, file_of

PATIENCE_MS = 10_000
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)

expect.set_options(timeout=PATIENCE_MS)


WITH_LOOK = ("test_look.py", "test_tour.py", "test_phones.py", "test_without_the_hub.py")
"""Side by side, the files that share a centre with the many pictures: together they take as long as the others do."""
ANOTHER_NETWORK = "test_on_the_local_network.py"
"""The file that has a centre of its own: whichever process is done first takes it."""


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> SideBySide:
    """Side by side, two processes of equal length, each with a centre for all of its files but one."""
    return SideBySide(config, log, _group_of)


def _group_of(nodeid: str) -> str:
    file = file_of(nodeid)
    if file.endswith(ANOTHER_NETWORK):
        return file
    return "with the pictures" if file.endswith(WITH_LOOK) else "the others"


@pytest.fixture(scope="session")
def running_centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, started once for all browser tests."""
    with quick_folder(tmp_path_factory, "demo") as folder, demo_running(folder) as demo:
        yield demo


@pytest.fixture
def centre(running_centre: Demo) -> Demo:
    """The running centre, in which nothing is broken and nobody waits for help when the test begins."""
    running_centre.make_quiet()
    return running_centre


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The Chromium of this machine, without a window."""
    program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("Chromium is not installed: sudo apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def visitors(chromium: Browser, running_centre: Demo) -> Iterator[Visitors]:
    """People with a browser each. Fails a test whose pages broke their own rules, whatever else it looked at."""
    people = Visitors(chromium, running_centre)
    yield people
    people.leave()
    assert people.wrong == []
