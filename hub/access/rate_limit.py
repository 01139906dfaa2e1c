"""Which attempts after wrong answers have to wait? The wait grows for one place and one account; nobody is locked.

A wrong answer from one place never makes the same account wait at another, so that nobody can lock a colleague out.
What comes too soon is not looked at and does not lengthen the wait.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

AttemptKey: TypeAlias = tuple[str, str]  # a place and an account, or "invitation" and a link


@dataclass(frozen=True, slots=True)
class RateLimitPolicy:
    """`free` wrong answers cost nothing, then the wait is 1 s and doubles up to `longest`; `reset_after` ends it."""

    free: int
    longest: timedelta
    reset_after: timedelta


PASSWORD = RateLimitPolicy(free=3, longest=timedelta(seconds=30), reset_after=timedelta(minutes=15))
PHONE_DIGITS = RateLimitPolicy(free=3, longest=timedelta(hours=1), reset_after=timedelta(days=8))


@dataclass(frozen=True, slots=True)
class _Wrong:
    times: int
    last_at: datetime


class RateLimit:
    """Wrong answers so far, of the last `most` keys; the oldest are dropped first."""

    def __init__(self, policy: RateLimitPolicy, most: int = 10_000) -> None:
        self._limit = policy
        self._most = most
        self._wrong: OrderedDict[AttemptKey, _Wrong] = OrderedDict()

    def wait(self, key: AttemptKey, now: datetime) -> timedelta:
        """How long until the next answer of `key` is looked at; zero: now."""
        wrong = self._wrong.get(key)
        if wrong is None or now - wrong.last_at >= self._limit.reset_after:
            return timedelta()
        return max(wrong.last_at + wait_after(wrong.times, self._limit) - now, timedelta())

    def was_wrong(self, key: AttemptKey, now: datetime) -> None:
        """Count a wrong answer."""
        before = self._wrong.pop(key, None)
        fresh = before is not None and now - before.last_at < self._limit.reset_after
        self._wrong[key] = _Wrong(before.times + 1 if before and fresh else 1, now)
        while len(self._wrong) > self._most:
            self._wrong.popitem(last=False)

    def was_right(self, key: AttemptKey) -> None:
        """A right answer resets the count."""
        self._wrong.pop(key, None)


def wait_after(times: int, policy: RateLimitPolicy) -> timedelta:
    """The wait after so many wrong answers in a row."""
    if times <= policy.free:
        return timedelta()
    doublings = min(times - policy.free - 1, 20)
    return min(timedelta(seconds=2**doublings), policy.longest)
