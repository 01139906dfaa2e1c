"""When does the supervisor tell people itself?"""

from hub.embedded.last_resort import HubOutage
from hub.notifications.model import OutageState


def told(looks: list[bool], *, every: float = 5.0, ends: tuple[float, ...] = ()) -> list[tuple[float, OutageState]]:
    """What is told at which second, when the hub is found like this and the alarm path ends at these moments."""
    outage, said, left = HubOutage(not_ready_at=0.0), [], list(ends)
    for number, is_ready in enumerate(looks):
        now = number * every
        while left and left[0] <= now:
            outage.note_end("alarm-path", left.pop(0))
        outage.note_look(now, is_ready=is_ready)
        if (state := outage.due_state(now)) is not None:
            outage.was_told(state, now)
            said.append((now, state))
    return said


def test_a_minute_without_a_ready_hub_is_told_and_again_every_five_minutes() -> None:
    assert told([False] * 150) == [(60.0, OutageState.DOWN), (360.0, OutageState.DOWN), (660.0, OutageState.DOWN)]


def test_an_update_is_nobodys_night() -> None:
    assert told([True] * 3 + [False] * 11 + [True] * 50) == []


def test_a_hub_that_is_ready_for_a_moment_now_and_then_is_not_well() -> None:
    assert told([False, True] * 8) == [(60.0, OutageState.DOWN)]


def test_it_is_back_once_it_has_been_ready_for_half_a_minute() -> None:
    assert told([False] * 13 + [True] * 10) == [(60.0, OutageState.DOWN), (90.0, OutageState.BACK)]


def test_an_alarm_path_that_is_killed_every_few_seconds_is_told_though_it_looks_ready() -> None:
    ends = tuple(float(second) for second in range(3, 60, 6))

    assert told([True] * 60, ends=ends) == [(35.0, OutageState.DOWN), (90.0, OutageState.BACK)]


def test_five_ends_in_a_minute_are_the_supervisors_own_matter() -> None:
    assert told([True] * 60, ends=(1.0, 2.0, 3.0, 4.0, 5.0, 70.0, 75.0)) == []


def test_what_nobody_took_is_due_at_the_next_look() -> None:
    outage, due = HubOutage(not_ready_at=0.0, not_ready_since=0.0), []
    for second in (59.0, 60.0, 62.0):
        outage.note_look(second, is_ready=False)
        due.append(outage.due_state(second))

    assert due == [None, OutageState.DOWN, OutageState.DOWN]
