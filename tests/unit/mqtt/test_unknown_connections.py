"""Which connections that nobody has authenticated are kept, when there are too many?"""

from hypothesis import given
from hypothesis import strategies as st

from hub.mqtt.unknown_connections import UnknownConnections, UnknownLimits

FEW = UnknownLimits(in_all=6, of_address=3, kept_for_known=2, known_addresses=2, pressure=4)


def came(unknown: UnknownConnections[str], address: str, *names: str) -> list[str]:
    """Who was shed when these came, one after the other."""
    return [shed for name in names if (shed := unknown.add(name, address)) is not None]


def test_of_one_address_the_oldest_is_shed() -> None:
    unknown = UnknownConnections[str](FEW)

    assert came(unknown, "10.0.0.1", "a", "b", "c", "d", "e") == ["a", "b"]
    assert len(unknown) == 3


def test_who_has_sent_a_connect_is_shed_after_those_that_have_not() -> None:
    unknown = UnknownConnections[str](FEW)
    came(unknown, "10.0.0.1", "a", "b", "c")
    unknown.waits_for_answer("a")

    assert came(unknown, "10.0.0.1", "d", "e", "f") == ["b", "c", "d"]


def test_strangers_leave_places_for_addresses_that_devices_had() -> None:
    unknown = UnknownConnections[str](FEW)
    came(unknown, "10.0.0.9", "device")
    unknown.authenticated("device")
    assert came(unknown, "10.0.0.1", "a", "b") + came(unknown, "10.0.0.2", "c", "d") == []

    assert came(unknown, "10.0.0.3", "e") == ["a"], "strangers have four of six places"
    assert came(unknown, "10.0.0.9", "f", "g") == []
    assert came(unknown, "10.0.0.9", "h") != ["f"], "and lose one of those before a known address does"


def test_one_address_with_many_is_shed_before_one_with_one() -> None:
    unknown = UnknownConnections[str](FEW)
    came(unknown, "10.0.0.1", "alone")
    came(unknown, "10.0.0.2", "a", "b", "c")

    assert came(unknown, "10.0.0.3", "new") == ["a"]


def test_a_proxy_has_no_share_of_its_own_and_its_client_has() -> None:
    unknown = UnknownConnections[str](UnknownLimits(in_all=60, of_address=2, kept_for_known=0))
    assert came(unknown, "", *map(str, range(10))) == []

    shed = [unknown.move(str(number), "203.0.113.7") for number in range(4)]

    assert shed == [None, None, "0", "1"]


def test_known_addresses_are_remembered_up_to_a_number() -> None:
    unknown = UnknownConnections[str](FEW)
    for number in range(3):
        came(unknown, f"10.0.1.{number}", str(number))
        unknown.authenticated(str(number))
    came(unknown, "10.0.0.1", "a", "b")
    came(unknown, "10.0.0.2", "c", "d")

    assert came(unknown, "10.0.1.0", "e") == ["a"], "the first is a stranger again"
    assert came(unknown, "10.0.1.2", "f") == []


def test_with_many_of_them_each_has_less_time() -> None:
    unknown = UnknownConnections[str](FEW)
    came(unknown, "10.0.0.1", "a", "b", "c")
    assert unknown.connect_within_seconds == 5.0

    came(unknown, "10.0.0.2", "d")

    assert unknown.connect_within_seconds == 2.0


def test_when_the_house_is_full_a_stranger_gives_her_place() -> None:
    unknown = UnknownConnections[str](FEW)
    came(unknown, "10.0.0.1", "a")

    assert unknown.add("b", "10.0.0.2", full=True) == "a"
    assert UnknownConnections[str](FEW).add("c", "10.0.0.2", full=True) is None


ADDRESSES = st.sampled_from(["", "10.0.0.1", "10.0.0.2", "10.0.0.3"])
STEPS = st.lists(st.tuples(st.sampled_from(["add", "waits", "known", "gone", "move"]), ADDRESSES), max_size=60)


@given(STEPS)
def test_whatever_comes_and_goes_no_bound_is_passed_and_the_newest_is_never_shed(steps: list[tuple[str, str]]) -> None:
    unknown, names = UnknownConnections[int](FEW), list[int]()
    for number, (step, address) in enumerate(steps):
        oldest = names[0] if names else -1
        if step == "add":
            assert unknown.add(number, address) != number
            names.append(number)
        elif step == "move" and unknown.holds(oldest):
            assert unknown.move(oldest, address) != oldest
        elif step == "waits":
            unknown.waits_for_answer(oldest)
        elif step == "known":
            unknown.authenticated(oldest)
        else:
            unknown.remove(oldest)
        names = [name for name in names if unknown.holds(name)]

        assert len(unknown) == len(names) <= FEW.in_all
        assert all(unknown.count_of(one) <= FEW.of_address for one in ("10.0.0.1", "10.0.0.2", "10.0.0.3"))
