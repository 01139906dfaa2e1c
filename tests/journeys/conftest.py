"""What journeys share: one whole centre that runs, for all tests that leave it fit for the next."""

from collections.abc import Iterator

import pytest

from tests.fakes.demo import Demo, demo_running


@pytest.fixture(scope="session")
def running_centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, started once."""
    with demo_running(tmp_path_factory.mktemp("centre")) as demo:
        yield demo


@pytest.fixture
def centre(running_centre: Demo) -> Demo:
    """The running centre, in which nothing is broken and nobody waits for help when the test begins."""
    running_centre.make_quiet()
    return running_centre
