"""Which notification goes next: each destination by itself, firsts before repeats, and every message is settled."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hub.kit.ids import AccountId, AlarmId, CentreId
from hub.notifications.slots import (
    CLOSED,
    HANGS_UNTIL_OPEN,
    LONGEST_REST,
    PROBE_EVERY,
    SLOTS,
    Choice,
    Circuit,
    Destination,
    DueNotification,
    choose_next,
)

HOOK = Destination("webhook", "https://phones.example/zhou")
MAIL = Destination("email", "zhou@example.org")
OPEN = Circuit(hangs=2, probe_at=100.0)


def due(number: int, destination: Destination = HOOK, **changes: object) -> DueNotification:
    whole = DueNotification(
        id=f"n-{number:03}",
        centre_id=CentreId("c"),
        alarm_id=AlarmId(f"a-{number}"),
        n=1,
        account_id=AccountId("zhou"),
        destination=destination,
        priority="P1",
        due_at_epoch=0.0,
        tries=0,
        is_first=True,
        goes_everywhere=True,
        is_superseded=False,
    )
    return replace(whole, **changes)  # type: ignore[arg-type]  # each test names what differs


def repeat(number: int, destination: Destination = HOOK) -> DueNotification:
    return due(number, destination, is_first=False, n=2)


def ids(rows: Sequence[DueNotification]) -> list[str]:
    return [one.id for one in rows]


def test_the_first_message_of_a_new_alarm_goes_before_sixty_repeats_and_in_the_first_free_slot() -> None:
    choice = choose_next([*(repeat(n) for n in range(60)), due(60)], {HOOK: SLOTS - 1}, {}, 0.0)

    assert ids(choice.send) == ["n-060"]


def test_a_destination_whose_slots_are_taken_holds_up_no_other() -> None:
    choice = choose_next([due(1), due(2, MAIL)], {HOOK: SLOTS}, {}, 0.0)

    assert ids(choice.send) == ["n-002"]
    assert choice.refuse == ()


def test_an_address_that_hung_twice_gets_one_message_at_a_time_and_no_repeat() -> None:
    circuit = CLOSED.after_hang(10.0).after_hang(15.0)

    choice = choose_next([repeat(1), due(2), due(3)], {}, {HOOK: circuit}, 16.0)

    assert ids(choice.send) == ["n-002"]
    assert ids(choice.refuse) == ["n-001"]
    assert choose_next([due(3)], {HOOK: 1}, {HOOK: circuit}, 16.0) == Choice((), (), ())


def test_what_was_tried_once_on_an_open_circuit_is_not_tried_again_before_its_probe() -> None:
    assert ids(choose_next([due(1, tries=1)], {}, {HOOK: OPEN}, 99.0).refuse) == ["n-001"]
    assert ids(choose_next([due(1, tries=1)], {}, {HOOK: OPEN}, 100.0).send) == ["n-001"]


def test_a_message_for_which_only_one_channel_was_chosen_goes_to_the_next_one_at_once() -> None:
    assert ids(choose_next([due(1, goes_everywhere=False)], {}, {HOOK: OPEN}, 0.0).refuse) == ["n-001"]


def test_one_hang_opens_nothing_and_any_answer_closes() -> None:
    assert not CLOSED.after_hang(0.0).is_open
    assert not CLOSED.after_hang(0.0).after_answer(1.0).after_hang(2.0).is_open
    assert CLOSED.after_hang(0.0).after_hang(5.0) == Circuit(2, 5.0 + PROBE_EVERY)
    assert OPEN.after_answer(101.0) == CLOSED
    assert OPEN.after_hang(105.0).probe_at == 105.0 + PROBE_EVERY


def test_a_provider_that_asks_for_a_pause_has_it_except_from_a_first_call_for_help() -> None:
    resting = CLOSED.after_answer(0.0, pause=20.0)

    choice = choose_next([repeat(1), due(2)], {}, {HOOK: resting}, 19.0)

    assert (ids(choice.send), choice.refuse) == (["n-002"], ())
    assert ids(choose_next([repeat(1)], {}, {HOOK: resting}, 20.0).send) == ["n-001"]
    assert CLOSED.after_answer(0.0, pause=1e9).rests_until == LONGEST_REST
    assert CLOSED.after_answer(7.0, pause=-3.0).rests_until == 7.0


def test_what_a_newer_message_replaces_is_dropped() -> None:
    choice = choose_next([due(1, is_superseded=True), repeat(2)], {}, {}, 0.0)

    assert (ids(choice.send), ids(choice.drop)) == (["n-002"], ["n-001"])


ADDRESSES = [Destination(channel, f"{name}@example") for channel in ("webhook", "email") for name in "ab"]
ROWS = st.lists(
    st.builds(
        due,
        number=st.integers(0, 999),
        destination=st.sampled_from(ADDRESSES),
        priority=st.sampled_from(["P1", "P2"]),
        due_at_epoch=st.integers(0, 9).map(float),
        tries=st.integers(0, 3),
        is_first=st.booleans(),
        goes_everywhere=st.booleans(),
        is_superseded=st.booleans(),
    ),
    max_size=30,
    unique_by=lambda one: one.id,
)
CIRCUITS = st.dictionaries(
    st.sampled_from(ADDRESSES),
    st.one_of(
        st.just(CLOSED),
        st.integers(0, 40).map(lambda at: Circuit(HANGS_UNTIL_OPEN, float(at))),
        st.integers(0, 40).map(lambda at: Circuit(rests_until=float(at))),
    ),
)
IN_FLIGHT = st.dictionaries(st.sampled_from(ADDRESSES), st.integers(0, SLOTS + 2))


@given(ROWS, IN_FLIGHT, CIRCUITS, st.integers(0, 50))
def test_no_message_waits_for_another_destination(
    rows: list[DueNotification], in_flight: dict[Destination, int], circuits: dict[Destination, Circuit], now: int
) -> None:
    whole = choose_next(rows, in_flight, circuits, now)

    for destination in ADDRESSES:
        alone = choose_next([one for one in rows if one.destination == destination], in_flight, circuits, now)
        for together, apart in zip(
            (whole.send, whole.refuse, whole.drop), (alone.send, alone.refuse, alone.drop), strict=True
        ):
            assert [one for one in together if one.destination == destination] == list(apart)


@given(ROWS, IN_FLIGHT, CIRCUITS, st.integers(0, 50))
def test_no_repeat_overtakes_a_first_and_no_slot_is_taken_twice(
    rows: list[DueNotification], in_flight: dict[Destination, int], circuits: dict[Destination, Circuit], now: int
) -> None:
    choice = choose_next(rows, in_flight, circuits, now)

    settled = Counter(one.id for one in (*choice.send, *choice.refuse, *choice.drop))
    waiting = [one for one in rows if one.id not in settled]
    assert set(settled.values()) <= {1}
    for destination in ADDRESSES:
        sent = [one for one in choice.send if one.destination == destination]
        assert not sent or len(sent) + in_flight.get(destination, 0) <= SLOTS
        firsts_wait = any(one.destination == destination and one.is_first for one in waiting)
        assert not (firsts_wait and any(not one.is_first for one in sent))


@given(ROWS, CIRCUITS, st.lists(st.sampled_from(["answer", "hang", "pause"]), min_size=1))
def test_every_message_is_settled_whatever_its_destination_does(
    rows: list[DueNotification], circuits: dict[Destination, Circuit], happens: list[str]
) -> None:
    left, now, turn = {one.id: one for one in rows}, 0.0, 0
    for _ in range(4 * len(rows) + 1):
        choice = choose_next(left.values(), {}, circuits, now)
        for one in (*choice.send, *choice.refuse, *choice.drop):
            left.pop(one.id)
        for one in choice.send:
            circuit, what = circuits.get(one.destination, CLOSED), happens[turn % len(happens)]
            turn += 1
            if what == "hang":
                circuits[one.destination] = circuit.after_hang(now)
            else:
                circuits[one.destination] = circuit.after_answer(now, 30.0 if what == "pause" else None)
        now += 20.0

    assert left == {}
