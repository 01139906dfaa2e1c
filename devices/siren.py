"""What do the siren and the lamp do? What the hub commands, and they prove it for as long as it lasts."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from devices.contract.messages import Cmd, Do, Done, DoneState, Unreadable, parse_message, serialize_message
from devices.contract.times import DeviceClock
from devices.contract.topics import Kind
from devices.link import BrokerEndpoint, DeviceLink, Dial, Identity, connect_socket
from devices.program import Installation, build_parser, run_device

log = logging.getLogger(__name__)

PROVE_EVERY: Final = 30.0  # seconds
LONGEST: Final = timedelta(minutes=15)
"""How long one command may keep it on: a hub that has died must not leave a house howling."""
SHORT: Final = timedelta(seconds=3)
_STATE_OF: Final = {Do.SIREN: DoneState.SOUNDING, Do.LAMP: DoneState.ON, Do.IDENTIFY: DoneState.ON}


@dataclass(frozen=True, slots=True)
class Doing:
    """One thing that it does now, on whose command, and until when."""

    do: Do
    nonce: str
    until: datetime

    @property
    def state(self) -> DoneState:
        """What is proven of it while it lasts."""
        return _STATE_OF[self.do]


@dataclass(frozen=True, slots=True)
class SounderActions:
    """What a command or time leads to: all that it does from now on, each thing once, and the proofs to send."""

    doing: tuple[Doing, ...]
    proofs: tuple[Done, ...]


def execute_command(doing: tuple[Doing, ...], command: Cmd, can: frozenset[Do], now: datetime) -> SounderActions:
    """Carry out one command; what others have it do goes on.

    A repeated command is proven again; a refused one changes nothing.
    """
    if command.do not in can:
        return SounderActions(doing, (Done(nonce=command.nonce, state=DoneState.REFUSED, reason="cannot", at=now),))
    others = tuple(one for one in doing if one.do is not command.do)
    if command.args.get("on") is False:
        ended = tuple(Done(nonce=one.nonce, state=DoneState.OFF, at=now) for one in doing if one.do is command.do)
        return SounderActions(others, (*ended, Done(nonce=command.nonce, state=DoneState.OFF, at=now)))
    until = min(command.until or now + LONGEST, now + (SHORT if command.do is Do.IDENTIFY else LONGEST))
    if until <= now:
        return SounderActions(doing, (Done(nonce=command.nonce, state=DoneState.REFUSED, reason="too-late", at=now),))
    started = Doing(command.do, command.nonce, until)
    return SounderActions((*others, started), (Done(nonce=command.nonce, state=started.state, at=now),))


def expire_actions(doing: tuple[Doing, ...], now: datetime) -> SounderActions:
    """What time alone brings: the end of some, and another proof of those that still go on."""
    lasting = tuple(one for one in doing if now < one.until)
    proofs = tuple(Done(nonce=one.nonce, state=one.state if one in lasting else DoneState.OFF, at=now) for one in doing)
    return SounderActions(lasting, proofs)


def combined_state(doing: tuple[Doing, ...]) -> DoneState:
    """What everybody in the house sees or hears of it: a siren that sounds covers everything else."""
    states = {one.state for one in doing}
    return next((state for state in (DoneState.SOUNDING, DoneState.ON) if state in states), DoneState.OFF)


class Siren:
    """A siren, a lamp, or both in one case: `can` says which commands it carries out."""

    def __init__(
        self,
        broker: BrokerEndpoint,
        identity: Identity,
        clock: DeviceClock,
        *,
        can: frozenset[Do],
        on_change: Callable[[DoneState], None] = lambda _state: None,
        dial: Dial = connect_socket,
    ) -> None:
        self._clock = clock
        self._can = can
        self._on_change = on_change
        self._doing: tuple[Doing, ...] = ()
        self._changed = asyncio.Event()
        self.link = DeviceLink(
            broker, identity, hears={Kind.CMD: self._receive_command}, on_connected=self._changed.set, dial=dial
        )

    @property
    def state(self) -> DoneState:
        """What everybody in the house sees or hears of it."""
        return combined_state(self._doing)

    async def run(self) -> None:
        """Connect, obey and prove until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.link.run())
            group.create_task(self.link.send_heartbeats())
            group.create_task(self._prove_actions())

    def _receive_command(self, payload: bytes) -> None:
        try:
            command = parse_message(Kind.CMD, payload)
        except Unreadable as error:
            log.warning("a command could not be read: %s", error)
            return
        self._apply_actions(execute_command(self._doing, command, self._can, self._clock.now()))
        self._changed.set()

    async def _prove_actions(self) -> None:
        """End what has lasted long enough, and prove every 30 s what goes on."""
        while True:
            self._changed.clear()
            try:
                async with asyncio.timeout(self._seconds_to_wait()):
                    await self._changed.wait()
            except TimeoutError:
                self._apply_actions(expire_actions(self._doing, self._clock.now()))

    def _seconds_to_wait(self) -> float | None:
        if not self._doing:
            return None
        left = (min(one.until for one in self._doing) - self._clock.now()).total_seconds()
        return min(PROVE_EVERY, max(0.0, left))

    def _apply_actions(self, outcome: SounderActions) -> None:
        before, self._doing = self.state, outcome.doing
        for proof in outcome.proofs:
            self.link.send(Kind.DONE, serialize_message(proof))
        if self.state is not before:
            self._on_change(self.state)


def main() -> None:
    """Run a siren or a lamp."""
    arguments = build_parser("devices.siren", "A siren or lamp. It writes what it does to standard output.")
    arguments.add_argument("--can", action="append", choices=[do.value for do in _STATE_OF], help="default: siren")
    run_device(arguments, _run_siren)


async def _run_siren(given: argparse.Namespace, place: Installation) -> None:
    can = frozenset(Do(word) for word in given.can or [Do.SIREN]) | {Do.IDENTIFY}
    await Siren(place.broker, place.identity, place.clock, can=can, on_change=_write_state).run()


def _write_state(state: DoneState) -> None:
    sys.stdout.write(f"{state}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
