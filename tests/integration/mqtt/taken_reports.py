"""Where reports go in tests of the broker: kept, and settled when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hub.mqtt.model import ReportRoute, SettleReport


@dataclass(frozen=True)
class TakenReport:
    """A report that was handed over, and who waits for its answer."""

    topic: str
    publisher: str
    payload: bytes
    settle: SettleReport
    packet_id: int | None


class Taken:
    """Keeps the reports it got. While it is not open nothing is settled: telemetry stands still."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[TakenReport] = asyncio.Queue()
        self.open = Gate(self._settle)
        self.finished = 0
        self._waiting: list[TakenReport] = []

    def take_report(self, route: ReportRoute, payload: bytes, settle: SettleReport, packet_id: int | None) -> None:
        report = TakenReport(route.topic, route.publisher, payload, settle, packet_id)
        self.got.put_nowait(report)
        self._waiting.append(report)
        if self.open.is_open:
            self._settle()

    async def next(self) -> TakenReport:
        async with asyncio.timeout(10):
            return await self.got.get()

    def _settle(self) -> None:
        waiting, self._waiting = self._waiting, []
        for report in waiting:
            self.finished += 1
            report.settle(report.packet_id)


class Gate:
    """Open until it is cleared; what waited is told when it is set."""

    def __init__(self, opened: Callable[[], None]) -> None:
        self.is_open = True
        self._opened = opened

    def clear(self) -> None:
        self.is_open = False

    def set(self) -> None:
        self.is_open = True
        self._opened()
