"""Does the prover call a lost press lost, an early answer early? The judge of the judge."""

from dataclasses import replace

import pytest

from simulators.prove.judging import Frozen, Kept, StoredPress, find_unanswered, judge_presses
from simulators.prove.ledger import Pressed, Seen, TriggerKind

PRESS = Pressed("0f-1", "b-001", TriggerKind.PUBACK, 10.0, 10.0, 10.1, "puback", Seen.COMMITTED)
STORED = StoredPress("b-001", "0f-1", "a-1")
KEPT = Kept([STORED], {"a-1": "b-001"})


def keys(pressed: list[Pressed], kept: Kept = KEPT, frozen: tuple[Frozen, ...] = ()) -> list[str]:
    return [finding.key for finding in judge_presses(pressed, kept, frozen)]


def test_what_was_answered_and_is_kept_with_its_alarm_is_as_promised() -> None:
    assert keys([PRESS]) == []


def test_a_press_that_nobody_has_answered_is_not_lost_but_unanswered() -> None:
    waiting = replace(PRESS, answered_at=None, answer="", seen=Seen.NOT_YET)

    assert keys([waiting], Kept([], {})) == []
    assert [finding.key for finding in find_unanswered([waiting, PRESS])] == ["unanswered"]


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param(Kept([], {}), id="no row"),
        pytest.param(Kept([replace(STORED, alarm_id="")], {}), id="a row without an alarm"),
        pytest.param(Kept([STORED], {}), id="an alarm that is not there"),
        pytest.param(Kept([replace(STORED, device_id="b-002")], {"a-1": "b-002"}), id="another's row"),
    ],
)
def test_an_answered_press_without_row_or_alarm_is_lost(kept: Kept) -> None:
    assert "lost" in keys([PRESS], kept)


def test_a_press_that_joined_an_alarm_which_was_over_is_lost() -> None:
    assert keys([PRESS], replace(KEPT, over_at={"a-1": 9.0})) == ["lost"]
    assert keys([PRESS], replace(KEPT, over_at={"a-1": 11.0})) == []


def test_an_answer_whose_press_was_nowhere_is_early_although_it_was_committed_later() -> None:
    assert keys([replace(PRESS, seen=Seen.NOWHERE)]) == ["early"]


def test_an_answer_while_nothing_could_be_committed_is_early_unless_the_spool_has_the_press() -> None:
    while_frozen = (Frozen(9.0, 11.0),)

    assert keys([PRESS], frozen=while_frozen) == ["early"]
    assert keys([replace(PRESS, seen=Seen.LATER)], frozen=while_frozen) == ["early"]
    assert keys([replace(PRESS, seen=Seen.SPOOLED)], frozen=while_frozen) == []


@pytest.mark.parametrize("frozen", [Frozen(10.05, 11.0), Frozen(9.0, 10.05), Frozen(20.0, 30.0)])
def test_an_answer_that_can_have_been_durable_before_or_after_is_not_early(frozen: Frozen) -> None:
    assert keys([PRESS], frozen=(frozen,)) == []


def test_a_press_that_nobody_made_and_an_alarm_without_one_are_phantoms() -> None:
    strange = Kept([STORED, StoredPress("b-001", "0f-9", "a-1")], {"a-1": "b-001"})
    alone = Kept([STORED], {"a-1": "b-001", "a-2": "b-002"})

    assert keys([PRESS], strange) == ["phantom"]
    assert keys([PRESS], alone) == ["phantom"]


def test_one_press_in_two_rows_is_a_duplicate_and_so_are_two_live_alarms() -> None:
    assert keys([PRESS], Kept([STORED, STORED], {"a-1": "b-001"})) == ["duplicate_alarms"]
    assert keys([PRESS], replace(KEPT, live_twice=("b-001",))) == ["duplicate_alarms"]


def test_a_finding_names_press_device_and_times() -> None:
    [finding] = judge_presses([PRESS], Kept([], {}), ())

    assert finding.line == (
        "press 0f-1 of b-001 is not in the database; it was sent at 10.000 and answered with puback at 10.100"
    )
