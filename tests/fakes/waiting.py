"""Waiting for a condition, with a bound."""

import time
from collections.abc import Callable
from typing import TypeVar

import httpx
import psycopg

Answer = TypeVar("Answer")

SHORTEST_PAUSE = 0.01
LONGEST_PAUSE = 0.1
PAUSE_SHARE = 0.1
"""In seconds, and the share of what was waited already."""


def wait_until(question: Callable[[], Answer], *, within: float = 10, what: str = "") -> Answer:
    """Ask until the answer is true, give it; fails when none was within so many seconds.

    A server that is not there yet is asked again too. The pauses grow with the wait: each question costs the servers
    that are waited for some of the time in which they would answer.
    """
    began = time.monotonic()
    asked_until = began + within
    while True:
        last: object
        try:
            answer = question()
            if answer:
                return answer
            last = answer
        except (httpx.TransportError, psycopg.OperationalError, FileNotFoundError) as error:
            last = error
        if time.monotonic() > asked_until:
            raise AssertionError(f"not within {within:g} s: {what or 'what was asked'}; last answer: {last!r}")
        time.sleep(min(LONGEST_PAUSE, SHORTEST_PAUSE + PAUSE_SHARE * (time.monotonic() - began)))
