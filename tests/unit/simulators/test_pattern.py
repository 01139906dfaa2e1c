"""Whether what is burnt into a picture can be read back from it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.rtsp.pattern import BRIGHT, Stamp, read_stamp, write_stamp

stamps = st.builds(
    Stamp,
    st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=32),
    st.integers(0, 2**42 - 1),
)


def grey(width: int = 640, height: int = 360) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((height, width), 120, dtype=np.uint8)


@given(stamps)
def test_what_is_burnt_in_is_read_back(stamp: Stamp) -> None:
    luma = grey()

    write_stamp(luma, stamp)

    assert read_stamp(luma) == stamp


@given(stamps, st.integers(0, 2**32 - 1))
def test_noise_as_strong_as_a_coarse_codec_s_does_no_harm(stamp: Stamp, seed: int) -> None:
    luma = grey()
    write_stamp(luma, stamp)
    noise = np.random.default_rng(seed).integers(-60, 60, luma.shape)

    seen = np.clip(luma.astype(int) + noise, 0, 255).astype(np.uint8)

    assert read_stamp(seen) == stamp


@given(stamps, st.integers(0, 255))
def test_a_wrong_bit_is_noticed(stamp: Stamp, place: int) -> None:
    luma = grey()
    write_stamp(luma, stamp)
    row, column = divmod(place, 64)

    block = luma[320 + row * 10 : 330 + row * 10, column * 10 : column * 10 + 10]
    block[:] = 255 if block[0, 0] < BRIGHT else 0

    assert read_stamp(luma) is None


def test_a_picture_of_another_size_is_read_the_same() -> None:
    luma = grey(1280, 720)

    write_stamp(luma, Stamp("music", 1_700_000_000_000))

    assert read_stamp(luma) == Stamp("music", 1_700_000_000_000)


def test_a_picture_without_a_stamp_has_none() -> None:
    assert read_stamp(grey()) is None


@pytest.mark.parametrize("room_id", ["x" * 33, "Gym", "健身室"])
def test_an_id_that_the_pattern_cannot_hold_is_refused(room_id: str) -> None:
    with pytest.raises(ValueError, match="the pattern has room"):
        write_stamp(grey(), Stamp(room_id, 0))
