"""What a late joiner is given at once."""

from hypothesis import given
from hypothesis import strategies as st

from hub.video.media.frames import LONGEST_SECONDS, MOST_BYTES, Frame, Gop, compress_timestamps
from hub.video.media.timeline import CLOCK_RATE, FrameTime


def frame(number: int, *, key: bool = False, size: int = 1000) -> Frame:
    return Frame(b"x" * size, FrameTime(100.0 + number / 12, 1_000_000 + number * CLOCK_RATE // 12), key)


def test_a_key_picture_begins_anew() -> None:
    gop = Gop()
    for number in range(5):
        gop.add(frame(number, key=number in (0, 3)))

    assert [one.is_key for one in gop.frames] == [True, False]


def test_without_a_key_picture_nothing_is_kept() -> None:
    gop = Gop()
    gop.add(frame(1))

    assert gop.frames == ()


@given(st.lists(st.tuples(st.booleans(), st.integers(1, MOST_BYTES)), max_size=80))
def test_what_is_kept_is_small_young_and_begins_with_a_key(pictures: list[tuple[bool, int]]) -> None:
    gop = Gop()
    for number, (key, size) in enumerate(pictures):
        gop.add(frame(number, key=key, size=size))

        kept = gop.frames
        assert not kept or kept[0].is_key
        assert sum(len(one.coded) for one in kept) <= MOST_BYTES
        assert not kept or kept[-1].captured_at - kept[0].captured_at <= LONGEST_SECONDS


@given(st.integers(0, 48))
def test_kept_pictures_follow_each_other_closely_and_end_at_the_live_one(count: int) -> None:
    frames = tuple(frame(number, key=number == 0) for number in range(count))

    given = compress_timestamps(frames)

    timestamps = [timestamp for _, timestamp in given]
    assert [one for one, _ in given] == list(frames)
    assert timestamps == sorted(set(timestamps))
    assert not given or timestamps[-1] == frames[-1].moment.timestamp
    assert not given or timestamps[-1] - timestamps[0] < CLOCK_RATE // 12
