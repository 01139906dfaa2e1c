"""What happens to a connection's reports of QoS 1 between being read and being answered?

At most 5 of a device are in flight (`hub.mqtt.in_flight`). What is read beyond that is held, and nothing behind it is
read: backpressure, so that what is answered is committed. When no place comes free in time, the database is down and a
press may be behind it: what does not fit is then shed, which is answered and counted.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from hub.mqtt.in_flight import DeviceInFlight, ReportWindow
from hub.mqtt.model import ReportRoute, TakeReport

HOLD_REPORT_SECONDS: Final = 2.0
"""How long a report is held for a place in its window. A client that keeps to 5 in flight never meets this."""


@dataclass(frozen=True, slots=True)
class ReportFlow:
    """What reports need of their connection and of the broker."""

    hand_over: TakeReport
    count_shed: Callable[[int], None]
    answer: Callable[[Iterator[int]], None]
    """Sends the PUBACKs of these packet ids."""
    pause: Callable[[], None]
    read_on: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _HeldReport:
    """A report for which its device's window has no place."""

    route: ReportRoute
    payload: bytes
    packet_id: int
    overdue: asyncio.TimerHandle


@dataclass(frozen=True, slots=True)
class _ReportLine:
    """Where the answers to the reports of one device go: to its connection, and to the window."""

    reports: ConnectionReports
    window: ReportWindow

    def settle(self, packet_id: int | None) -> None:
        """A report is committed or shed."""
        assert packet_id is not None, "a report without packet id takes no place in the window"
        self.reports.settle_report(packet_id)
        self.window.release_place()


@dataclass(slots=True)
class ConnectionReports:
    """The reports of QoS 1 of one connection that are unanswered, and the one that is held."""

    flow: ReportFlow
    in_flight: DeviceInFlight
    _lines: dict[str, _ReportLine] = field(default_factory=dict)
    _order: deque[int] = field(default_factory=deque)  # packet ids, oldest first: PUBACKs keep the order of their lane
    _settled: Counter[int] = field(default_factory=Counter)  # those among them that are settled
    _held: _HeldReport | None = None
    _is_shedding: bool = False  # no place has come free for so long that what does not fit is shed at once

    def take_report(self, route: ReportRoute, payload: bytes, packet_id: int) -> None:
        """Hand a report over, when its device's window has a place: now, or later."""
        line = self._line_of(route)
        if line.window.take_place():
            self._is_shedding = False
            self._pass_report(line, route, payload, packet_id)
        elif self._is_shedding:
            self._shed_report(packet_id)
        else:
            overdue = asyncio.get_running_loop().call_later(HOLD_REPORT_SECONDS, self._shed_held_report)
            self._held = _HeldReport(route, payload, packet_id, overdue)
            self.flow.pause()
            line.window.waiting.append(self._pass_held_report)

    def settle_report(self, packet_id: int) -> None:
        """A report is committed or shed: the PUBACKs whose turn has come go out."""
        self._settled[packet_id] += 1
        self.flow.answer(self._answered())

    def close(self) -> None:
        """The connection is over: what was held is not handed over, its client sends it again."""
        held, self._held = self._held, None
        if held is not None:
            held.overdue.cancel()

    def _answered(self) -> Iterator[int]:
        while self._order and self._settled[self._order[0]]:
            answered = self._order.popleft()
            self._settled[answered] -= 1
            if not self._settled[answered]:
                del self._settled[answered]
            yield answered

    def _line_of(self, route: ReportRoute) -> _ReportLine:
        device = route.topic.rsplit("/", 1)[-1]
        line = self._lines.get(device)
        if line is None:
            line = self._lines[device] = _ReportLine(self, self.in_flight.window_of(device))
        return line

    def _pass_report(self, line: _ReportLine, route: ReportRoute, payload: bytes, packet_id: int) -> None:
        self._order.append(packet_id)
        self.flow.hand_over(route, payload, line.settle, packet_id)

    def _pass_held_report(self) -> None:
        """The window has a place: hand over what is held, and read on in a turn of its own."""
        held = self._held
        if held is None:
            return
        line = self._line_of(held.route)
        if not line.window.take_place():  # it waits for another window than the one that called
            return
        self._held = None
        held.overdue.cancel()
        self._pass_report(line, held.route, held.payload, held.packet_id)
        asyncio.get_running_loop().call_soon(self.flow.read_on)

    def _shed_held_report(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            self._is_shedding = True
            self._shed_report(held.packet_id)
            self.flow.read_on()

    def _shed_report(self, packet_id: int) -> None:
        self.flow.count_shed(1)
        self._order.append(packet_id)
        self.settle_report(packet_id)
