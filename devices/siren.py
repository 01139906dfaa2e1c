"""What do the siren and the lamp do? What the hub commands, and they prove it for as long as it lasts."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from devices.contract.messages import Cmd, Do, Done, DoneState, Unreadable, dump, parse
from devices.contract.times import Clock
from devices.contract.topics import Kind
from devices.link import Broker, Dial, Identity, Link, dial
from devices.running import Installation, parser, run_device

log = logging.getLogger(__name__)

PROVE_EVERY: Final = 30.0  # seconds
LONGEST: Final = timedelta(minutes=15)
"""How long one command may keep it on: a hub that has died must not leave a house howling."""
SHORT: Final = timedelta(seconds=3)
_STATE_OF: Final = {Do.SIREN: DoneState.SOUNDING, Do.LAMP: DoneState.ON, Do.IDENTIFY: DoneState.ON}


@dataclass(frozen=True, slots=True)
class Doing:
    """What it does now, until when, and on whose command."""

    nonce: str
    state: DoneState
    until: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command leads to: what it does from now on (None: nothing), and the proofs to send."""

    doing: Doing | None
    proofs: tuple[Done, ...]


def obey(doing: Doing | None, command: Cmd, can: frozenset[Do], now: datetime) -> Outcome:
    """Carry out one command. A repeated command is proven again; a refused one changes nothing."""
    if command.do not in can:
        return Outcome(doing, (Done(nonce=command.nonce, state=DoneState.REFUSED, reason="cannot", at=now),))
    if command.args.get("on") is False:
        ended = () if doing is None else (Done(nonce=doing.nonce, state=DoneState.OFF, at=now),)
        return Outcome(None, (*ended, Done(nonce=command.nonce, state=DoneState.OFF, at=now)))
    until = min(command.until or now + LONGEST, now + (SHORT if command.do is Do.IDENTIFY else LONGEST))
    if until <= now:
        return Outcome(doing, (Done(nonce=command.nonce, state=DoneState.REFUSED, reason="too-late", at=now),))
    started = Doing(command.nonce, _STATE_OF[command.do], until)
    return Outcome(started, (Done(nonce=command.nonce, state=started.state, at=now),))


def look(doing: Doing, now: datetime) -> Outcome:
    """What time alone brings: the end, or another proof that it still goes on."""
    if now >= doing.until:
        return Outcome(None, (Done(nonce=doing.nonce, state=DoneState.OFF, at=now),))
    return Outcome(doing, (Done(nonce=doing.nonce, state=doing.state, at=now),))


class Siren:
    """A siren, a lamp, or both in one case: `can` says which commands it carries out."""

    def __init__(
        self,
        broker: Broker,
        identity: Identity,
        clock: Clock,
        *,
        can: frozenset[Do],
        on_change: Callable[[DoneState], None] = lambda _state: None,
        dial: Dial = dial,
    ) -> None:
        self._clock = clock
        self._can = can
        self._on_change = on_change
        self._doing: Doing | None = None
        self._changed = asyncio.Event()
        self.link = Link(broker, identity, hears={Kind.CMD: self._hear}, on_connected=self._changed.set, dial=dial)

    @property
    def state(self) -> DoneState:
        """What everybody in the house sees or hears of it."""
        return DoneState.OFF if self._doing is None else self._doing.state

    async def run(self) -> None:
        """Connect, obey and prove until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.link.run())
            group.create_task(self._watch())

    def _hear(self, payload: bytes) -> None:
        try:
            command = parse(Kind.CMD, payload)
        except Unreadable as error:
            log.warning("a command could not be read: %s", error)
            return
        self._take(obey(self._doing, command, self._can, self._clock.now()))
        self._changed.set()

    async def _watch(self) -> None:
        """End what has lasted long enough, and prove every 30 s what goes on."""
        while True:
            self._changed.clear()
            try:
                async with asyncio.timeout(self._pause()):
                    await self._changed.wait()
            except TimeoutError:
                if self._doing is not None:
                    self._take(look(self._doing, self._clock.now()))

    def _pause(self) -> float | None:
        if self._doing is None:
            return None
        left = (self._doing.until - self._clock.now()).total_seconds()
        return min(PROVE_EVERY, max(0.0, left))

    def _take(self, outcome: Outcome) -> None:
        before, self._doing = self.state, outcome.doing
        for proof in outcome.proofs:
            self.link.send(Kind.DONE, dump(proof))
        if self.state is not before:
            self._on_change(self.state)


def main() -> None:
    """Run a siren or a lamp."""
    arguments = parser("devices.siren", "A siren or lamp. It writes what it does to standard output.")
    arguments.add_argument("--can", action="append", choices=[do.value for do in _STATE_OF], help="default: siren")
    run_device(arguments, _run)


async def _run(given: argparse.Namespace, place: Installation) -> None:
    can = frozenset(Do(word) for word in given.can or ["siren"]) | {Do.IDENTIFY}
    await Siren(place.broker, place.identity, place.clock, can=can, on_change=_write_state).run()


def _write_state(state: DoneState) -> None:
    sys.stdout.write(f"{state}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
