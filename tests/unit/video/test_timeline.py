"""When a picture was captured, whatever the camera's clock and the network do."""

from hypothesis import given
from hypothesis import strategies as st

from hub.video.media.timeline import CAMERA_DELAY, CLOCK_RATE, Timeline

FRAME = 1 / 12


def test_pictures_that_come_in_time_are_as_far_apart_as_the_camera_says() -> None:
    timeline = Timeline()
    timeline.place(0.0, 100.0)

    first, second = (timeline.place(n * FRAME, 100.0 + n * FRAME) for n in (1, 2))

    assert abs(second.timestamp - first.timestamp - CLOCK_RATE * FRAME) < 20
    assert abs(second.captured_at - (100.0 + FRAME - CAMERA_DELAY)) < 0.001


def test_pictures_that_piled_up_in_the_network_are_as_old_as_they_are() -> None:
    timeline = Timeline()
    for n in range(12):
        timeline.place(n * FRAME, 100.0 + n * FRAME)

    late = timeline.place(12 * FRAME, 104.0)  # three seconds in the network

    assert late.captured_at < 101.0


def test_a_camera_whose_clock_begins_again_is_believed_from_there() -> None:
    timeline = Timeline()
    timeline.place(5000.0, 100.0)
    timeline.restarted()

    timeline.place(0.0, 110.0)
    moment = timeline.place(FRAME, 110.0 + FRAME)

    assert 109.8 < moment.captured_at < 110.0


steps = st.lists(st.tuples(st.none() | st.floats(-5, 5), st.floats(0, 3)), max_size=40)


@given(steps)
def test_timestamps_always_rise_and_no_picture_is_of_the_future(steps: list[tuple[float | None, float]]) -> None:
    timeline = Timeline()
    shown, received_at, last = 100.0, 50.0, -1

    for step, wait in steps:
        shown += step or 0.0
        received_at += wait
        moment = timeline.place(None if step is None else shown, received_at)
        assert moment.timestamp > last
        assert moment.captured_at <= received_at - CAMERA_DELAY + 1e-6
        last = moment.timestamp


@given(st.lists(st.floats(0, 2), min_size=2, max_size=60))
def test_no_picture_is_said_to_be_younger_than_it_is(delays: list[float]) -> None:
    """The network delays each picture by so much more than the first; none may count as captured later than it was."""
    timeline = Timeline()
    timeline.place(0.0, 100.0)
    arrival = 100.0

    for n, delay in enumerate(delays, start=1):
        captured = 100.0 + n * FRAME
        arrival = max(arrival, captured + delay)
        moment = timeline.place(n * FRAME, arrival)
        assert moment.captured_at <= captured + 0.001 * (arrival - 100.0)
