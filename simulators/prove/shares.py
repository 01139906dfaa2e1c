"""`./anling prove shares`: does one device, address or account take another's place?

Beside each flood one trigger presses, with a connection for each press, and somebody taps 我来处理 on its alarm.
"""

import argparse
import json
import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Final

from simulators.prove.floods import FLOODING, FLOODS, FloodTarget
from simulators.prove.ground import ProvingGround, Wanted, open_ground
from simulators.prove.ledger import TriggerKind
from simulators.prove.observer import DatabaseAway
from simulators.prove.people import NotAnswered
from simulators.prove.proven_hub import LOOPBACK
from simulators.prove.prover_centre import CANARY, SENSOR
from simulators.prove.sinks import Provider
from simulators.prove.triggers import Canary
from simulators.prove.waiting import wait_for

HANGING_WEBHOOK: Final = "hanging_webhook"
OPEN_ALARMS: Final = 60
MOST_MS: Final = 250.0
MOST_TIMES_QUIET: Final = 5.0
_ANSWER_WITHIN: Final = 10.0
_PRESS_EVERY: Final = 0.25
_TAP_EVERY: Final = 0.5


@dataclass(frozen=True, slots=True)
class Share:
    """What a canary had beside one flood. `refused`: presses and taps without an answer, or answered with an error."""

    canary_p99_ms: float
    quiet_p99_ms: float
    refused: int
    presses: int
    taps: int

    @property
    def is_fair(self) -> bool:
        """Whether a press took at most 250 ms, or five times as long as without a flood, and nothing was refused."""
        return not self.refused and self.canary_p99_ms <= max(MOST_MS, MOST_TIMES_QUIET * self.quiet_p99_ms)


@dataclass(frozen=True, slots=True)
class _Measured:
    press_seconds: Sequence[float]
    presses_refused: int
    taps: int
    taps_refused: int


def main(arguments: Sequence[str]) -> int:
    """0 when every share is fair, 1 when one is not."""
    names = (*FLOODS, HANGING_WEBHOOK)
    parser = argparse.ArgumentParser(prog="anling prove shares", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each flood lasts (default 20)")
    parser.add_argument("--only", action="append", choices=names, help="this flood alone; may be repeated")
    parser.add_argument("--json", action="store_true", help="print the shares as one JSON object")
    asked = parser.parse_args(arguments)
    shares: dict[str, Share] = {}
    with open_ground(Wanted(triggers=OPEN_ALARMS)) as ground:
        for name in asked.only or names:
            shares[name] = measure_share(ground, name, asked.seconds)
            if not asked.json:
                sys.stdout.write(f"{name}: {shares[name]}\n")
                sys.stdout.flush()
    if asked.json:
        sys.stdout.write(json.dumps({name: asdict(share) for name, share in shares.items()}, indent=2) + "\n")
    return 0 if all(share.is_fair for share in shares.values()) else 1


def measure_share(ground: ProvingGround, name: str, seconds: float) -> Share:
    """The canary's figures while it is quiet, then beside the flood, then until it is quiet again."""
    canary = ground.canary()
    wait_for(lambda: canary.press_once(_ANSWER_WITHIN), 60, "a press is answered before the flood")
    quiet = _press_and_tap(ground, canary, seconds / 2)
    with _hanging_webhook(ground) if name == HANGING_WEBHOOK else _measure_beside_flood(ground, name):
        beside = _press_and_tap(ground, canary, seconds)
    wait_for(lambda: (canary.press_once(_ANSWER_WITHIN) or 1.0) < 1.0, 120, f"presses are quick again after {name}")
    return Share(
        canary_p99_ms=round(1000 * percentile_of(beside.press_seconds, 0.99), 1),
        quiet_p99_ms=round(1000 * percentile_of(quiet.press_seconds, 0.99), 1),
        refused=beside.presses_refused + beside.taps_refused,
        presses=len(beside.press_seconds) + beside.presses_refused,
        taps=beside.taps,
    )


def percentile_of(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed; without a value infinity, for nothing was answered."""
    return sorted(values)[math.ceil(share * len(values)) - 1] if values else math.inf


def _press_and_tap(ground: ProvingGround, canary: Canary, seconds: float) -> _Measured:
    over = time.monotonic() + seconds
    taps: list[bool] = []
    tapping = threading.Thread(target=_tap_until, args=(ground, over, taps), daemon=True)
    tapping.start()
    answered: list[float] = []
    refused = 0
    while time.monotonic() < over:
        took = canary.press_once(_ANSWER_WITHIN)
        if took is None:
            refused += 1
        else:
            answered.append(took)
        time.sleep(_PRESS_EVERY)
    tapping.join()
    return _Measured(answered, refused, len(taps), taps.count(False))


def _tap_until(ground: ProvingGround, over: float, taps: list[bool]) -> None:
    """Tap 我来处理 on the canary's alarm, and end it every tenth time, so that the next press opens another."""
    while time.monotonic() < over:
        alarm_id = _find_live_alarm(ground)
        if alarm_id is not None:
            taps.append(_is_answered(ground.staff.accept, alarm_id))
            if len(taps) % 10 == 0:
                _is_answered(ground.staff.resolve, alarm_id)
        time.sleep(_TAP_EVERY)


def _find_live_alarm(ground: ProvingGround) -> str | None:
    try:
        rows = ground.observer.rows(
            "SELECT id FROM alarm WHERE device_id = %s AND state IN ('open', 'accepted', 'on_scene')", CANARY
        )
    except DatabaseAway:
        return None
    return str(rows[0][0]) if rows else None


def _is_answered(tap: Callable[[str], None], alarm_id: str) -> bool:
    """Whether a tap was answered. 404 and 409 say that the alarm has ended meanwhile."""
    try:
        tap(alarm_id)
    except NotAnswered as error:
        return error.status in (404, 409)
    return True


@contextmanager
def _measure_beside_flood(ground: ProvingGround, name: str) -> Iterator[None]:
    """One of FLOODS, in a process of its own."""
    passwords = {device: ground.hub.password_of(device) for device in (FLOODING, SENSOR)}
    target = FloodTarget(LOOPBACK, ground.hub.mqtt_port, ground.hub.http_port, passwords)
    flooding = subprocess.Popen(
        [sys.executable, "-m", "simulators.prove.floods", name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert flooding.stdin is not None
    assert flooding.stdout is not None
    try:
        flooding.stdin.write(json.dumps(asdict(target)) + "\n")
        flooding.stdin.flush()
        flooding.stdout.readline()  # begun
        yield
    finally:
        flooding.kill()
        flooding.communicate()


@contextmanager
def _hanging_webhook(ground: ProvingGround) -> Iterator[None]:
    """A webhook that never answers, and 60 alarms that nobody takes."""
    ground.sinks.provider = Provider.HANGING
    try:
        for trigger_id in ground.centre.trigger_ids:
            password = ground.hub.password_of(trigger_id)
            Canary(ground.door, trigger_id, password, ground.random, TriggerKind.PUBACK).press_until_answered(30)
        yield
    finally:
        ground.sinks.provider = Provider.HONEST
        ground.sinks.released.set()
