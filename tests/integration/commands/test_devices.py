"""A device that is repaired, and one that is lost, from the terminal."""

import pytest

from tests.integration.commands.conftest import Terminal


@pytest.mark.parametrize(
    ("until", "said"),
    [("18:00", "2026-11-23 18:00"), ("2h", "2026-11-23 12:14"), ("2026-12-03 18:00", "2026-12-03 18:00")],
)
def test_a_device_is_off_until_a_moment_of_the_centre_s_clock(anling: Terminal, until: str, said: str) -> None:
    answer = anling("device", "off", "走廊警铃", "--until", until)

    assert (answer.status, answer.out) == (
        0, f"走廊警铃 (siren-corridor) is off until {said}, and then watched again by itself.\n",
    )  # fmt: skip
    assert anling.rows("SELECT params ->> 'until' FROM notice WHERE code = 'device-off'") == [(said,)]


def test_of_a_button_that_is_off_it_is_said_that_a_press_rings(anling: Terminal) -> None:
    assert "A press of it rings all the same." in anling("device", "off", "b-wang", "--until", "1d").out


def test_what_cannot_be_is_one_line_and_changes_nothing(anling: Terminal) -> None:
    refused = {
        ("off", "b-wnag", "--until", "2h"): "there is no device b-wnag: did you mean b-wang (王奶奶的按钮)?\n",
        ("off", "b-wang", "--until", "2026-11-01 10:00"): (
            "2026-11-01 10:00 is over: write a moment that is still to come\n"
        ),
        ("off", "b-wang", "--until", "90d"): "a device is off for 31 days at most: take 90d nearer\n",
        ("on", "b-wang"): "王奶奶的按钮 (b-wang) is not off\n",
        ("revoke", "b-"): "there is no device b-: did you mean b-li (李爷爷的按钮) or b-wang (王奶奶的按钮)?\n",
    }

    for command, line in refused.items():
        said = anling("device", *command)
        assert (said.status, said.err) == (1, line)
    assert anling.rows("SELECT id FROM device WHERE off_until IS NOT NULL OR credential_hash IS NULL") == []


def test_a_revoked_device_has_no_password_any_more(anling: Terminal) -> None:
    assert "import the centre's file" in anling("device", "revoke", "b-wang").out

    assert anling.rows("SELECT id FROM device WHERE credential_hash IS NULL") == [("b-wang",)]
