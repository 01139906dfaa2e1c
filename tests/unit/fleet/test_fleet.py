"""Retries and passwords of devices, as tables of cases."""

from datetime import UTC, datetime

from hub.fleet.credentials import hash_of, matches_credential, new_password
from hub.fleet.retries import next_try

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_a_message_is_repeated_after_1_2_4_8_and_then_every_15_seconds() -> None:
    assert [(next_try(tries, NINE) - NINE).seconds for tries in range(1, 7)] == [1, 2, 4, 8, 15, 15]


def test_only_the_right_password_matches() -> None:
    password = new_password()

    assert matches_credential(password, hash_of(password))
    assert not matches_credential(password + "x", hash_of(password))
    assert len({new_password() for _ in range(100)}) == 100
