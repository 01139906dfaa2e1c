"""A day of the centre, and the columns of its chart."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.telemetry.days import bucket_starts, build_series, day_of
from hub.telemetry.model import Bucket, BucketedSpan
from hub.telemetry.weeks import monday_of, wanted_weeks

DAY = date(2026, 11, 23)


def test_a_day_begins_at_the_centres_own_midnight() -> None:
    span = day_of(DAY, "Asia/Shanghai")

    assert span.from_at == datetime(2026, 11, 22, 16, tzinfo=UTC)
    assert len(bucket_starts(span)) == 24 * 12


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (DAY, 24)])
def test_a_day_on_which_clocks_change_is_as_long_as_it_is(day: date, hours: int) -> None:
    assert len(bucket_starts(day_of(day, "Europe/Berlin", timedelta(hours=1)))) == hours


def test_a_column_has_a_value_for_each_bucket_and_none_where_nothing_was_measured() -> None:
    span = BucketedSpan(
        datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 23, 0, 15, tzinfo=UTC), timedelta(minutes=5)
    )
    buckets = [
        Bucket(span.from_at + timedelta(minutes=5), "temperature", 21.5, 22.0),
        Bucket(span.from_at + timedelta(minutes=5), "occupancy", 1.5, 3.0),
    ]

    assert build_series(span, buckets, "temperature") == [None, 21.5, None]
    assert build_series(span, buckets, "occupancy", highest=True) == [None, 3.0, None]
    assert build_series(span, buckets, "motion") == [None, None, None]


@pytest.mark.parametrize(
    ("at", "monday"),
    [
        (datetime(2026, 11, 23, 0, 0, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 11, 22, 23, 59, tzinfo=UTC), date(2026, 11, 16)),
        (datetime(2027, 1, 1, tzinfo=UTC), date(2026, 12, 28)),
    ],
)
def test_weeks_are_cut_on_monday_in_utc(at: datetime, monday: date) -> None:
    assert monday_of(at) == monday


@given(st.integers(0, 10_000_000), st.floats(-7, 14))
def test_last_week_to_two_weeks_ahead_has_a_place(minutes: int, days: float) -> None:
    now = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)

    assert monday_of(now + timedelta(days=days)) in {monday_of(at) for at in wanted_weeks(now)}
