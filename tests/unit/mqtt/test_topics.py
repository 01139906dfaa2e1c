"""Which topics does a filter match, and what does an allowance cover?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mqtt.topics import FilterTree, Lane, covers_filter, is_filter, is_topic, lane_of, matches_topic

LEVEL = st.sampled_from(["a", "b", "", "$sys"])
TOPICS = st.lists(LEVEL, min_size=1, max_size=4).map("/".join).filter(bool)
FILTERS = (
    st.tuples(st.lists(st.one_of(LEVEL, st.just("+")), max_size=4), st.sampled_from([[], ["#"]]))
    .map(lambda parts: "/".join([*parts[0], *parts[1]]))
    .filter(bool)
)


@pytest.mark.parametrize(
    ("wanted", "topic", "expected"),
    [
        ("anling/#", "anling/v1/jq/alarm/b-01", True),
        ("anling/#", "anling", True),  # "#" includes the parent level, 4.7.1.2
        ("anling/+/jq/alarm/+", "anling/v1/jq/alarm/b-01", True),
        ("anling/+", "anling/v1/jq", False),
        ("+/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/uptime", False),
        ("+/uptime", "$SYS/uptime", False),
        ("$SYS/#", "$SYS/uptime", True),
        ("sport/tennis/+", "sport/tennis/", True),
    ],
)
def test_a_filter_matches_as_the_standard_says(wanted: str, topic: str, expected: bool) -> None:
    assert matches_topic(wanted, topic) is expected


@pytest.mark.parametrize("wanted", ["", "a/#/b", "a#", "a+/b", "a\0", "x" * 257])
def test_a_wrong_filter_is_no_filter(wanted: str) -> None:
    assert not is_filter(wanted)


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0", "x" * 257])
def test_nobody_publishes_to_a_wildcard(topic: str) -> None:
    assert not is_topic(topic)


def test_only_the_alarm_topics_are_on_the_alarm_lane() -> None:
    assert lane_of("anling/v1/jq/alarm/b-01") is Lane.ALARM
    assert lane_of("anling/v1/jq/tele/b-01") is Lane.TELEMETRY
    assert lane_of("anling/v1/jq/visit/r-01") is Lane.TELEMETRY
    assert lane_of("anling/v1/jq/status/b-01") is Lane.STATE
    assert lane_of("anling/v1/jq/done/sir-01") is Lane.STATE
    assert lane_of("shellies/alarm/b-01") is Lane.TELEMETRY


def test_the_own_topic_does_not_cover_the_neighbours() -> None:
    assert covers_filter("anling/v1/jq/+/b-01", "anling/v1/jq/cue/b-01")
    assert not covers_filter("anling/v1/jq/+/b-01", "anling/v1/jq/cue/+")
    assert not covers_filter("anling/v1/jq/cue/b-01", "anling/#")
    assert not covers_filter("anling/+", "anling/#")


@given(FILTERS, FILTERS, TOPICS)
def test_who_may_subscribe_to_a_filter_never_sees_more_than_allowed(allowed: str, wanted: str, topic: str) -> None:
    if covers_filter(allowed, wanted) and not topic.startswith("$") and matches_topic(wanted, topic):
        assert matches_topic(allowed, topic)


@given(st.lists(FILTERS, max_size=6), st.lists(FILTERS, max_size=3), TOPICS)
def test_the_tree_finds_exactly_the_filters_that_match(added: list[str], removed: list[str], topic: str) -> None:
    tree: FilterTree[str] = FilterTree()
    for wanted in added:
        tree.add(wanted, wanted, 1)
    for wanted in removed:
        tree.remove(wanted, wanted)

    expected = {wanted for wanted in added if wanted not in removed and matches_topic(wanted, topic)}
    assert set(tree.of(topic)) == expected
