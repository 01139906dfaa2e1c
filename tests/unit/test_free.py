"""What tests of a running centre have to themselves: nobody is in two hands, and where nobody is left it is said."""

from dataclasses import dataclass, field

import pytest

from tests.fakes.free import Free, FreeSenior


@dataclass
class Centre:
    """The rows of a small centre: three seniors with a button each, and two rooms."""

    waiting: set[str] = field(default_factory=set)
    alarms: dict[str, str] = field(default_factory=dict)

    def rows(self, statement: str, *_values: object) -> list[tuple[object, ...]]:
        if "FROM senior" in statement:
            return [(f"s-{n}", f"b-{n}", f"长者{n}", f"Senior {n}") for n in (10, 11, 12)]
        if "FROM room" in statement:
            return [("chess", "棋牌室"), ("reading", "阅览室")]
        if "state IN" in statement:
            return [(senior_id, None) for senior_id in self.waiting]
        return [] if "FROM press" in statement else [(alarm_id,) for alarm_id in self.alarms]


def ids(seniors: list[FreeSenior]) -> list[str]:
    return [one.id for one in seniors]


def test_a_test_has_three_different_seniors_and_a_fourth_is_refused_in_words() -> None:
    free = Free(Centre().rows)

    assert ids(free.seniors(3)) == ["s-10", "s-11", "s-12"]
    with pytest.raises(AssertionError, match="no senior is left for this test: it has 3, and 0 wait for help"):
        free.senior()


def test_whoever_waits_for_help_since_an_earlier_test_is_passed_over() -> None:
    free = Free(Centre(waiting={"s-10"}).rows)

    assert ids(free.seniors(2)) == ["s-11", "s-12"]
    with pytest.raises(AssertionError, match="it has 2, and 1 wait for help since tests before it"):
        free.senior()


def test_the_next_test_gets_those_who_have_rested_longest() -> None:
    free = Free(Centre().rows)
    free.seniors(2)

    free.take_back()

    assert ids(free.seniors(3)) == ["s-12", "s-10", "s-11"]


def test_alarms_from_before_are_not_hers() -> None:
    centre = Centre(alarms={"a-1": "b-10"})
    free = Free(centre.rows)
    somebody = free.senior()

    centre.alarms["a-2"] = somebody.button

    assert free.alarms_of(somebody) == ["a-2"]


def test_a_third_room_of_two_is_refused_in_words() -> None:
    free = Free(Centre().rows)

    assert [free.room().id, free.room().id] == ["chess", "reading"]
    with pytest.raises(AssertionError, match="no room is left for this test: it has 2"):
        free.room()
