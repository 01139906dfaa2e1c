"""Which stretch of time is a day of the centre, and what does a chart of it show?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.telemetry.model import Bucket, BucketedSpan

BUCKET = timedelta(minutes=5)
FINE_BUCKET = timedelta(minutes=2)
"""Sensors send once a minute: nothing shorter has a reading in each."""
JUST_BEGUN = timedelta(hours=2)


def day_of(day: date, timezone: str, bucket: timedelta = BUCKET) -> BucketedSpan:
    """That day from midnight to midnight by the centre's own clock: 23 or 25 hours where clocks change."""
    midnight = datetime.combine(day, time(), ZoneInfo(timezone))
    next_midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone))
    return BucketedSpan(midnight, next_midnight, bucket)


def bucket_starts(span: BucketedSpan) -> list[float]:
    """Where each bucket begins, in seconds since 1970; the last may be cut short by the end of the span."""
    first, last, step = span.from_at.timestamp(), span.to_at.timestamp(), span.bucket.total_seconds()
    count = int(-(-(last - first) // step))
    return [first + step * n for n in range(count)]


def needs_short_buckets(buckets: Sequence[Bucket]) -> bool:
    """Whether all of a day's readings lie so close together that five minutes would hide what happened."""
    return bool(buckets) and buckets[-1].at - buckets[0].at < JUST_BEGUN


def build_series(
    span: BucketedSpan, buckets: Iterable[Bucket], name: str, *, highest: bool = False
) -> list[float | None]:
    """One value for each of `starts`: the mean of what was measured there, or the highest; None where nothing was."""
    measured = {
        bucket.at.timestamp(): bucket.highest if highest else bucket.mean for bucket in buckets if bucket.name == name
    }
    return [measured.get(at) for at in bucket_starts(span)]
