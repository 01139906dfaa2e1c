"""How do reports reach telemetry, which is another process? Over a local socket, in batches, settled in any order.

Nothing here costs a task, a timer or a future for each report. One of QoS 1 waits until telemetry has committed it, and
is handed to the next telemetry when this one ends; how many can wait is bounded by the devices' windows. One of QoS 0
has no answer and no window: what is not settled within a second, because telemetry is down, stands still or has too
much, is shed, and counted by `sheds`. A press waits for none of it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Final, NamedTuple

from hub.mqtt import frames
from hub.mqtt.model import LocalWire, PublishNow, ReportRoute, SettleReport, Unreachable

log = logging.getLogger(__name__)

SHED_AFTER_SECONDS: Final = 1.0
"""For QoS 0. A device with too many unsettled reports is not read, and a press may be behind them (DECISIONS 14)."""
SHED_CONFIRMED_AFTER_SECONDS: Final = 17.0
"""For QoS 1. Telemetry gives up two seconds before."""
SWEEP_SECONDS: Final = 0.1
GATHER_SECONDS: Final = 0.005
"""How long the first report of a batch waits for others: one write for all that came meanwhile."""
CAPACITY: Final = 10_000
"""Reports of QoS 0 that telemetry has not settled. With that many no more are handed over; the devices' bounds hold."""


class _Unsettled(NamedTuple):
    """A report that is not answered yet. `frame` is what telemetry gets; None for one that it does not get."""

    settle: SettleReport
    packet_id: int | None
    came_at: float
    frame: bytes | None


class Handover:
    """The broker's end. At most one telemetry is connected; a newer one takes its place."""

    def __init__(self, socket: Path, *, sheds: Callable[[int], None]) -> None:
        """`sheds` gets the number of reports that were answered and that telemetry did not settle."""
        self._socket = socket
        self._sheds = sheds
        self._next_number = 0
        self._confirmed: dict[int, _Unsettled] = {}  # with QoS 1, by number, oldest first
        self._unconfirmed: dict[int, _Unsettled] = {}  # with QoS 0
        self._out: list[bytes] = []  # for the telemetry of now, and not written yet
        self._is_gathering = False
        self._telemetry: _Telemetry | None = None
        self._publish: PublishNow | None = None

    @property
    def is_connected(self) -> bool:
        """Whether a telemetry process is there."""
        return self._telemetry is not None

    async def run(self, publish: PublishNow) -> None:
        """Listen for telemetry until cancelled; what it says to devices goes through `publish`."""
        self._publish = publish
        loop = asyncio.get_running_loop()
        with suppress(FileNotFoundError):
            self._socket.unlink()
        server = await loop.create_unix_server(lambda: _Telemetry(self), self._socket)
        self._socket.chmod(0o600)
        try:
            while True:
                await asyncio.sleep(SWEEP_SECONDS)
                self._shed_late(time.monotonic())
        finally:
            server.close()
            if self._telemetry is not None:
                self._telemetry.abort()

    def take_report(self, route: ReportRoute, payload: bytes, settle: SettleReport, packet_id: int | None) -> None:
        """Take one report; see `hub.mqtt.model.TakeReport`."""
        number, now = self._next_number, time.monotonic()
        self._next_number += 1
        is_handed = packet_id is not None or len(self._unconfirmed) < CAPACITY
        frame = frames.encode_report(number, now, packet_id is not None, route.label, payload) if is_handed else None
        waiting = self._unconfirmed if packet_id is None else self._confirmed
        waiting[number] = _Unsettled(settle, packet_id, now, frame)
        if frame is None or self._telemetry is None:
            return
        self._out.append(frame)
        if not self._is_gathering:
            self._is_gathering = True
            asyncio.get_running_loop().call_later(GATHER_SECONDS, self._write_reports)

    # What telemetry's connection tells.

    def telemetry_connected(self, telemetry: _Telemetry) -> None:
        """Telemetry is there: it gets what waits, in the order in which it came."""
        if self._telemetry is not None:
            self._telemetry.abort()
            self.telemetry_lost(self._telemetry)
        log.info("telemetry is connected")
        self._telemetry = telemetry
        waiting = self._confirmed | self._unconfirmed
        self._out = [frame for number in sorted(waiting) if (frame := waiting[number].frame) is not None]
        self._write_reports()

    def telemetry_lost(self, telemetry: _Telemetry) -> None:
        """Telemetry is down, and nobody knows what it had committed: the next one gets what has QoS 1, a report that it
        knows already counts once. The rest is shed."""
        if self._telemetry is not telemetry:
            return
        log.warning("the connection of telemetry is over: its reports wait for the next one")
        self._telemetry = None
        self._out.clear()
        self._count_shed(self._settle_late(self._unconfirmed, time.monotonic()))

    def reports_settled(self, telemetry: _Telemetry, numbers: Sequence[int]) -> None:
        """Telemetry has settled these."""
        if self._telemetry is not telemetry:
            return
        for number in numbers:
            settled = self._confirmed.pop(number, None) or self._unconfirmed.pop(number, None)
            if settled is not None:  # it was not shed meanwhile
                settled.settle(settled.packet_id)

    def publish_reply(self, topic: str, payload: bytes) -> None:
        """Publish a reply of telemetry to a device; one that is not connected asks again."""
        if self._publish is not None:
            with suppress(Unreachable):
                self._publish(topic, payload)

    def _write_reports(self) -> None:
        self._is_gathering = False
        if self._telemetry is not None and self._out:
            self._telemetry.write(b"".join(self._out))
            self._out.clear()

    def _shed_late(self, now: float) -> None:
        """Answer what has waited for too long."""
        shed = self._settle_late(self._unconfirmed, now - SHED_AFTER_SECONDS)
        self._count_shed(shed + self._settle_late(self._confirmed, now - SHED_CONFIRMED_AFTER_SECONDS))

    def _settle_late(self, waiting: dict[int, _Unsettled], moment: float) -> int:
        """Settle what came before that moment, and say how many those were."""
        late = list(takewhile(lambda number: waiting[number].came_at <= moment, waiting))
        for number in late:
            report = waiting.pop(number)
            report.settle(report.packet_id)
        return len(late)

    def _count_shed(self, shed: int) -> None:
        if shed:
            self._sheds(shed)


class _Telemetry(asyncio.Protocol):
    """The connection of a telemetry process."""

    def __init__(self, handover: Handover) -> None:
        self._handover = handover
        self._reader = frames.ReplyReader()
        self._wire: LocalWire | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, LocalWire)
        self._wire = transport
        self._handover.telemetry_connected(self)

    def data_received(self, data: bytes) -> None:
        try:
            for reply in self._reader.read(data):
                match reply:
                    case frames.Settled(numbers):
                        self._handover.reports_settled(self, numbers)
                    case frames.MessageForDevice(topic, payload):
                        self._handover.publish_reply(topic, payload)
        except ValueError as error:
            log.error("telemetry sent what is undecodable, its connection ends: %s", error)
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        self._handover.telemetry_lost(self)

    def write(self, content: bytes) -> None:
        """Write; how much may wait is bounded by how many reports are unsettled."""
        assert self._wire is not None
        self._wire.write(content)

    def abort(self) -> None:
        if self._wire is not None:
            self._wire.abort()
