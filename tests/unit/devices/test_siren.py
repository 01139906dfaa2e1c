"""Does a siren do what it is told, say so, and stop by itself?"""

from datetime import UTC, datetime, timedelta

from devices.contract.messages import Cmd, Do, DoneState
from devices.siren import LONGEST, Doing, combined_state, execute_command, expire_actions

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
CAN = frozenset({Do.SIREN, Do.IDENTIFY})
SIREN = Cmd(nonce="n-1", do=Do.SIREN, until=NOON + timedelta(minutes=2))


def test_it_sounds_and_proves_it_with_the_command_s_nonce() -> None:
    outcome = execute_command((), SIREN, CAN, NOON)

    assert outcome.doing == (Doing(Do.SIREN, "n-1", NOON + timedelta(minutes=2)),)
    assert [(proof.nonce, proof.state) for proof in outcome.proofs] == [("n-1", DoneState.SOUNDING)]


def test_a_repeated_command_is_proven_again() -> None:
    first = execute_command((), SIREN, CAN, NOON)

    assert execute_command(first.doing, SIREN, CAN, NOON) == first


def test_it_goes_on_proving_until_its_time_is_over() -> None:
    doing = execute_command((), SIREN, CAN, NOON).doing

    still = expire_actions(doing, NOON + timedelta(seconds=30))
    over = expire_actions(doing, NOON + timedelta(minutes=2))

    assert [proof.state for proof in still.proofs] == [DoneState.SOUNDING]
    assert (over.doing, [proof.state for proof in over.proofs]) == ((), [DoneState.OFF])


def test_switching_off_is_proven_for_both_commands() -> None:
    doing = execute_command((), SIREN, CAN, NOON).doing

    outcome = execute_command(doing, Cmd(nonce="n-2", do=Do.SIREN, args={"on": False}), CAN, NOON)

    assert outcome.doing == ()
    assert [(proof.nonce, proof.state) for proof in outcome.proofs] == [("n-1", DoneState.OFF), ("n-2", DoneState.OFF)]


def test_what_it_cannot_do_is_refused_and_what_it_does_goes_on() -> None:
    doing = execute_command((), SIREN, CAN, NOON).doing

    outcome = execute_command(doing, Cmd(nonce="n-2", do=Do.SAY, args={"text": "hello"}), CAN, NOON)

    assert outcome.doing == doing
    assert [(proof.state, proof.reason) for proof in outcome.proofs] == [(DoneState.REFUSED, "cannot")]


def test_a_command_whose_time_is_over_is_refused() -> None:
    outcome = execute_command((), SIREN, CAN, NOON + timedelta(minutes=3))

    assert [(proof.state, proof.reason) for proof in outcome.proofs] == [(DoneState.REFUSED, "too-late")]


def test_no_command_makes_it_howl_for_ever() -> None:
    (doing,) = execute_command((), Cmd(nonce="n-1", do=Do.SIREN), CAN, NOON).doing

    assert doing.until == NOON + LONGEST


def test_a_command_that_asks_for_more_is_cut_short_too() -> None:
    asked = Cmd(nonce="n-1", do=Do.SIREN, until=NOON + timedelta(hours=1))

    (doing,) = execute_command((), asked, CAN, NOON).doing

    assert doing.until == NOON + LONGEST


BOTH = frozenset({Do.SIREN, Do.LAMP, Do.IDENTIFY})
LAMP = Cmd(nonce="n-2", do=Do.LAMP, until=NOON + timedelta(minutes=5))


def test_whoever_looks_for_a_device_does_not_silence_its_siren() -> None:
    sounding = execute_command((), SIREN, BOTH, NOON).doing

    found = execute_command(sounding, Cmd(nonce="n-2", do=Do.IDENTIFY), BOTH, NOON)
    afterwards = expire_actions(found.doing, NOON + timedelta(seconds=4))

    assert combined_state(found.doing) is DoneState.SOUNDING
    assert [(proof.nonce, proof.state) for proof in found.proofs] == [("n-2", DoneState.ON)]
    assert afterwards.doing == sounding
    assert ("n-2", DoneState.OFF) in [(proof.nonce, proof.state) for proof in afterwards.proofs]


def test_a_lamp_that_is_switched_off_does_not_silence_the_siren_in_the_same_case() -> None:
    both = execute_command(execute_command((), SIREN, BOTH, NOON).doing, LAMP, BOTH, NOON).doing

    outcome = execute_command(both, Cmd(nonce="n-3", do=Do.LAMP, args={"on": False}), BOTH, NOON)

    assert combined_state(outcome.doing) is DoneState.SOUNDING
    assert [(proof.nonce, proof.state) for proof in outcome.proofs] == [("n-2", DoneState.OFF), ("n-3", DoneState.OFF)]


def test_siren_and_lamp_in_one_case_each_end_at_their_own_time_and_are_proven_until_then() -> None:
    both = execute_command(execute_command((), SIREN, BOTH, NOON).doing, LAMP, BOTH, NOON).doing

    then = expire_actions(both, NOON + timedelta(minutes=2))

    assert combined_state(both) is DoneState.SOUNDING
    assert combined_state(then.doing) is DoneState.ON
    assert [(proof.nonce, proof.state) for proof in then.proofs] == [("n-1", DoneState.OFF), ("n-2", DoneState.ON)]
