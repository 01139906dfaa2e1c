"""What a person asks before the weekend: is there always somebody, and is the record whole?"""

from collections.abc import Callable
from datetime import timedelta

from tests.integration.commands.conftest import Terminal


def test_gaps_are_listed_by_the_centre_s_clock_and_end_the_command_with_1(anling: Terminal) -> None:
    """The tiers of the small centre are the shipped ones."""
    anling.write("UPDATE shift SET to_at = to_at - interval '20 days'")

    said = anling("roster", "gaps")

    lines = said.out.splitlines()
    assert said.status == 1
    assert "primary: nobody from 2026-11-24 10:14 to 2026-12-07 10:14" in lines
    # The whole staff is called in opening hours alone: nobody misses them at night.
    assert lines[lines.index("centre_staff: nobody from 2026-11-24 10:14 to 2026-11-24 20:00") + 1] == (
        "centre_staff: nobody from 2026-11-25 08:00 to 2026-11-25 20:00"
    )
    assert not any(line.startswith("lead") for line in lines), "the lead's is a fixed post, and there is a lead"


def test_a_roster_without_gaps_ends_the_command_with_0(anling: Terminal) -> None:
    said = anling("roster", "gaps")

    assert (said.status, said.out) == (0, "Somebody has each duty in the next 14 days.\n")


def test_a_duty_of_nobody_but_a_disabled_account_is_a_gap(anling: Terminal) -> None:
    anling("disable", "chen")

    said = anling("roster", "gaps")

    assert said.out.splitlines() == ["secondary: nobody from 2026-11-23 10:14 to 2026-12-07 10:14"]


def test_a_whole_ledger_is_verified_and_a_changed_one_names_its_first_wrong_row(
    anling: Terminal, later: Callable[[timedelta], None]
) -> None:
    for who in ("zhou", "chen", "liu"):
        anling("disable", who)
        later(timedelta(minutes=1))
    whole = anling("ledger", "verify")
    anling.write("""
        ALTER TABLE ledger_access DISABLE TRIGGER USER;
        UPDATE ledger_access SET entry = replace(entry, 'disabled', 'enabled') WHERE n = 2
    """)

    broken = anling("ledger", "verify")

    assert (whole.status, whole.out.splitlines()) == (
        0,
        [
            "care: 0 rows, each follows from the one before it",
            "access: 3 rows, each follows from the one before it",
        ],
    )
    assert (broken.status, broken.err) == (1, "access: broken at row 2\n")
