"""How many descriptors may clients take?"""

import resource
import subprocess
import sys

import pytest

from hub.kit.descriptors import KEPT, places_for_clients

RAISE = "from hub.kit.descriptors import *; raise_descriptor_limit(); import resource; print(resource.getrlimit(7)[0])"


@pytest.mark.parametrize(
    ("limit", "places"),
    [(65_536, 5000), (5200, 5000), (5199, 4999), (1024, 824), (401, 201), (400, 200), (256, 128), (64, 32)],
)
def test_two_hundred_are_kept_and_of_very_few_half(limit: int, places: int) -> None:
    assert KEPT == 200
    assert places_for_clients(5000, limit) == places


def test_an_unlimited_number_is_no_reason_for_more() -> None:
    assert places_for_clients(5000, resource.RLIM_INFINITY) == 5000


@pytest.mark.parametrize(("soft", "hard", "raised"), [(256, 1500, 1500), (1500, 1500, 1500)])
def test_the_soft_limit_is_raised_to_the_hard_one(soft: int, hard: int, raised: int) -> None:
    said = subprocess.run(
        ["sh", "-c", f'ulimit -Sn {soft} && ulimit -Hn {hard} && exec "$0" -c "$1"', sys.executable, RAISE],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert int(said.stdout) == raised
