"""How does telemetry get the reports that the built-in broker receives? From its local socket, and it answers there."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from hub.kit.clock import Clock
from hub.mqtt import frames
from hub.mqtt.frames import HandedReport
from hub.mqtt.model import Inbound, LocalWire, Unreachable

log = logging.getLogger(__name__)

CONNECT_EVERY_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A report of the broker; `settle` is called once, in whatever order."""

    inbound: Inbound
    came_at: float
    settle: Callable[[], None]


class BrokerLink:
    """Telemetry's end of the socket: the reports come in, what is settled and said goes out."""

    def __init__(self, socket: Path, clock: Clock, receive: Callable[[Sequence[HandedOver]], None]) -> None:
        self._socket = socket
        self._clock = clock
        self._receive = receive
        self._link: _Link | None = None

    @property
    def is_up(self) -> bool:
        """Whether the broker is there: what devices say can be heard."""
        return self._link is not None

    async def run(self) -> None:
        """Be connected, or be trying every 0.2 s, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                _, link = await loop.create_unix_connection(lambda: _Link(self._receive_reports), str(self._socket))
            except OSError:
                await asyncio.sleep(CONNECT_EVERY_SECONDS)
                continue
            log.info("connected with the broker")
            self._link = link
            try:
                await link.ended.wait()
            finally:
                self._link = None
                link.abort()
            log.warning("the connection with the broker is over: trying again every %s s", CONNECT_EVERY_SECONDS)

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:  # noqa: ARG002
        """Publish to a device through the broker, with QoS 1. Raises Unreachable while the broker is down."""
        if self._link is None:
            raise Unreachable("the broker is down")
        self._link.write(frames.encode_message(topic, payload))

    def _receive_reports(self, link: _Link, reports: Sequence[HandedReport]) -> None:
        now, monotonic = self._clock.now(), time.monotonic()
        self._receive(
            [
                HandedOver(_build_inbound(one, now, monotonic), one.came_at, partial(link.settle, one.number))
                for one in reports
            ]
        )


def _build_inbound(report: HandedReport, now: datetime, monotonic: float) -> Inbound:
    return Inbound(
        topic=report.topic,
        payload=report.payload,
        qos=report.qos,
        publisher=report.publisher,
        live_retain=False,
        replayed=False,
        received_at=now - timedelta(seconds=max(0.0, monotonic - report.came_at)),
    )


class _Link(asyncio.Protocol):
    """One connection with the broker."""

    def __init__(self, hear: Callable[[_Link, Sequence[HandedReport]], None]) -> None:
        self.ended = asyncio.Event()
        self._hear = hear
        self._reader = frames.ReportReader()
        self._wire: LocalWire | None = None
        self._settled: list[int] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, LocalWire)
        self._wire = transport

    def data_received(self, data: bytes) -> None:
        if reports := list(self._reader.read(data)):
            self._hear(self, reports)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        self._wire = None
        self.ended.set()

    def settle(self, number: int) -> None:
        """This report is settled; the broker gets one message for all of a turn."""
        if not self._settled:
            asyncio.get_running_loop().call_soon(self._report_settled)
        self._settled.append(number)

    def write(self, content: bytes) -> None:
        """Write, unless the connection is over: then nobody waits for it."""
        if self._wire is not None:
            self._wire.write(content)

    def abort(self) -> None:
        if self._wire is not None:
            self._wire.abort()

    def _report_settled(self) -> None:
        settled, self._settled = self._settled, []
        self.write(frames.encode_settled(settled))
