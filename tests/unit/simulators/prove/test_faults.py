"""Which faults does the prover have? Names that a person can give, each once."""

import pytest

from simulators.prove.faults import FAULTS
from simulators.prove.noloss import choose_faults


def test_each_fault_has_a_name_of_its_own_and_says_what_it_is() -> None:
    names = [fault.name for fault in FAULTS]

    assert len(names) == len(set(names)) >= 40
    assert all(fault.what and fault.hold_seconds > 0 for fault in FAULTS)


def test_faults_are_chosen_by_name_in_their_order_and_an_unknown_one_is_refused() -> None:
    chosen = choose_faults("line-cut,kill-postgres", "builtin")

    assert [fault.name for fault in chosen] == ["kill-postgres", "line-cut"]
    assert [fault.name for fault in FAULTS if "builtin" not in fault.brokers] == ["kill-mosquitto"]
    assert choose_faults("all", "builtin") == [fault for fault in FAULTS if fault.name != "kill-mosquitto"]
    with pytest.raises(ValueError, match="no fault line-cat"):
        choose_faults("line-cat", "builtin")


def test_at_mosquitto_a_fault_that_says_nothing_there_is_left_out() -> None:
    assert "second-hub" in [fault.name for fault in choose_faults("all", "builtin")]
    assert "second-hub" not in [fault.name for fault in choose_faults("all", "mosquitto")]
