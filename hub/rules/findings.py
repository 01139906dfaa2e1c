"""How does what telemetry's rules conclude reach the alarms? As rows, which the alarm path takes one by one.

Telemetry opens no alarm and writes no entry of the ledger. A notice is no alarm: it is raised at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hub.kit.db import Conn
from hub.kit.ids import CentreId, DeviceId, RoomId, SeniorId
from hub.notices import service as notices
from hub.notices.model import NoticePriority, Raised
from hub.rules.model import Finding, Priority


@dataclass(frozen=True, slots=True)
class WaitingFinding:
    """A finding that the alarm path has locked and not taken yet; `n` names its row, `read` gives it, or raises.

    `failures`: how often it has raised.
    """

    n: int
    centre_id: CentreId
    failures: int
    read: Callable[[], Finding]


async def dispatch_findings(conn: Conn, findings: Sequence[Finding], now: datetime) -> None:
    """Raise or clear the notices among these findings, and leave the others to the alarm path."""
    for finding in findings:
        if finding.priority.is_alarm:
            await _insert_finding(conn, finding, now)
        else:
            await update_notice(conn, finding, now)


async def update_notice(conn: Conn, finding: Finding, now: datetime) -> None:
    """P3 and P4, and their end. The finding's own words go with it: pages have none for the rules of a centre."""
    if finding.cleared:
        await notices.clear_notice(conn, finding.centre_id, finding.klass, finding.subject, now)
        return
    params = {name: value for name, value in finding.params.items() if value is not None} | dict(finding.summary)
    raised = Raised(finding.centre_id, finding.klass, finding.subject, NoticePriority(finding.priority), params)
    await notices.raise_notice(conn, raised, now)


async def lock_next_finding(conn: Conn, now: datetime) -> WaitingFinding | None:
    """Lock the oldest finding that waits and is not parked; None when there is none, or another loop has it."""
    async with conn.cursor(row_factory=class_row(_FindingRow)) as cursor:
        await cursor.execute(
            """
            SELECT finding.n, finding.centre_id, finding.rule_id, finding.priority, finding.klass, finding.at,
                   finding.senior_id, finding.room_id, finding.device_id, finding.about, finding.summary,
                   finding.params, finding.late, finding.time_uncertain, finding.cleared,
                   coalesce(parked_row.failures, 0) AS failures
              FROM finding
              LEFT JOIN parked_row ON parked_row.kind = 'finding' AND parked_row.row_id = finding.n::text
             WHERE NOT EXISTS (
               SELECT FROM parked_rows_at('finding', %(now)s) AS parked WHERE parked.row_id = finding.n::text)
             ORDER BY finding.n
             LIMIT 1
               FOR UPDATE OF finding SKIP LOCKED
            """,
            {"now": now},
        )
        row = await cursor.fetchone()
    return None if row is None else WaitingFinding(row.n, row.centre_id, row.failures, row.finding)


async def delete_finding(conn: Conn, n: int) -> None:
    """This finding was taken, in this transaction."""
    await conn.execute("DELETE FROM finding WHERE n = %(n)s", {"n": n})


async def _insert_finding(conn: Conn, finding: Finding, now: datetime) -> None:
    assert finding.press_id is None, "a press is heard and concluded by the alarm path itself"
    await conn.execute(
        """
        INSERT INTO finding
               (centre_id, rule_id, priority, klass, at, senior_id, room_id, device_id, about, summary, params, late,
                time_uncertain, cleared, made_at)
        VALUES (%(centre_id)s, %(rule_id)s, %(priority)s, %(klass)s, %(at)s, %(senior_id)s, %(room_id)s,
                %(device_id)s, %(about)s, %(summary)s, %(params)s, %(late)s, %(time_uncertain)s, %(cleared)s,
                %(made_at)s)
        """,
        {
            "centre_id": finding.centre_id,
            "rule_id": finding.rule_id,
            "priority": finding.priority,
            "klass": finding.klass,
            "at": finding.at,
            "senior_id": finding.senior_id,
            "room_id": finding.room_id,
            "device_id": finding.device_id,
            "about": finding.about,
            "summary": Jsonb(dict(finding.summary)),
            "params": Jsonb(dict(finding.params)),
            "late": finding.late,
            "time_uncertain": finding.time_uncertain,
            "cleared": finding.cleared,
            "made_at": now,
        },
    )


@dataclass(frozen=True, slots=True)
class _FindingRow:
    n: int
    centre_id: CentreId
    rule_id: str
    priority: str
    klass: str
    at: datetime
    senior_id: SeniorId | None
    room_id: RoomId | None
    device_id: DeviceId | None
    about: str | None
    summary: dict[str, str]
    params: dict[str, str | int | None]
    late: bool
    time_uncertain: bool
    cleared: bool
    failures: int

    def finding(self) -> Finding:
        return Finding(
            rule_id=self.rule_id,
            priority=Priority(self.priority),
            klass=self.klass,
            centre_id=self.centre_id,
            at=self.at,
            senior_id=self.senior_id,
            room_id=self.room_id,
            device_id=self.device_id,
            summary=self.summary,
            params=self.params,
            late=self.late,
            time_uncertain=self.time_uncertain,
            cleared=self.cleared,
            about=self.about,
        )
