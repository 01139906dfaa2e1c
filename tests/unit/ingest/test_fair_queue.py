"""Which message is next: devices take turns, nothing is lost, nothing is taken twice, and a repeat joins."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hub.ingest.fair_queue import FairQueue

DEVICES = ("b-01", "b-02", "b-03", "b-04")


def test_devices_take_turns() -> None:
    queue = FairQueue[int]()
    for number in range(100):
        queue.add("b-flood", number)
    queue.add("b-wang", 1)
    queue.add("b-li", 2)

    assert queue.take(4) == [("b-flood", 0), ("b-wang", 1), ("b-li", 2), ("b-flood", 1)]
    assert len(queue) == 98


def test_a_device_that_was_served_waits_behind_one_that_comes() -> None:
    queue = FairQueue[int]()
    for number in range(3):
        queue.add("b-flood", number)
    queue.take(1)
    queue.add("b-wang", 7)

    assert queue.take(3) == [("b-flood", 1), ("b-wang", 7), ("b-flood", 2)]


def test_a_repeat_joins_what_waits_and_what_is_in_flight_and_nothing_that_is_over() -> None:
    queue = FairQueue[str]()
    queue.add("b-wang", "first", identity="id-1")

    assert queue.find("id-1") == "first"
    taken = queue.take(1)
    assert queue.find("id-1") == "first"
    queue.put_back(taken)
    assert queue.find("id-1") == "first"
    queue.take(1)
    queue.finish("id-1")
    assert queue.find("id-1") is None


def test_what_could_not_be_done_is_taken_again_first_and_in_its_order() -> None:
    queue = FairQueue[int]()
    for number in range(3):
        queue.add("b-01", number)
        queue.add("b-02", 10 + number)
    taken = queue.take(3)
    queue.add("b-03", 20)
    queue.put_back(taken)

    assert queue.take(7) == [
        ("b-01", 0), ("b-02", 10), ("b-03", 20), ("b-01", 1), ("b-02", 11), ("b-01", 2), ("b-02", 12),
    ]  # fmt: skip


@given(st.lists(st.integers(1, 60), min_size=1, max_size=20), st.integers(1, 30))
def test_no_device_waits_for_more_than_one_message_of_each_other(of_others: list[int], most: int) -> None:
    queue = FairQueue[int]()
    for other, count in enumerate(of_others):
        for number in range(count):
            queue.add(f"o-{other}", number)
    queue.add("b-wang", 0)

    before: list[str] = []
    while "b-wang" not in before:
        before += [device for device, _ in queue.take(most)]

    waited_for = before[: before.index("b-wang")]
    assert len(waited_for) == len(set(waited_for))


class QueueLaws(RuleBasedStateMachine):
    """Whatever is added, taken, given back and finished in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = FairQueue[int]()
        self.added: dict[str, list[int]] = {device: [] for device in DEVICES}
        self.done: dict[str, list[int]] = {device: [] for device in DEVICES}
        self.in_flight: list[tuple[str, int]] = []
        self.next = 0

    @rule(device=st.sampled_from(DEVICES))
    def add(self, device: str) -> None:
        self.queue.add(device, self.next, identity=self.next)
        self.added[device].append(self.next)
        self.next += 1

    @rule(most=st.integers(1, 5))
    def take(self, most: int) -> None:
        if not self.in_flight:
            self.in_flight = self.queue.take(most)

    @rule()
    def put_back(self) -> None:
        self.queue.put_back(self.in_flight)
        self.in_flight = []

    @rule()
    def finish(self) -> None:
        for device, number in self.in_flight:
            self.queue.finish(number)
            self.done[device].append(number)
        self.in_flight = []

    @invariant()
    def nothing_is_lost_or_taken_twice_and_each_device_keeps_its_order(self) -> None:
        in_flight = {device: [n for one, n in self.in_flight if one == device] for device in DEVICES}
        for device in DEVICES:
            so_far = self.done[device] + in_flight[device]
            assert so_far == self.added[device][: len(so_far)]
        waiting = sum(map(len, self.added.values())) - sum(map(len, self.done.values())) - len(self.in_flight)
        assert len(self.queue) == waiting

    @invariant()
    def a_repeat_joins_exactly_what_is_not_over(self) -> None:
        over = {number for numbers in self.done.values() for number in numbers}
        for number in range(self.next):
            assert (self.queue.find(number) is None) == (number in over)


TestQueueLaws = QueueLaws.TestCase
