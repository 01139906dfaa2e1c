"""What stands around intake in these tests: rules that find every press, and alarms that are only rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hub.ingest.model import Neighbours, ReportNeighbours
from hub.kit.clock import SetClock
from hub.kit.db import Conn
from hub.kit.ids import AlarmId, CentreId, PressId, new_id
from hub.mqtt.model import Inbound
from hub.rules.model import Event, Finding, PressHeard, PressKind, Priority, ReadingHeard

CENTRE = CentreId("jiuquan-road")


@dataclass(frozen=True, slots=True)
class Concluded:
    """What a finding came to."""

    alarm_id: AlarmId | None


@dataclass
class Hub:
    """The rest of the hub, as far as intake can see it."""

    heard: list[Event] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    cancelled: list[PressId] = field(default_factory=list)
    readings: list[ReadingHeard] = field(default_factory=list)
    spoken: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    seconds_an_alarm: float = 0.0

    def neighbours(self) -> Neighbours:
        return Neighbours(self, self._conclude, self._conclude, CENTRE)

    def report_neighbours(self) -> ReportNeighbours:
        return ReportNeighbours(self, self._hand_over, self._keep, CENTRE)

    async def hear(self, conn: Conn, events: Sequence[Event], now: datetime) -> Sequence[Finding]:
        self.heard += events
        return [_finding(event) for event in events if isinstance(event, PressHeard) and event.kind != PressKind.CANCEL]

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        self.spoken.append((topic, json.loads(payload)))

    async def _conclude(
        self, conn: Conn, findings: Sequence[Finding], now: datetime, taken_back: Sequence[PressId] = ()
    ) -> list[Concluded]:
        concluded = []
        for finding in findings:
            await conn.execute("SELECT pg_sleep(%s)", (self.seconds_an_alarm,))
            concluded.append(Concluded(await _alarm(conn, finding, now)))
        self.findings += findings
        self.cancelled += taken_back
        return concluded

    async def _hand_over(self, conn: Conn, findings: Sequence[Finding], now: datetime) -> None:
        self.findings += findings

    async def _keep(self, conn: Conn, readings: Sequence[ReadingHeard]) -> None:
        self.readings += readings


def _finding(event: PressHeard) -> Finding:
    return Finding(
        "press", Priority.P1, "help", event.centre_id, event.pressed_at,
        senior_id=event.senior_id, room_id=event.room_id, device_id=event.device_id, press_id=event.press_id,
    )  # fmt: skip


async def _alarm(conn: Conn, finding: Finding, now: datetime) -> AlarmId:
    """One live alarm for each subject, with a timer, as the constraints ask."""
    key = f"{finding.centre_id}:{finding.subject}:{finding.klass}"
    found = await (await conn.execute("SELECT id FROM alarm WHERE key = %s", (key,))).fetchone()
    alarm_id = AlarmId(found[0] if found else new_id("a", now))
    if not found:
        await conn.execute(
            "INSERT INTO alarm (id, centre_id, key, klass, number, priority, state, version, epoch, tier, policy, "
            "rule_id, summary, opened_at, open_since, changed_at) "
            "VALUES (%s, %s, %s, 'help', '23-01', 'P1', 'open', 1, 1, 0, '{}', 'press', '{}', %s, %s, %s)",
            (alarm_id, finding.centre_id, key, now, now, now),
        )
        await conn.execute(
            "INSERT INTO alarm_timer (id, alarm_id, kind, due_at, epoch, made_at) "
            "VALUES (%s, %s, 'escalate', %s, 1, %s)",
            (new_id("w", now), alarm_id, now + timedelta(seconds=30), now),
        )
    await conn.execute(
        "INSERT INTO alarm_press (press_id, alarm_id, device_id, pressed_at) VALUES (%s, %s, %s, %s)",
        (finding.press_id, alarm_id, finding.device_id, finding.at),
    )
    return alarm_id


def said(
    clock: SetClock, kind: str, device: str, message: dict[str, object] | bytes, *,
    replayed: bool = False, live_retain: bool = False,
) -> Inbound:  # fmt: skip
    """A message as the broker hands it over."""
    payload = message if isinstance(message, bytes) else json.dumps({"v": 1, **message}).encode()
    return Inbound(f"anling/v1/{CENTRE}/{kind}/{device}", payload, 1, device, live_retain, replayed, clock.now())
