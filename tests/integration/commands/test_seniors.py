"""What a senior withdraws, and "not now", from the terminal."""

import pytest

from tests.fakes.house import House
from tests.integration.commands.conftest import Terminal

STANDING = "SELECT covers FROM consent WHERE senior_id = 's-wang' AND withdrawn_at IS NULL ORDER BY covers"


@pytest.mark.parametrize(("word", "left"), [
    ("live_video", ["alarms", "whereabouts"]), ("画面", ["alarms", "whereabouts"]), ("行踪", ["alarms", "live_video"]),
    ("报警", ["live_video", "whereabouts"]),
])  # fmt: skip
def test_a_consent_is_withdrawn_by_its_english_or_chinese_word(anling: Terminal, word: str, left: list[str]) -> None:
    said = anling("consent", "withdraw", "王奶奶", word)

    assert said.status == 0
    assert "王女士 (wang-daughter)" in said.out
    assert anling.rows(STANDING) == [(covers,) for covers in left]
    assert anling.rows("SELECT entry::jsonb ->> 'kind', entry::jsonb -> 'params' ->> 'by' FROM ledger_care") == [
        ("consent.withdrawn", "command line")
    ]


def test_what_nobody_has_cannot_be_withdrawn(anling: Terminal) -> None:
    anling("consent", "withdraw", "s-wang", "alarms")

    said = anling("consent", "withdraw", "s-wang", "alarms")

    assert (said.status, said.err) == (
        1,
        "nobody has the consent of 王奶奶 (s-wang) to hearing of her alarms: there is none to withdraw\n",
    )


@pytest.mark.parametrize(("command", "line"), [
    (("consent", "withdraw", "s-wnag", "alarms"),
     "there is no senior s-wnag: did you mean s-wang (王奶奶) or s-zhang (张奶奶)?\n"),
    (("consent", "withdraw", "s-wang", "video"),
     "there is no purpose video: write live_video (画面), whereabouts (行踪) or alarms (报警)\n"),
    (("pause", "s-wang", "--until", "soon"),
     "'soon' is no moment: write 18:00 for the next 18:00, 30m, 2h, 3d, or 2026-12-03 18:00\n"),
    (("resume", "s-wang"),
     "nothing to take back: 王奶奶 (s-wang) has not said that she is not to be watched\n"),
])  # fmt: skip
def test_what_cannot_be_is_one_line_and_changes_nothing(anling: Terminal, command: tuple[str, ...], line: str) -> None:
    said = anling(*command)

    assert (said.status, said.err) == (1, line)
    assert anling.rows("SELECT FROM ledger_care") == []


def test_a_pause_lasts_until_it_is_withdrawn_or_until_its_time(anling: Terminal, house: House) -> None:
    for_good = anling("pause", "王秀英")
    again = anling("pause", "s-wang", "--until", "18:00")
    back = anling("resume", "王奶奶")
    until_six = anling("pause", "s-wang", "--until", "18:00")

    assert for_good.out == "王奶奶 (s-wang) is not watched until ./anling resume s-wang\n"
    assert again.status == 1, "she has said it for longer already"
    assert back.out == "王奶奶 (s-wang) may be watched again, by whom she agreed to\n"
    assert until_six.out == "王奶奶 (s-wang) is not watched until 2026-11-23 18:00\n"
    assert anling.rows("SELECT said_by FROM veto WHERE senior_id = %s", house.wang) == [("staff",)] * 2
