"""A daily pattern becomes shifts, each with its own times in UTC."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.kit.ids import AccountId
from hub.roster.model import DailyShift, Duty
from hub.roster.pattern import shift_times, shifts_of

LANZHOU = ZoneInfo("Asia/Shanghai")
NIGHT = DailyShift(AccountId("zhou"), Duty.PRIMARY, time(20), time(8))
MORNING = datetime(2026, 11, 23, 2, tzinfo=UTC)


def test_a_night_shift_ends_the_next_morning() -> None:
    from_at, to_at = shift_times(NIGHT, date(2026, 11, 23), LANZHOU)

    assert (from_at, to_at) == (datetime(2026, 11, 23, 12, tzinfo=UTC), datetime(2026, 11, 24, 0, tzinfo=UTC))


def test_a_shift_until_midnight_ends_with_the_day() -> None:
    evening = DailyShift(AccountId("zhou"), Duty.PRIMARY, time(16), time.max)

    from_at, to_at = shift_times(evening, date(2026, 11, 23), LANZHOU)

    assert to_at - from_at == timedelta(hours=8)


def test_a_pattern_goes_from_the_night_that_still_runs_to_four_weeks_ahead() -> None:
    shifts = list(shifts_of([NIGHT], LANZHOU, MORNING))

    assert shifts[0].from_at == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert shifts[-1].from_at == datetime(2026, 12, 20, 12, tzinfo=UTC)
    assert len({shift.id for shift in shifts}) == len(shifts) == 29


def test_the_next_day_goes_on_with_the_same_ids() -> None:
    today = {shift.id for shift in shifts_of([NIGHT], LANZHOU, MORNING)}
    tomorrow = {shift.id for shift in shifts_of([NIGHT], LANZHOU, MORNING + timedelta(days=1))}

    assert (len(tomorrow - today), len(today - tomorrow)) == (1, 1)
