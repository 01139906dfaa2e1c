"""The chain notices every change to what it recorded."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.chain import EMPTY, extend_chain, find_first_broken
from hub.ledger.model import Entry

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
entries = st.lists(st.builds(Entry, st.sampled_from(["alarm.opened", "alarm.accepted"])), min_size=1, max_size=9)


@given(entries)
def test_a_chain_that_nobody_touched_is_whole(some: list[Entry]) -> None:
    head, links = extend_chain(EMPTY, some, NINE)

    assert find_first_broken(links) is None
    assert head.n == len(some)


@given(entries, st.data())
def test_a_changed_row_is_found(some: list[Entry], data: st.DataObject) -> None:
    _, links = extend_chain(EMPTY, some, NINE)
    changed = data.draw(st.integers(0, len(links) - 1))

    links[changed] = replace(links[changed], entry=links[changed].entry.replace("alarm", "alarn"))

    assert find_first_broken(links) == changed + 1


def test_a_row_that_was_taken_out_is_found() -> None:
    _, links = extend_chain(EMPTY, [Entry("a"), Entry("b"), Entry("c")], NINE)

    assert find_first_broken([links[0], links[2]]) == 2


def test_a_chain_goes_on_from_its_head() -> None:
    head, first = extend_chain(EMPTY, [Entry("a")], NINE)
    _, second = extend_chain(head, [Entry("b")], NINE)

    assert find_first_broken([*first, *second]) is None
    assert find_first_broken(second, head) is None
