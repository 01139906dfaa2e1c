"""Is no press lost, and is nothing silent, whatever goes wrong? `./anling prove noloss`: faults, one after the other.

Seniors press all the time, through a line of the prover's own, while each fault strikes, holds and is mended; a gate
sees to it that the hub is up before the next. People take most alarms and end them; some alarms nobody ever takes. At
the end nobody takes any, everything is drained, and the ledger of what was pressed and answered is compared with the
database. The exit status is 1 when anything is not as promised, with a line for each.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from simulators.prove.faults import FAULTS
from simulators.prove.faults.disk import mounted_disk
from simulators.prove.field import Clockwork, Field, HubFault, Profile
from simulators.prove.ground import ProvingGround, Wanted, open_ground
from simulators.prove.judging import Breach, Frozen, find_unanswered, judge_presses
from simulators.prove.ledger import Ledger, Seen, TriggerKind
from simulators.prove.looking import Looking, spool_of
from simulators.prove.pressing import Pressing
from simulators.prove.proven_hub import ProverBroker, Tree
from simulators.prove.reading_back import judge_silence, read_kept
from simulators.prove.silence import MonotonicSpan, Silence, SilenceAllowed
from simulators.prove.spool import list_spooled
from simulators.prove.waiting import NotWithin, wait_for
from simulators.prove.watching import Watching

FULL: Final = Profile()
CI: Final = Profile(pace=4, tier_wait_seconds=40, silent_after=25.0, quiet_before_end=35.0, hold_share=0.4)
"""Time runs four times as fast (`ANLING_CLOCK_FILE`): a tier waits 10 s, a repeat comes after 15 s."""
SUMS: Final = ("lost", "early", "phantom", "duplicate_alarms", "unanswered")
ANSWERED_WITHIN: Final = 30.0
"""Seconds after the last fault within which every press has its answer."""
_DRAINED_WITHIN: Final = 120.0
_UNATTENDED: Final = 6
_MOST_UNANSWERED: Final = 16
"""Presses without an answer beyond which nobody presses: what a slow machine takes long for must not become a flood."""
_FASTEST: Final = 25.0
_TICK: Final = 0.25
_HOUR_STEPS: Final = 60


@dataclass(frozen=True, slots=True)
class Budget:
    """What one run does."""

    presses: int
    seed: int
    broker: ProverBroker
    faults: Sequence[HubFault]
    profile: Profile = FULL
    tree: Tree = field(default_factory=Tree)


@dataclass
class Run:
    """One run under way: what it works with, and what it has found."""

    budget: Budget
    ground: ProvingGround
    ledger: Ledger
    pressing: Pressing
    watching: Watching
    clockwork: Clockwork
    faults: dict[str, dict[str, float | int | str | None]] = field(default_factory=dict)
    findings: list[Breach] = field(default_factory=list)
    frozen: list[Frozen] = field(default_factory=list)
    stopped: list[MonotonicSpan] = field(default_factory=list)
    struck: list[tuple[str, MonotonicSpan]] = field(default_factory=list)

    def pressing_on(self) -> "RandomPresser":
        """Somebody who presses random triggers."""
        return RandomPresser(self.pressing, Random(self.budget.seed))  # noqa: S311 - chance, no secret


class RandomPresser:
    """Presses random triggers, so many a second."""

    def __init__(self, pressing: Pressing, random: Random) -> None:
        self._pressing = pressing
        self._random = random
        self._over = threading.Event()
        self.per_second = 1.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Press for as long as the block lasts."""
        thread = threading.Thread(target=self._press_on, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _press_on(self) -> None:
        triggers = list(self._pressing.triggers)
        while not self._over.wait(1 / self.per_second):
            if sum(trigger.unanswered for trigger in self._pressing.triggers.values()) < _MOST_UNANSWERED:
                self._pressing.press(self._random.choice(triggers))


def prove_noloss(budget: Budget) -> dict[str, object]:
    """Do one run; gives its result, with the keys that docs/reliability.md explains."""
    began = time.monotonic()
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="prove-", ignore_cleanup_errors=True)))
        if any(fault.name == "disk-full" for fault in budget.faults):
            opened.enter_context(mounted_disk(folder / "data"))
        run = opened.enter_context(_open_run(budget, folder))
        _strike_all(run)
        until = _wait_quietly(run)
        _repeat_for_an_hour(run)
        _wait_until_drained(run)
        return _build_result(run, until, began)


@contextmanager
def _open_run(budget: Budget, folder: Path) -> Iterator[Run]:
    wanted = Wanted(
        budget.broker, tier_wait_seconds=budget.profile.tier_wait_seconds, tree=budget.tree, seed=budget.seed,
        pace=budget.profile.pace,
        folder=folder,
    )  # fmt: skip
    with ExitStack() as opened:
        ground = opened.enter_context(open_ground(wanted))
        ledger = Ledger()
        looking = Looking(ground.hub, ledger)
        opened.enter_context(looking.running())
        pressing = Pressing(ground, ledger, looking)
        clockwork = Clockwork(ground, budget.profile.pace)
        opened.enter_context(_wind_clock(clockwork))
        attended = frozenset((*ground.centre.trigger_ids[_UNATTENDED:], *ground.own_triggers))
        watching = Watching(ground, attended, takes_after=6.0)
        opened.enter_context(watching.running())
        opened.enter_context(pressing.running())
        yield Run(budget, ground, ledger, pressing, watching, clockwork)


@contextmanager
def _wind_clock(clockwork: Clockwork) -> Iterator[None]:
    """Let the hub's time run at its pace."""
    over = threading.Event()

    def wind() -> None:
        while not over.wait(_TICK):
            clockwork.write()

    thread = threading.Thread(target=wind, daemon=True)
    if clockwork.pace > 1:
        thread.start()
    try:
        yield
    finally:
        over.set()
        if clockwork.pace > 1:
            thread.join()


def _strike_all(run: Run) -> None:
    presser, share = run.pressing_on(), run.budget.presses / max(1, len(run.budget.faults))
    for trigger in run.pressing.triggers:
        run.pressing.press(trigger)
    with presser.running():
        for fault in run.budget.faults:
            presser.per_second = min(
                _FASTEST, max(1.0, share / (fault.hold_seconds * run.budget.profile.hold_share + 8))
            )
            _strike_once(run, fault)
        while len(run.ledger) < run.budget.presses:
            presser.per_second = _FASTEST
            time.sleep(_TICK)


def _strike_once(run: Run, fault: HubFault) -> None:
    """Strike, hold, mend, and see to it that the hub is up again."""
    _print_line(f"{fault.name}: {fault.what}")
    given = Field(run.ground, run.pressing, run.budget.profile, run.clockwork)
    presses_before, began = len(run.ledger), time.monotonic()
    recovery: float | None = None
    try:
        with fault.strike(given):
            recovery = given.wait_until_up() if fault.mends_itself else None
            given.let_last(fault.hold_seconds)
    except Exception as error:  # noqa: BLE001 - a fault that cannot be made leaves the others decidable
        given.report("not_struck", f"{type(error).__name__}: {error}")
    is_up = given.wait_until_up()
    recovery = is_up if recovery is None else recovery
    if is_up is None:
        given.report("not_up", "the hub was not up within 60 s and was started again")
        _start_over(given)
    if not given.strikes:
        given.report("not_struck", "nothing was struck")
    run.faults[fault.name] = {
        "strikes": given.strikes,
        "recovery_s": None if recovery is None else round(recovery, 2),
        "presses": len(run.ledger) - presses_before,
        **given.facts,
    }
    run.findings += [Breach(one.key, f"{fault.name}: {one.line}") for one in given.findings]
    run.frozen += given.frozen
    run.stopped += given.stopped
    run.struck.append((fault.name, MonotonicSpan(began, time.monotonic())))
    _print_line(f"  {run.faults[fault.name]} {[one.line for one in given.findings] or ''}")


def _start_over(given: Field) -> None:
    """End every process of the hub, and start it again."""
    hub = given.ground.hub
    hub.kill_all()
    given.clockwork.set_wall(0)
    given.start_hub()
    given.ground.canary().press_until_answered(ANSWERED_WITHIN)


def _wait_quietly(run: Run) -> float:
    """After the last fault: answers within 30 s, then nobody takes anything; gives when that ended."""
    run.watching.is_attending = False
    began = time.monotonic()
    try:
        wait_for(lambda: not run.ledger.unanswered(), ANSWERED_WITHIN, "every press is answered")
    except NotWithin:
        run.findings += find_unanswered(run.ledger.presses())
    while time.monotonic() - began < run.budget.profile.quiet_before_end:
        time.sleep(_TICK)
    return time.monotonic()


def _repeat_for_an_hour(run: Run) -> None:
    """One trigger that has not heard its `ack` repeats its press for an hour after the alarm was closed."""
    repeating = [one for one in run.pressing.triggers.values() if one.kind is TriggerKind.REPEATING]
    trigger = repeating[-1]
    press = next((one for one in run.ledger.presses() if one.device_id == trigger.device_id), None)
    run.watching.is_attending = True
    try:
        wait_for(lambda: run.watching.is_quiet(trigger.device_id), ANSWERED_WITHIN, "its alarm is resolved")
    except NotWithin:
        return
    for _ in range(_HOUR_STEPS):
        run.clockwork.wound += 3600 / _HOUR_STEPS + 10
        run.clockwork.write()
        if press is not None:
            trigger.repeat_answered(press.id)
        time.sleep(_TICK)


def _wait_until_drained(run: Run) -> None:
    """Until the spool is empty, every answer was looked at, and the hub says that it works."""

    def is_drained() -> bool:
        file = spool_of(run.ground.hub)
        is_empty = not file.exists() or not list_spooled(file.read_bytes())
        return is_empty and all(one.seen is not Seen.NOT_YET or not one.answered_at for one in run.ledger.presses())

    try:
        wait_for(is_drained, _DRAINED_WITHIN, "the spool is drained and every answer was looked at")
    except NotWithin as error:
        run.findings.append(Breach("not_drained", str(error)))


def _build_result(run: Run, until: float, began: float) -> dict[str, object]:
    pressed = run.ledger.presses()
    kept = read_kept(run.ground, run.watching)
    allowed = SilenceAllowed(run.budget.profile.silent_after, run.stopped)
    silences = judge_silence(run.ground, run.watching, pressed, until, allowed)
    findings = [
        *judge_presses(pressed, kept, run.frozen),
        *run.findings,
        *(_describe_silence(run, one) for one in silences),
    ]
    return {
        "presses": len(pressed),
        "answered": sum(one.answered_at is not None for one in pressed),
        "alarms": len(kept.alarms),
        **{name: sum(one.key == name for one in findings) for name in SUMS},
        "silent_seconds": round(sum(one.seconds for one in silences), 1),
        "faults": run.faults,
        "findings": [f"{one.key}: {one.line}" for one in findings],
        "messages": len(run.ground.sinks.messages()),
        "taken": run.watching.taken,
        "broker": run.budget.broker,
        "seed": run.budget.seed,
        "seconds": round(time.monotonic() - began, 1),
    }


def _describe_silence(run: Run, silence: Silence) -> Breach:
    """Of whom, from when to when, and what was going on."""
    during = [name for name, span in run.struck if span.since < silence.until and span.until > silence.since]
    return Breach(
        "silent_seconds",
        f"nobody was told of {silence.device_id} from {silence.since:.1f} to {silence.until:.1f}"
        f" ({', '.join(during) or 'after the last fault'})",
    )


def choose_faults(names: str, broker: str) -> list[HubFault]:
    """The faults that `--faults` names, in the order of the registry. Raises ValueError for one that there is not."""
    possible = [fault for fault in FAULTS if broker in fault.brokers]
    if names == "all":
        return possible
    wanted = [name for name in names.split(",") if name]
    if unknown := sorted(set(wanted) - {fault.name for fault in FAULTS}):
        raise ValueError(f"no fault {', '.join(unknown)}; there are {', '.join(fault.name for fault in FAULTS)}")
    return [fault for fault in possible if fault.name in wanted]


def main(arguments: list[str]) -> int:
    """`./anling prove noloss`; 1 when something is not as promised."""
    parser = argparse.ArgumentParser(prog="anling prove noloss", description=__doc__.splitlines()[0])
    parser.add_argument("--presses", type=int, default=1000, help="how many times somebody presses, at least")
    parser.add_argument("--seed", type=int, default=1, help="of what is left to chance")
    parser.add_argument("--broker", choices=["builtin", "mosquitto"], default="builtin")
    parser.add_argument("--faults", default="all", help="all, or names with commas between them")
    parser.add_argument("--ci", action="store_true", help="shortened waits, each fault once")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    given = parser.parse_args(arguments)
    try:
        faults = choose_faults(given.faults, given.broker)
    except ValueError as error:
        parser.error(str(error))
    result = prove_noloss(Budget(given.presses, given.seed, given.broker, faults, CI if given.ci else FULL))
    sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=2) + "\n" if given.json else describe_result(result))
    return 1 if result["findings"] else 0


def describe_result(result: dict[str, object]) -> str:
    """The figures, and a line for each thing that is not as promised."""
    figures = ("presses", "answered", "alarms", *SUMS, "silent_seconds", "seconds")
    findings = result["findings"]
    lines = [*(f"{name:18}{result[name]}" for name in figures), *(findings if isinstance(findings, list) else ())]
    return "\n".join(map(str, lines)) + "\n"


def _print_line(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
