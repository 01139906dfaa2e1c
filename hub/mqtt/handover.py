"""How do reports reach telemetry, which is another process? Over a local socket, in batches, settled in their order.

Nothing here costs a task, a timer or a future for each report. What telemetry has not settled within a second, because
it is down, stands still or has too much, is shed: answered, and counted by `sheds`. A press waits for none of it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from hub.mqtt import frames
from hub.mqtt.model import LocalWire, PublishNow, ReportRoute, SettleReport, Unreachable

log = logging.getLogger(__name__)

SHED_AFTER_SECONDS: Final = 1.0
SWEEP_SECONDS: Final = 0.1
GATHER_SECONDS: Final = 0.005
"""How long the first report of a batch waits for others: one write for all that came meanwhile."""
CAPACITY: Final = 10_000
"""Reports that telemetry has not settled. With that many no more are handed over; the connections' bounds hold."""
KEPT_FOR_VISITS: Final = 1000
"""Of the capacity, room that readings leave."""


class _Unsettled(NamedTuple):
    """A report that is not answered yet."""

    settle: SettleReport
    packet_id: int | None
    came_at: float
    is_handed: bool


class Handover:
    """The broker's end. At most one telemetry is connected; a newer one takes its place."""

    def __init__(self, socket: Path, *, sheds: Callable[[int], None]) -> None:
        """`sheds` gets the number of reports that were answered and that telemetry did not settle."""
        self._socket = socket
        self._sheds = sheds
        self._unsettled: deque[_Unsettled] = deque()
        self._out: list[bytes] = []  # handed over, and not written yet
        self._is_gathering = False
        self._handed = 0  # to the telemetry of now, from the first report on
        self._answered = 0  # of these
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
                self._shed_late(time.monotonic() - SHED_AFTER_SECONDS)
        finally:
            server.close()
            if self._telemetry is not None:
                self._telemetry.abort()

    def take_report(self, route: ReportRoute, payload: bytes, settle: SettleReport, packet_id: int | None) -> None:
        """Take one report; see `hub.mqtt.model.TakeReport`."""
        now = time.monotonic()
        room = CAPACITY if "/visit/" in route.topic else CAPACITY - KEPT_FOR_VISITS
        is_handed = self._handed - self._answered < room
        self._unsettled.append(_Unsettled(settle, packet_id, now, is_handed))
        if not is_handed:
            return
        self._handed += 1
        self._out.append(frames.encode_report(now, packet_id is not None, route.label, payload))
        if not self._is_gathering and self._telemetry is not None:
            self._is_gathering = True
            asyncio.get_running_loop().call_later(GATHER_SECONDS, self._write_reports)

    # What telemetry's connection tells.

    def telemetry_connected(self, telemetry: _Telemetry) -> None:
        """Telemetry is there: it gets what has waited for it for less than a second."""
        if self._telemetry is not None:
            self._telemetry.abort()
            self.telemetry_lost(self._telemetry)
        log.info("telemetry is connected")
        self._telemetry = telemetry
        self._write_reports()

    def telemetry_lost(self, telemetry: _Telemetry) -> None:
        """Telemetry is down, and nobody knows what it had committed: what is in flight is answered, and shed."""
        if self._telemetry is not telemetry:
            return
        log.warning("the connection of telemetry is over: reports are shed until it is back")
        self._telemetry = None
        self._shed_late(time.monotonic())
        self._out.clear()
        self._handed = self._answered = 0

    def reports_settled(self, telemetry: _Telemetry, total: int) -> None:
        """Telemetry has settled so many since it came."""
        if self._telemetry is not telemetry:
            return
        shed = 0
        while self._unsettled and (self._answered < total or not self._unsettled[0].is_handed):
            shed += not self._unsettled[0].is_handed
            self._settle_report(self._unsettled.popleft())
        self._count_shed(shed)

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

    def _shed_late(self, moment: float) -> None:
        """Answer what came before that moment and is not settled."""
        shed = unwritten = 0
        while self._unsettled and self._unsettled[0].came_at <= moment:
            late = self._unsettled.popleft()
            unwritten += late.is_handed
            self._settle_report(late)
            shed += 1
        if self._telemetry is None:  # what is answered need not be written any more
            del self._out[:unwritten]
            self._handed -= unwritten
            self._answered -= unwritten
        self._count_shed(shed)

    def _settle_report(self, report: _Unsettled) -> None:
        self._answered += report.is_handed
        report.settle(report.packet_id)

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
                    case frames.Settled(total):
                        self._handover.reports_settled(self, total)
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
