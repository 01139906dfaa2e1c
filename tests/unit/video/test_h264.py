"""What is in a coded picture."""

from dataclasses import replace

import numpy as np
import pytest

from hub.video.media import h264
from simulators.rtsp.encoder import START, Encoder, Knobs
from simulators.rtsp.picture import Planes


def coded(knobs: Knobs) -> list[bytes]:
    """Eight moving pictures as byte streams."""
    encoder = Encoder(knobs)
    noise = np.random.default_rng(0).integers(0, 255, (knobs.height * 3 // 2, knobs.width), dtype=np.uint8)
    pictures: list[bytes] = []
    for number in range(8):
        planes = Planes(np.ascontiguousarray(np.roll(noise, number * 3, axis=1)), knobs.width, knobs.height)
        units = encoder.encode(planes, number * knobs.ticks)
        pictures += [b"".join(START + one for one in unit.units) for unit in units]
    return pictures


SMALL = Knobs(width=64, height=48)


def test_a_key_picture_with_its_parameter_sets_stands_alone() -> None:
    key, *others = coded(SMALL)

    assert h264.has_parameter_sets(key)
    assert not any(h264.has_parameter_sets(one) for one in others)


def test_parameter_sets_make_a_key_picture_stand_alone() -> None:
    bare = coded(replace(SMALL, parameter_sets_in_band=False))[0]
    sets = h264.parameter_sets(coded(SMALL)[0])

    assert not h264.has_parameter_sets(bare)
    assert h264.has_parameter_sets(sets + bare)


@pytest.mark.parametrize("knobs", [SMALL, replace(SMALL, profile="main"), replace(SMALL, profile="high")])
def test_pictures_without_b_slices_have_none(knobs: Knobs) -> None:
    assert not any(h264.has_b_slices(one) for one in coded(knobs))


def test_b_slices_are_seen() -> None:
    assert any(h264.has_b_slices(one) for one in coded(replace(SMALL, profile="main", b_frames=2)))


@pytest.mark.parametrize("nonsense", [b"", b"\x00\x00\x01", b"\x00\x00\x01\x41", b"\xff" * 40, b"\x00\x00\x01\x01\x00"])
def test_nonsense_is_nothing(nonsense: bytes) -> None:
    assert not h264.has_b_slices(nonsense)
    assert not h264.has_parameter_sets(nonsense)
