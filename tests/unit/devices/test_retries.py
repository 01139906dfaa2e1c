"""Is a message repeated when the protocol says, and does a house come back one by one?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.retries import pause_before_connecting, wait_after


def test_a_press_is_repeated_after_1_2_4_8_and_then_every_15_seconds() -> None:
    assert [wait_after(tries, spooled=False) for tries in range(1, 8)] == [1, 2, 4, 8, 15, 15, 15]


def test_a_spooled_press_is_asked_for_every_minute() -> None:
    assert {wait_after(tries, spooled=True) for tries in range(1, 8)} == {60.0}


@pytest.mark.parametrize(("failures", "longest"), [(0, 1), (1, 2), (2, 4), (4, 16), (5, 30), (1000, 30)])
def test_the_pause_before_connecting_doubles_up_to_30_seconds(failures: int, longest: float) -> None:
    assert pause_before_connecting(failures, 1.0) == longest
    assert pause_before_connecting(failures, 0.0) == longest / 2


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_a_device_never_hurries_and_never_gives_up(failures: int, chance: float) -> None:
    assert 0.5 <= pause_before_connecting(failures, chance) <= 30
