"""Passwords are checked a few at a time, and nobody can take all that time for herself."""

import asyncio

import pytest

from hub.access.errors import TooBusy, WeakPassword
from hub.access.passwords import Passwords, Tried, check_strength


def tried(password: str, password_hash: str | None, account_id: str = "zhou") -> Tried:
    return Tried(account_id, password, password_hash)


async def test_one_place_that_asks_too_much_does_not_keep_another_out() -> None:
    passwords = Passwords()
    password_hash = await passwords.hash("three warm bowls")

    flood = [passwords.is_right(tried(f"wrong {number}", password_hash), "192.168.1.66") for number in range(12)]
    *flooded, right = await asyncio.gather(
        *flood, passwords.is_right(tried("three warm bowls", password_hash), "192.168.1.20"), return_exceptions=True
    )

    assert right is True
    assert [type(answer) for answer in flooded].count(TooBusy) == 8


async def test_six_places_that_ask_too_much_keep_nobody_out() -> None:
    passwords = Passwords()
    password_hash = await passwords.hash("three warm bowls")

    async with asyncio.TaskGroup() as tasks:
        flood = [
            tasks.create_task(_is_too_busy(passwords, tried(f"wrong {number}", password_hash), f"10.0.0.{number % 6}"))
            for number in range(48)
        ]
        await asyncio.sleep(0)
        known = tasks.create_task(passwords.is_right(tried("three warm bowls", password_hash), "browser 1", known=True))
        new = tasks.create_task(passwords.is_right(tried("three warm bowls", password_hash), "192.168.1.20"))
        assert await known
        done_before_known = sum(one.done() and not one.result() for one in flood)
        assert await new

    assert done_before_known <= 4, "of the nineteen strangers who wait; a known browser waits for none of them"


async def _is_too_busy(passwords: Passwords, wrong: Tried, place: str) -> bool:
    try:
        await passwords.is_right(wrong, place)
    except TooBusy:
        return True
    return False


async def test_a_password_that_was_wrong_is_wrong_again_without_being_worked_out() -> None:
    passwords = Passwords()
    password_hash = await passwords.hash("three warm bowls")

    for _ in range(20):
        assert not await passwords.is_right(tried("wrong", password_hash))
        assert not await passwords.is_right(tried("wrong", None, "nobody"))
    assert passwords.worked_out == 2

    assert not await passwords.is_right(tried("wrong", password_hash, "chen"))
    assert passwords.worked_out == 3, "another's password is another's"


async def test_the_right_password_is_worked_out_each_time() -> None:
    passwords = Passwords()
    password_hash = await passwords.hash("three warm bowls")

    assert await passwords.is_right(tried("three warm bowls", password_hash))
    assert await passwords.is_right(tried("three warm bowls", password_hash))
    assert passwords.worked_out == 2


async def test_what_was_wrong_is_right_once_it_is_the_password() -> None:
    passwords = Passwords()
    assert not await passwords.is_right(tried("six warm bowls", await passwords.hash("three warm bowls")))
    assert not await passwords.is_right(tried("six warm bowls", None))

    assert await passwords.is_right(tried("six warm bowls", await passwords.hash("six warm bowls")))


async def test_the_same_wrong_password_at_once_is_worked_out_once() -> None:
    passwords = Passwords()
    password_hash = await passwords.hash("three warm bowls")

    answers = await asyncio.gather(*(passwords.is_right(tried("wrong", password_hash)) for _ in range(4)))

    assert answers == [False] * 4
    assert passwords.worked_out == 1


async def test_a_hash_is_argon2id_and_never_the_same() -> None:
    passwords = Passwords()
    first, second = await passwords.hash("three warm bowls"), await passwords.hash("three warm bowls")

    assert first.startswith("$argon2id$")
    assert first != second
    assert await passwords.is_right(tried("three warm bowls", first))
    assert not await passwords.is_right(tried("three warm bowls", None))


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
