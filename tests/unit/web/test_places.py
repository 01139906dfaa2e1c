"""Which connections to the pages are kept, when there are too many?"""

from dataclasses import dataclass

import pytest

from hub.kit.proxy_protocol import address_share, read_networks
from hub.web.places import Limits, Places


@dataclass(eq=False)
class Visitor:
    """A connection; until it is signed in it may be shed, and first while it is waited for."""

    is_signed_in: bool = False
    is_waited_for: bool = True


def come(places: Places[Visitor], address: str, number: int, **has: bool) -> tuple[list[Visitor], list[Visitor]]:
    """So many connections of this address: who came, and who was shed for them."""
    came = [Visitor(**has) for _ in range(number)]
    return came, [shed for one in came if (shed := places.enter(one, address)) is not None]


def test_four_hundred_boards_behind_one_router_have_room() -> None:
    places = Places[Visitor](Limits())

    assert come(places, "10.0.0.1", 500)[1] == []
    assert come(places, "10.0.0.2", 1)[1] == []


def test_one_address_never_takes_the_room_of_all_others() -> None:
    places = Places[Visitor](Limits())

    came, shed = come(places, "10.0.0.1", 2000)

    assert shed == came[: 2000 - Limits().connections_of_one]
    assert come(places, "10.0.0.2", 300)[1] == []


def test_when_all_places_are_taken_the_address_that_has_most_loses_its_oldest() -> None:
    places = Places[Visitor](Limits(connections=5))
    one, _ = come(places, "10.0.0.1", 2)
    most, _ = come(places, "10.0.0.2", 3)

    assert come(places, "10.0.0.3", 1)[1] == [most[0]]
    assert one


def test_who_says_nothing_is_shed_before_who_is_being_answered() -> None:
    places = Places[Visitor](Limits(connections=3))
    come(places, "10.0.0.1", 2, is_waited_for=False)
    (silent,), _ = come(places, "10.0.0.1", 1)

    assert come(places, "10.0.0.2", 1)[1] == [silent]


def test_who_is_signed_in_is_never_shed() -> None:
    places = Places[Visitor](Limits(connections=3))
    come(places, "10.0.0.1", 3, is_signed_in=True)

    (late,), shed = come(places, "10.0.0.2", 1)

    assert shed == [late]
    assert not places.under_pressure()


def test_whoever_leaves_makes_room() -> None:
    places = Places[Visitor](Limits(connections=1))
    (first,), _ = come(places, "10.0.0.1", 1)
    places.leave(first)
    places.leave(first)

    assert come(places, "10.0.0.2", 1)[1] == []


def test_a_proxy_brings_everybody_and_has_no_share() -> None:
    places = Places[Visitor](Limits(connections=10, connections_of_one=2), read_networks("10.1.0.0/16, 127.0.0.1"))

    assert come(places, "10.1.2.3", 10)[1] == []
    assert len(come(places, "10.1.2.3", 1)[1]) == 1


def test_once_its_proxy_has_said_where_it_comes_from_a_connection_counts_there() -> None:
    places = Places[Visitor](Limits(connections_of_one=2), read_networks("10.1.0.0/16"))
    came, _ = come(places, "10.1.2.3", 3)

    shed = [places.move(one, "203.0.113.7") for one in came]

    assert shed == [None, None, came[0]]


def test_half_of_all_places_without_anybody_signed_in_is_pressure() -> None:
    places = Places[Visitor](Limits(connections=4))
    come(places, "10.0.0.1", 1)
    assert not places.under_pressure()

    come(places, "10.0.0.2", 1)

    assert places.under_pressure()


@pytest.mark.parametrize(
    ("one", "other"),
    [("2001:db8::1", "2001:db8::ffff"), ("::ffff:10.0.0.1", "10.0.0.1"), ("fe80::1%eth0", "fe80::2%eth0")],
)
def test_addresses_of_one_host_share_one_share(one: str, other: str) -> None:
    assert address_share(one) == address_share(other)


def test_two_hosts_have_two_shares() -> None:
    assert address_share("10.0.0.1") != address_share("10.0.0.2")
    assert address_share("2001:db8:0:1::1") != address_share("2001:db8:0:2::1")
