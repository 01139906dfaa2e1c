"""What journeys share: one whole centre that runs, for all tests that leave it fit for the next.

Most run twice, through the built-in broker and through a Mosquitto. What foreign clients are told is a broker's own.
"""

import re
from collections.abc import Iterator

import pytest

from tests.fakes.demo import Demo, demo_running
from tests.fakes.folders import quick_folder
from tests.parallel import SideBySide, file_of

BUILT_IN = "built-in"
MOSQUITTO = pytest.param("mosquitto", marks=pytest.mark.mosquitto)
BROKERS = {
    "test_a_press": (BUILT_IN, MOSQUITTO),
    "test_readings": (BUILT_IN, MOSQUITTO),
    "test_a_family": (BUILT_IN, MOSQUITTO),
    "test_kill_9": (BUILT_IN, MOSQUITTO),
    "test_safe_by_default": (BUILT_IN, MOSQUITTO),
    "test_stop_and_start": (BUILT_IN, MOSQUITTO),
    "test_the_stage": (BUILT_IN, MOSQUITTO),
    "test_mosquitto": (MOSQUITTO,),
}
"""The brokers through which the journeys of a file run; those of other files have the built-in one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first minutes of a centre come before anybody has touched it."""
    items.sort(key=lambda item: "untouched_centre" not in getattr(item, "fixturenames", ()))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each journey through its brokers, all of one broker before those of the next."""
    if "running_centre" in metafunc.fixturenames:
        name = metafunc.module.__name__.rpartition(".")[2]
        metafunc.parametrize("running_centre", BROKERS.get(name, (BUILT_IN,)), indirect=True, scope="session")


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> SideBySide:
    """Side by side, the journeys through one broker share a centre; the others start their own."""
    return SideBySide(config, log, _group_of)


def _group_of(nodeid: str) -> str:
    through = re.search(r"\[(built-in|mosquitto)\b", nodeid)
    return file_of(nodeid) if through is None else through[1]


@pytest.fixture(scope="session")
def running_centre(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, started once for each broker; its first minutes go on until somebody touches it."""
    with (
        quick_folder(tmp_path_factory, "centre") as folder,
        demo_running(folder, untouched=True, ANLING_BROKER=request.param) as demo,
    ):
        yield demo


@pytest.fixture
def untouched_centre(running_centre: Demo) -> Demo:
    """The running centre of which no test has asked anything yet."""
    assert running_centre.untouched, "another test of this centre was before the one of its first minutes"
    return running_centre


@pytest.fixture
def centre(running_centre: Demo) -> Demo:
    """The running centre, in which nothing is broken and nobody waits for help when the test begins."""
    running_centre.make_quiet()
    return running_centre
