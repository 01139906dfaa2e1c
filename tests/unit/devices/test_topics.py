"""Is a topic what the protocol says, and nothing else?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.contract.topics import Kind, Topic, build_topic, parse_topic, topic_filter

ids = st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True)


@given(ids, st.sampled_from(Kind), ids)
def test_a_topic_comes_apart_as_it_was_put_together(centre: str, kind: Kind, device: str) -> None:
    assert parse_topic(build_topic(centre, kind, device)) == Topic(centre, kind, device)


@given(st.text())
def test_any_text_is_a_topic_or_none(text: str) -> None:
    found = parse_topic(text)

    assert found is None or str(found) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anling/v1/jqr/alarm",
        "anling/v2/jqr/alarm/b-01",
        "anling/v1/jqr/shout/b-01",
        "anling/v1/jqr/alarm/B-01",
        "anling/v1/jqr/alarm/b-01/x",
        "/anling/v1/jqr/alarm/b-01",
        "anling/v1/jqr/alarm/b-01\n",
        "anling/v1/jqr/alarm/" + "b" * 33,
    ],
)
def test_a_foreign_topic_is_none_of_ours(text: str) -> None:
    assert parse_topic(text) is None


def test_a_device_cannot_be_named_like_a_wildcard() -> None:
    with pytest.raises(ValueError, match="is no id"):
        build_topic("jqr", Kind.ALARM, "+")


def test_one_filter_hears_a_whole_centre() -> None:
    assert topic_filter("jqr", Kind.ALARM) == "anling/v1/jqr/alarm/+"
