"""When are people told that the hub is silent, and when that it is back?"""

import pytest

from hub.commands.outside_watch import Watched, judge_look, text_of, was_told

BAD = "no answer"


def told(looks: list[str | None], *, every: float = 15.0, again: float = 600.0) -> list[tuple[float, str]]:
    """What is told at which second, when the looks find this and somebody always hears it."""
    watched, said = Watched(), []
    for number, found in enumerate(looks):
        now = number * every
        state = judge_look(watched, found, now, again)
        if state is not None:
            said.append((now, state))
            was_told(watched, state, now)
    return said


def test_a_hub_that_falls_silent_is_told_at_the_third_look() -> None:
    assert told([None, None, BAD, BAD, BAD, BAD]) == [(60.0, "down")]


def test_a_restart_of_the_pages_is_nobodys_night() -> None:
    assert told([None, BAD, BAD, None, None, None, None, BAD, None]) == []


def test_a_hub_that_comes_and_goes_is_told() -> None:
    assert told([None, BAD, None, BAD, None, BAD]) == [(75.0, "down")]


def test_while_it_lasts_it_is_said_again() -> None:
    assert told([BAD] * 50, again=300.0) == [(30.0, "down"), (330.0, "still"), (630.0, "still")]


def test_it_is_back_after_four_good_looks_in_a_row() -> None:
    looks = [BAD] * 3 + [None, None, BAD] + [None] * 4 + [None] * 5

    assert told(looks) == [(30.0, "down"), (135.0, "back")]


def test_after_it_is_back_it_is_watched_as_before() -> None:
    looks = [BAD] * 3 + [None] * 6 + [BAD] * 3

    assert [state for _, state in told(looks)] == ["down", "back", "down"]


def test_what_nobody_took_is_said_at_the_next_look() -> None:
    watched = Watched()

    assert [judge_look(watched, BAD, float(second)) for second in range(5)] == [None, None, "down", "down", "down"]


@pytest.mark.parametrize("state", ["down", "still", "back", "watching"])
def test_each_message_is_in_both_languages_and_says_where(state: str) -> None:
    text = text_of(state, "https://care.example.org/readyz", "no answer")

    assert "安铃" in text
    assert "hub" in text
    assert "https://care.example.org/readyz" in text
