"""What does a card reader do? It says who arrived, entered or left, and repeats it until the hub knows."""

import argparse
import asyncio
import sys
from typing import Final

from pydantic import TypeAdapter, ValidationError

from devices.contract.messages import CardToken, VisitAction, VisitMessage
from devices.contract.times import DeviceClock
from devices.contract.topics import Kind, is_id
from devices.link import BrokerEndpoint, DeviceLink, Dial, Identity, connect_socket
from devices.outbox import Outbox, open_outbox
from devices.program import Installation, WrongArguments, boot_id, build_parser, read_input_lines, run_device
from devices.sending import Sending

SAME_CARD_WITHIN: Final = 3.0
"""Seconds in which a card that is still held to the reader counts once."""
_TOKEN: Final = TypeAdapter(CardToken)


class NotACard(Exception):
    """What was read cannot be a card's number; the message does not repeat it."""


class CardReader:
    """A reader in one room, or at the house door, where a card arrives or leaves."""

    def __init__(
        self,
        broker: BrokerEndpoint,
        identity: Identity,
        outbox: Outbox,
        clock: DeviceClock,
        *,
        room: str,
        dial: Dial = connect_socket,
    ) -> None:
        self.room = room
        self._clock = clock
        self._boot = outbox.boot
        self._last: tuple[str, VisitAction, float] | None = None
        self._sending = Sending(outbox, clock)
        self.link = DeviceLink(
            broker,
            identity,
            hears={Kind.ACK: self._sending.hear_ack},
            on_connected=self._sending.make_all_due,
            dial=dial,
        )

    @property
    def unsent(self) -> int:
        """How many visits the hub does not know yet."""
        return len(self._sending.unsent)

    async def run(self) -> None:
        """Connect and send until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.link.run())
            group.create_task(self.link.send_heartbeats())
            group.create_task(self._sending.run(self.link))

    async def read(self, token: str, what: VisitAction = VisitAction.ENTER) -> str | None:
        """A card was held to the reader; the message's id, None when it is the same card still. Raises NotACard."""
        try:
            _TOKEN.validate_python(token)
        except ValidationError:
            raise NotACard("a card's number is 4 to 64 of A-Z, a-z, 0-9 and ._:-") from None
        at = self._clock.monotonic()
        if self._last is not None and self._last[:2] == (token, what) and at - self._last[2] < SAME_CARD_WITHIN:
            return None
        self._last = (token, what, at)
        room = self.room if what is VisitAction.ENTER else None
        draft = VisitMessage(id=self._boot, token=token, what=what, room=room, at=self._clock.now())
        return (await self._sending.store_message(Kind.VISIT, draft)).id


def main() -> None:
    """Run a card reader."""
    arguments = build_parser("devices.card_reader", "A card reader that types each number it reads, and a new line.")
    arguments.add_argument("--room", required=True, help="the room it hangs in")
    arguments.add_argument(
        "--what", choices=[what.value for what in VisitAction], default=VisitAction.ENTER, help="what a card does"
    )
    run_device(arguments, _run_card_reader)


async def _run_card_reader(given: argparse.Namespace, place: Installation) -> None:
    if not is_id(given.room):
        raise WrongArguments(f"--room {given.room!r}: should be 1 to 32 of a-z, 0-9 and -")
    with open_outbox(place.outbox_path, boot_id()) as outbox:
        reader = CardReader(place.broker, place.identity, outbox, place.clock, room=given.room)
        async with asyncio.TaskGroup() as group:
            group.create_task(reader.run())
            group.create_task(_read_lines(reader, VisitAction(given.what)))


async def _read_lines(reader: CardReader, what: VisitAction) -> None:
    """USB readers are keyboards: one card is one line."""
    async for token in read_input_lines():
        if token:
            try:
                await reader.read(token, what)
            except NotACard:
                sys.stderr.write("not a card\n")


if __name__ == "__main__":
    main()
