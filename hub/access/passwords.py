"""Is this the password? argon2id (RFC 9106) in a thread, two at once at most: each costs 0.15 s and 64 MB."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from hub.access.errors import TooBusy, WeakPassword

T = TypeVar("T")

LEAST_CHARACTERS = 10
_AT_ONCE = 2
_MAY_WAIT = 20
_MAY_WAIT_AT_ONE_PLACE = 4
_FIRST_GUESSES = ("password", "anling", "12345", "qwert", "88888", "admin")


def check_strength(password: str) -> None:
    """Raises WeakPassword for one that is short or starts like the first that anybody would try (NIST SP 800-63B)."""
    guessed = any(password.lower().startswith(guess) for guess in _FIRST_GUESSES)
    if len(password) < LEAST_CHARACTERS or len(set(password)) < LEAST_CHARACTERS // 2 or guessed:
        raise WeakPassword(least=LEAST_CHARACTERS)


class Passwords:
    """Hashes and verifies; who does not exist costs as much time as who does."""

    def __init__(self) -> None:
        self._hasher = PasswordHash((Argon2Hasher(),))
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._waiting: Counter[str] = Counter()
        self._nobodys_hash: str | None = None

    async def hash(self, password: str, place: str = "") -> str:
        """The argon2id string to store. Raises TooBusy."""
        return await self._in_a_thread(lambda: self._hasher.hash(password), place)

    async def is_right(self, password: str, password_hash: str | None, place: str = "") -> bool:
        """Whether `password` is the one behind `password_hash`; None: the work is done, the answer is no.

        Raises TooBusy when too many wait already, here or at the `place` that asks: one place cannot take all the time
        that others need to sign in.
        """
        if password_hash is None:
            self._nobodys_hash = self._nobodys_hash or await self.hash("nobody's", place)
            await self._in_a_thread(lambda: self._hasher.verify(password, self._nobodys_hash or ""), place)
            return False
        return await self._in_a_thread(lambda: self._hasher.verify(password, password_hash), place)

    async def _in_a_thread(self, work: Callable[[], T], place: str) -> T:
        if self._waiting[place] >= _MAY_WAIT_AT_ONE_PLACE or self._waiting.total() >= _MAY_WAIT:
            raise TooBusy(seconds=2)
        self._waiting[place] += 1
        try:
            async with self._free:
                return await asyncio.to_thread(work)
        finally:
            self._waiting[place] -= 1
            if not self._waiting[place]:
                del self._waiting[place]
