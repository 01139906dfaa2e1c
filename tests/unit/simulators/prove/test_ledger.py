"""What does the prover's ledger keep? The first answer, the first sending, and what the look found."""

from simulators.prove.ledger import Ledger, Pressed, Seen, TriggerKind

PRESS = Pressed("0f-1", "b-001", TriggerKind.REPEATING, 10.0)


def test_only_the_first_answer_and_the_first_sending_count() -> None:
    ledger = Ledger()
    ledger.note_press(PRESS)
    ledger.note_sent("0f-1", 11.0)
    ledger.note_sent("0f-1", 12.0)

    assert ledger.note_answer("0f-1", 13.0, "committed")
    assert not ledger.note_answer("0f-1", 14.0, "duplicate")
    assert not ledger.note_answer("ff-9", 14.0, "committed"), "nobody pressed that"

    [kept] = ledger.presses()
    assert (kept.sent_at, kept.answered_at, kept.answer) == (11.0, 13.0, "committed")


def test_what_is_not_answered_is_said_and_a_look_is_noted() -> None:
    ledger = Ledger()
    ledger.note_press(PRESS)

    assert [press.id for press in ledger.unanswered()] == ["0f-1"]
    ledger.note_answer("0f-1", 11.0, "spooled")
    ledger.note_seen("0f-1", Seen.SPOOLED)

    assert ledger.unanswered() == []
    assert ledger.presses()[0].seen is Seen.SPOOLED
