"""Passwords are checked a few at a time, and nobody can take all that time for herself."""

import asyncio

import pytest

from hub.access.errors import TooBusy, WeakPassword
from hub.access.passwords import Passwords, check_strength


async def test_one_place_that_asks_too_much_does_not_keep_another_out() -> None:
    passwords = Passwords()
    password_hash = await passwords.hash("three warm bowls")

    flood = [passwords.is_right("wrong", password_hash, "192.168.1.66") for _ in range(12)]
    *flooded, right = await asyncio.gather(
        *flood, passwords.is_right("three warm bowls", password_hash, "192.168.1.20"), return_exceptions=True
    )

    assert right is True
    assert [type(answer) for answer in flooded].count(TooBusy) == 8


async def test_a_hash_is_argon2id_and_never_the_same() -> None:
    passwords = Passwords()
    first, second = await passwords.hash("three warm bowls"), await passwords.hash("three warm bowls")

    assert first.startswith("$argon2id$")
    assert first != second
    assert await passwords.is_right("three warm bowls", first)
    assert not await passwords.is_right("three warm bowls", None)


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaa", "password1234", "Anling2026!!", "1234567890ab"])
def test_what_anybody_would_try_first_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        check_strength(password)


def is_weak(password: str) -> bool:
    try:
        check_strength(password)
    except WeakPassword:
        return True
    return False


@pytest.mark.parametrize(
    ("password", "weak"),
    [
        ("abcdeabcde", False),
        ("qwer1qwer1", False),
        ("三碗热面三碗热面好吃", False),
        ("abcdabcdabcd", True),
        ("abcdeabcd", True),
    ],
)
def test_ten_characters_of_which_five_differ_are_enough(password: str, weak: bool) -> None:
    assert is_weak(password) is weak
