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
def test_no_picture_is_said_to_be_younger_than_it_is_by_more_than_the_network_s_jitter(delays: list[float]) -> None:
    """A network that delays ever more cannot be told from a slow clock: by so much a picture may seem younger."""
    timeline = Timeline()
    timeline.place(0.0, 100.0)
    arrival, jitter = 100.0, 0.0

    for n, delay in enumerate(delays, start=1):
        captured = 100.0 + n * FRAME
        arrival = max(arrival, captured + delay)
        jitter = max(jitter, arrival - captured)
        moment = timeline.place(n * FRAME, arrival)
        assert moment.captured_at <= captured + jitter - CAMERA_DELAY


@given(
    rate=st.floats(0.5, 1.5),
    frames_per_second=st.sampled_from([5, 12, 25]),
    jitters=st.lists(st.floats(0, 0.1), min_size=1, max_size=20),
    begun=st.floats(0, 1e6),
)
def test_a_clock_that_runs_wrong_makes_no_picture_old_and_none_younger_than_the_network_s_jitter(
    rate: float, frames_per_second: int, jitters: list[float], begun: float
) -> None:
    timeline, step, arrival = Timeline(), 1 / frames_per_second, 0.0

    for n in range(40 * frames_per_second):
        captured = 50.0 + n * step
        arrival = max(arrival, captured + jitters[n % len(jitters)])
        moment = timeline.place(begun + n * step * rate, arrival)

        assert arrival - moment.captured_at < 2.0
        assert moment.captured_at <= captured + 0.1


def test_what_the_network_delays_for_long_is_as_old_as_it_is_and_after_half_a_minute_as_it_came() -> None:
    timeline = Timeline()
    ages = []
    for n in range(70 * 12):
        captured = 100.0 + n * FRAME
        arrival = captured + (1.5 if n > 20 * 12 else 0.0)
        ages.append(arrival - timeline.place(n * FRAME, arrival).captured_at)

    assert min(ages[21 * 12 : 47 * 12]) > 1.5
    assert max(ages[60 * 12 :]) < 0.5


@given(st.lists(st.floats(0, 2), min_size=2, max_size=24))
def test_pictures_of_the_first_seconds_are_never_said_to_be_younger_than_they_are(delays: list[float]) -> None:
    """Nothing is known of the camera's clock yet, so all that rises is the network's."""
    timeline, arrival = Timeline(), 100.0
    timeline.place(0.0, 100.0)

    for n, delay in enumerate(delays, start=1):
        captured = 100.0 + n * FRAME
        arrival = max(arrival, captured + delay)
        moment = timeline.place(n * FRAME, min(arrival, 102.9))
        assert moment.captured_at <= captured
