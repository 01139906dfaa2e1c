"""What is a fault given? The running hub, who presses, the clock, and where it writes down what it did."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from simulators.prove.ground import ProvingGround
from simulators.prove.judging import Breach, Frozen
from simulators.prove.pressing import Pressing
from simulators.prove.proven_hub import HubEnded
from simulators.prove.silence import MonotonicSpan
from simulators.prove.waiting import NotWithin, wait_for

UP_WITHIN: Final = 60.0
"""Seconds after a fault within which the hub has to be up again."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How long things take in this run: at `pace` times the speed of the clock, with these waits and limits."""

    pace: int = 1
    tier_wait_seconds: int = 30
    silent_after: float = 75.0
    quiet_before_end: float = 100.0
    hold_share: float = 1.0
    """What part of its time a fault holds."""


@dataclass
class Clockwork:
    """The hub's clock: how far it was wound, and how far the wall clock is set apart."""

    ground: ProvingGround
    pace: int
    began_at: float = field(default_factory=time.monotonic)
    wall: float = 0.0
    wound: float = 0.0
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def set_wall(self, seconds: float) -> None:
        """Set the wall clock alone, as a time server or a battery does."""
        self.wall = seconds
        self.write()

    def write(self) -> None:
        """Let every process read what the time is now."""
        with self._writing:
            self.ground.hub.set_clock(*self.read())

    def read(self) -> tuple[float, float]:
        """The seconds passed and those by which the wall clock is set apart."""
        return (time.monotonic() - self.began_at) * (self.pace - 1) + self.wound, self.wall


@dataclass
class Field:
    """What a fault is given. `strikes` counts what was really struck; `facts` go into the result beside it."""

    ground: ProvingGround
    pressing: Pressing
    profile: Profile
    clockwork: Clockwork
    strikes: int = 0
    facts: dict[str, float | int | str] = field(default_factory=dict)
    findings: list[Breach] = field(default_factory=list)
    frozen: list[Frozen] = field(default_factory=list)
    stopped: list[MonotonicSpan] = field(default_factory=list)
    """When no hub ran because it had been stopped: from the strike on where that ended it."""

    def let_last(self, seconds: float) -> None:
        """Let a fault last: the presses go on."""
        time.sleep(seconds * self.profile.hold_share)

    def report(self, key: str, line: str) -> None:
        """Something that is not as promised."""
        self.findings.append(Breach(key, line))

    @contextmanager
    def freezing(self) -> Iterator[None]:
        """Nothing can be committed while the block lasts."""
        since = time.monotonic()
        try:
            yield
        finally:
            self.frozen.append(Frozen(since, time.monotonic()))

    def restart_hub(self, *, while_down: Callable[[], None] = lambda: None) -> None:
        """Stop the hub, and start it again."""
        since = time.monotonic()
        self.ground.hub.stop()
        while_down()
        self.start_hub(since)

    def start_hub(self, stopped_since: float | None = None) -> None:
        """Start the hub that does not run; what keeps it from running is reported."""
        since = time.monotonic() if stopped_since is None else stopped_since
        try:
            self.ground.hub.start()
        except (HubEnded, NotWithin) as error:
            self.report("not_up", f"the hub does not start: {str(error)[-500:]}")
        self.stopped.append(MonotonicSpan(since, time.monotonic()))

    def wait_until_up(self) -> float | None:
        """Seconds until a press that is made now is answered and the pages answer; None when they are not in time.

        A hub that is not up by then is ended and started again, so that the next fault meets one that runs.
        """
        answered = self.ground.canary().press_until_answered(UP_WITHIN)
        with suppress(NotWithin):
            wait_for(self.ground.hub.answers_http, UP_WITHIN, "the pages answer")
            if answered is not None:
                return answered
        return None


Strike = Callable[[Field], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class HubFault:
    """One thing that goes wrong: it is wrong while the block of `strike` lasts, and mended afterwards."""

    name: str
    what: str
    strike: Strike
    hold_seconds: float = 6.0
    mends_itself: bool = False
    """Nothing has to be done for the hub to come back: how long that takes is counted from the strike."""
    brokers: tuple[str, ...] = ("builtin", "mosquitto")
    """Where it says anything: at the hub's own broker, or with a Mosquitto between devices and hub."""
