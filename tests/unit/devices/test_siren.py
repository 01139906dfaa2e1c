"""Does a siren do what it is told, say so, and stop by itself?"""

from datetime import UTC, datetime, timedelta

from devices.contract.messages import Cmd, Do, DoneState
from devices.siren import LONGEST, Doing, look, obey

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
CAN = frozenset({Do.SIREN, Do.IDENTIFY})
SIREN = Cmd(nonce="n-1", do=Do.SIREN, until=NOON + timedelta(minutes=2))


def test_it_sounds_and_proves_it_with_the_command_s_nonce() -> None:
    outcome = obey(None, SIREN, CAN, NOON)

    assert outcome.doing == Doing("n-1", DoneState.SOUNDING, NOON + timedelta(minutes=2))
    assert [(proof.nonce, proof.state) for proof in outcome.proofs] == [("n-1", DoneState.SOUNDING)]


def test_a_repeated_command_is_proven_again() -> None:
    first = obey(None, SIREN, CAN, NOON)

    assert obey(first.doing, SIREN, CAN, NOON) == first


def test_it_goes_on_proving_until_its_time_is_over() -> None:
    doing = obey(None, SIREN, CAN, NOON).doing
    assert doing is not None

    still = look(doing, NOON + timedelta(seconds=30))
    over = look(doing, NOON + timedelta(minutes=2))

    assert [proof.state for proof in still.proofs] == [DoneState.SOUNDING]
    assert (over.doing, [proof.state for proof in over.proofs]) == (None, [DoneState.OFF])


def test_switching_off_is_proven_for_both_commands() -> None:
    doing = obey(None, SIREN, CAN, NOON).doing

    outcome = obey(doing, Cmd(nonce="n-2", do=Do.SIREN, args={"on": False}), CAN, NOON)

    assert outcome.doing is None
    assert [(proof.nonce, proof.state) for proof in outcome.proofs] == [("n-1", DoneState.OFF), ("n-2", DoneState.OFF)]


def test_what_it_cannot_do_is_refused_and_what_it_does_goes_on() -> None:
    doing = obey(None, SIREN, CAN, NOON).doing

    outcome = obey(doing, Cmd(nonce="n-2", do=Do.SAY, args={"text": "hello"}), CAN, NOON)

    assert outcome.doing == doing
    assert [(proof.state, proof.reason) for proof in outcome.proofs] == [(DoneState.REFUSED, "cannot")]


def test_a_command_whose_time_is_over_is_refused() -> None:
    outcome = obey(None, SIREN, CAN, NOON + timedelta(minutes=3))

    assert [(proof.state, proof.reason) for proof in outcome.proofs] == [(DoneState.REFUSED, "too-late")]


def test_no_command_makes_it_howl_for_ever() -> None:
    doing = obey(None, Cmd(nonce="n-1", do=Do.SIREN), CAN, NOON).doing

    assert doing is not None
    assert doing.until == NOON + LONGEST
