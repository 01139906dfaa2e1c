"""Is this the password? argon2id (RFC 9106) in threads of low priority, two at once: each costs 0.15 s and 64 MB."""

import asyncio
import hmac
import os
import secrets
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from hub.access.errors import TooBusy, WeakPassword
from hub.kit.fair_lane import FairLane, LaneFull

T = TypeVar("T")

LEAST_CHARACTERS = 10
_KNOWN_AT_ONCE: Final = 1
_STRANGERS_AT_ONCE: Final = 1
_MAY_WAIT: Final = 20
_MAY_WAIT_OF_ONE: Final = 3
_WRONG_REMEMBERED: Final = 10_000
_NICE: Final = 15
_FIRST_GUESSES = ("password", "anling", "12345", "qwert", "88888", "admin")


def check_strength(password: str) -> None:
    """Raises WeakPassword for one that is short or starts like the first that anybody would try (NIST SP 800-63B)."""
    guessed = any(password.lower().startswith(guess) for guess in _FIRST_GUESSES)
    if len(password) < LEAST_CHARACTERS or len(set(password)) < LEAST_CHARACTERS // 2 or guessed:
        raise WeakPassword(least=LEAST_CHARACTERS)


class Passwords:
    """Hashes and verifies; who does not exist costs as much time as who does.

    Two lanes, one thread each: browsers in which the account has signed in before, and people with a link, never wait
    for strangers. Of these each address has its turn. A wrong password is wrong again without being worked out, as long
    as the account's hash is the same.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHash((Argon2Hasher(),))
        self._threads = ThreadPoolExecutor(_KNOWN_AT_ONCE + _STRANGERS_AT_ONCE, "argon2", initializer=_lower_priority)
        self._known = FairLane(at_once=_KNOWN_AT_ONCE, may_wait=_MAY_WAIT, of_one=_MAY_WAIT_OF_ONE)
        self._strangers = FairLane(at_once=_STRANGERS_AT_ONCE, may_wait=_MAY_WAIT, of_one=_MAY_WAIT_OF_ONE)
        self._salt = secrets.token_bytes(32)
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        self._nobodys_hash: str | None = None
        self.worked_out = 0
        """How often argon2 has been worked out to verify a password."""

    async def hash(self, password: str, place: str = "") -> str:
        """The argon2id string to store, for somebody who has proven who she is. Raises TooBusy."""
        return await self._in_a_thread(self._known, place, lambda: self._hasher.hash(password))

    async def is_right(self, tried: "Tried", place: str = "", *, known: bool = False) -> bool:
        """Whether what was tried is the account's password.

        `known`: the account has signed in from this `place` before. Raises TooBusy when too many wait already, here or
        at this place: no place takes the time that others need to sign in.
        """
        key = self._key_of(tried)
        if self._was_wrong(key):
            return False
        lane = self._known if known else self._strangers
        is_right = await self._in_a_thread(lane, place, lambda: not self._was_wrong(key) and self._verify(tried))
        if not is_right:
            self._wrong[key] = None
            if len(self._wrong) > _WRONG_REMEMBERED:
                self._wrong.popitem(last=False)
        return is_right

    def _verify(self, tried: "Tried") -> bool:
        self.worked_out += 1
        if tried.password_hash is None:
            self._nobodys_hash = self._nobodys_hash or self._hasher.hash("nobody's")
            self._hasher.verify(tried.password, self._nobodys_hash)
            return False
        return self._hasher.verify(tried.password, tried.password_hash)

    def _key_of(self, tried: "Tried") -> bytes:
        """What is remembered of a wrong password: nothing that leads back to it without this process's salt."""
        said = "\0".join((tried.account_id, tried.password_hash or "", tried.password))
        return hmac.digest(self._salt, said.encode("utf-8", "surrogatepass"), "sha256")

    def _was_wrong(self, key: bytes) -> bool:
        return key in self._wrong

    async def _in_a_thread(self, lane: FairLane, place: str, work: Callable[[], T]) -> T:
        try:
            async with lane.take_turn(place):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except LaneFull:
            raise TooBusy(seconds=2) from None


@dataclass(frozen=True, slots=True)
class Tried:
    """A password that somebody says is this account's; without a hash the work is done and the answer is no."""

    account_id: str
    password: str
    password_hash: str | None


def _lower_priority() -> None:
    """A press never waits for a password: argon2 takes the time of a processor that nobody else wants."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
