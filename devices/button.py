"""What does the reference button do? It writes the press down, repeats it until the hub has it, and shows which.

The same code is a pendant, a wall button and a pull cord; they differ in the kind of call they send.
"""

import argparse
import asyncio
import logging
import random
import sys
from collections.abc import Callable
from typing import Final

from devices.contract.messages import (
    Ack,
    AlarmKind,
    AlarmMessage,
    Reading,
    TeleMessage,
    Unreadable,
    parse_message,
    serialize_message,
)
from devices.contract.times import DeviceClock
from devices.contract.topics import Kind
from devices.contract.units import UNIT_OF
from devices.gestures import Contact, close_contact, open_contact
from devices.light import Light, LightInputs, apply_ack, apply_cue, apply_press, choose_light, ends_at
from devices.link import HEARTBEAT, BrokerEndpoint, DeviceLink, Dial, Identity, connect_socket
from devices.outbox import Outbox, StoredMessage, open_outbox
from devices.program import Installation, boot_id, build_parser, read_input_lines, run_device
from devices.sending import Condition, Sending

log = logging.getLogger(__name__)

_OWN_KINDS: Final = frozenset(AlarmKind) - {AlarmKind.CANCEL}


class Button:
    """One trigger: `run` it, and `press` it."""

    def __init__(
        self,
        broker: BrokerEndpoint,
        identity: Identity,
        outbox: Outbox,
        clock: DeviceClock,
        *,
        condition: Condition = Condition(battery=100.0),  # noqa: B008 - frozen
        on_light: Callable[[Light, str], None] = lambda _light, _text: None,
        dial: Dial = connect_socket,
    ) -> None:
        """`on_light` drives the light: it hears what to show when the device starts, and each change of it."""
        self.condition = condition
        self._clock = clock
        self._boot = outbox.boot
        self._on_light = on_light
        self._switched: tuple[Light, str] | None = None
        self._changed = asyncio.Event()
        self._contact = Contact()
        self._beats = 0
        self._sending = Sending(outbox, clock, condition=lambda: self.condition, on_answer=self._take_ack)
        self._shown = LightInputs(unsent=frozenset(kept.id for kept in self._sending.unsent))
        self.link = DeviceLink(
            broker,
            identity,
            hears={Kind.ACK: self._sending.hear_ack, Kind.CUE: self._hear_cue},
            on_connected=self._sending.make_all_due,
            dial=dial,
        )

    @property
    def light(self) -> tuple[Light, str]:
        """What the presser sees now, and the words beside it."""
        return choose_light(self._shown, self._clock.monotonic())

    async def run(self) -> None:
        """Connect, send, listen and report until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.link.run())
            group.create_task(self._sending.run(self.link))
            group.create_task(self._keep_light())
            group.create_task(self._report_status())

    async def press(self, kind: AlarmKind = AlarmKind.PRESS) -> str:
        """Call for help; it is in the device's storage when this returns. Gives the message's id."""
        if kind not in _OWN_KINDS:
            raise ValueError("a press is cancelled with cancel()")
        return await self._store_press(AlarmMessage(id=self._boot, kind=kind, at=self._clock.now()))

    async def cancel(self, message_id: str) -> str:
        """Say that the press of this id was a mistake. Staff still come and look."""
        return await self._store_press(
            AlarmMessage(id=self._boot, kind=AlarmKind.CANCEL, of=message_id, at=self._clock.now())
        )

    async def contact_closes(self) -> str | None:
        """The contact under the finger closed; the id of the call, None for a bounce."""
        self._contact, kind = close_contact(self._contact, self._clock.monotonic())
        return await self.press(kind) if kind is not None else None

    async def contact_opens(self) -> str | None:
        """The contact opened; the id of the second call that a long press is."""
        kind = open_contact(self._contact, self._clock.monotonic())
        return await self.press(kind) if kind is not None else None

    async def _store_press(self, draft: AlarmMessage) -> str:
        kept = await self._sending.store_message(Kind.ALARM, draft)
        self._show_light(apply_press(self._shown, kept.id))
        return kept.id

    def _take_ack(self, _kept: StoredMessage, ack: Ack) -> None:
        self._show_light(apply_ack(self._shown, ack, self._clock.monotonic()))

    def _hear_cue(self, payload: bytes) -> None:
        try:
            cue = parse_message(Kind.CUE, payload)
        except Unreadable as error:
            log.warning("a cue could not be read: %s", error)
            return
        self._show_light(apply_cue(self._shown, cue, self._clock.monotonic()))

    def _show_light(self, shown: LightInputs) -> None:
        self._shown = shown
        self._changed.set()
        self._switch_light()

    def _switch_light(self) -> None:
        """Switch the light when what it shows is not true any more."""
        shown = self.light
        if shown != self._switched:
            self._switched = shown
            self._on_light(*shown)

    async def _keep_light(self) -> None:
        """Switch the light when the device begins to run, and whenever what it shows ends by itself."""
        while True:
            self._changed.clear()
            self._switch_light()
            now = self._clock.monotonic()
            ends = ends_at(self._shown, now)
            try:
                async with asyncio.timeout(None if ends is None else max(0.05, ends - now)):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _report_status(self) -> None:
        """Report now and then that this trigger lives, and its battery level."""
        await asyncio.sleep(random.uniform(0, 5))  # noqa: S311 - spreads a house's devices, no secret
        while True:
            self._beats += 1
            readings = [
                Reading(name=name, value=value, unit=UNIT_OF[name])
                for name, value in (("battery", self.condition.battery), ("signal", self.condition.signal))
                if value is not None
            ]
            if readings:
                message = TeleMessage(
                    id=f"{self._boot}-t{self._beats}", at=self._clock.now(), age_ms=0, readings=tuple(readings)
                )
                self.link.send_reading(serialize_message(message))
            await asyncio.sleep(HEARTBEAT * random.uniform(0.8, 1.0))  # noqa: S311


def main() -> None:
    """Run a button."""
    arguments = build_parser("devices.button", "The reference button. Lines on standard input press it.")
    arguments.add_argument(
        "--kind",
        choices=[AlarmKind.PRESS, AlarmKind.PULL_CORD, AlarmKind.FALL],
        default=AlarmKind.PRESS,
        help="what a press is",
    )
    run_device(arguments, _run_button)


async def _run_button(given: argparse.Namespace, place: Installation) -> None:
    with open_outbox(place.outbox_path, boot_id()) as outbox:
        button = Button(place.broker, place.identity, outbox, place.clock, on_light=_write_light)
        async with asyncio.TaskGroup() as group:
            group.create_task(button.run())
            group.create_task(_press_from_input(button, AlarmKind(given.kind)))


async def _press_from_input(button: Button, kind: AlarmKind) -> None:
    """Press for each line read: empty or `press`, `long`, `double`, `test`, or `cancel` for the last one."""
    kinds = {"": kind, AlarmKind.PRESS: kind, "long": AlarmKind.LONG_PRESS, "double": AlarmKind.DOUBLE_PRESS}
    last: str | None = None
    async for word in read_input_lines():
        if word == AlarmKind.CANCEL and last is not None:
            await button.cancel(last)
        elif word == AlarmKind.TEST:
            last = await button.press(AlarmKind.TEST)
        elif word in kinds:
            last = await button.press(kinds[word])
        else:
            sys.stderr.write("press, long, double, test or cancel\n")


def _write_light(shown: Light, text: str) -> None:
    sys.stdout.write(f"{shown} {text}".strip() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
