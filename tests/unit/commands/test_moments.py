"""Which moment a person means on the centre's clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from hub.commands.moments import parse_moment
from hub.commands.work import CannotDo

LANZHOU = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 2, 14, 5, tzinfo=UTC)
"""10:14:05 in Lanzhou."""


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("18:00", datetime(2026, 11, 23, 10, 0, tzinfo=UTC)),
        ("10:15", datetime(2026, 11, 23, 2, 15, tzinfo=UTC)),
        ("10:14", datetime(2026, 11, 24, 2, 14, tzinfo=UTC)),
        ("9:30", datetime(2026, 11, 24, 1, 30, tzinfo=UTC)),
        ("30m", datetime(2026, 11, 23, 2, 44, 5, tzinfo=UTC)),
        ("2h", datetime(2026, 11, 23, 4, 14, 5, tzinfo=UTC)),
        (" 3d ", datetime(2026, 11, 26, 2, 14, 5, tzinfo=UTC)),
        ("2026-12-03 18:00", datetime(2026, 12, 3, 10, 0, tzinfo=UTC)),
        ("2026-12-03T18:00", datetime(2026, 12, 3, 10, 0, tzinfo=UTC)),
    ],
)
def test_a_moment_is_the_next_one_of_the_centre_s_clock(text: str, moment: datetime) -> None:
    assert parse_moment(text, LANZHOU, NOW) == moment


@pytest.mark.parametrize("text", ["", "soon", "25:00", "2026-11-31 10:00", "18", "-2h", "2w"])
def test_what_is_no_moment_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(CannotDo, match="write 18:00"):
        parse_moment(text, LANZHOU, NOW)


@pytest.mark.parametrize("text", ["0m", "2026-11-23 10:14", "2025-12-03 18:00"])
def test_a_moment_that_is_over_is_refused(text: str) -> None:
    with pytest.raises(CannotDo, match="is over"):
        parse_moment(text, LANZHOU, NOW)
