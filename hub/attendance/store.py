"""The rows of visits and of stays in rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row, scalar_row

from hub.attendance.model import Attendance, Evidence, LeftOpen, PersonHere, Stay
from hub.kit.db import Conn
from hub.kit.ids import AccountId, CentreId, DeviceId, RoomId, SeniorId


async def lock_senior(conn: Conn, centre_id: CentreId, senior_id: SeniorId) -> bool:
    """Lock a senior of that centre against others who write where she is; False if the centre has no such senior."""
    cursor = await conn.execute(
        """
        SELECT id
          FROM senior
         WHERE id = %(senior_id)s AND centre_id = %(centre_id)s
           FOR NO KEY UPDATE
        """,
        {"senior_id": senior_id, "centre_id": centre_id},
    )
    return await cursor.fetchone() is not None


async def senior_of_card(conn: Conn, centre_id: CentreId, token: str) -> SeniorId | None:
    """Whose card that is in this centre."""
    async with conn.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(
            "SELECT id FROM senior WHERE card_token = %(token)s AND centre_id = %(centre_id)s",
            {"token": token, "centre_id": centre_id},
        )
        found: SeniorId | None = await cursor.fetchone()
        return found


async def room_of(
    conn: Conn, centre_id: CentreId, room_id: RoomId | None, device_id: DeviceId, at: datetime
) -> RoomId | None:
    """The named room if the centre has it, else the room to which the reader was assigned at `at`."""
    async with conn.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(
            """
            SELECT coalesce(
                     (SELECT id FROM room WHERE id = %(room_id)s AND centre_id = %(centre_id)s),
                     (SELECT room_id FROM device_assigned_at(%(device_id)s, %(at)s)))
            """,
            {"room_id": room_id, "centre_id": centre_id, "device_id": device_id, "at": at},
        )
        found: RoomId | None = await cursor.fetchone()
        return found


async def has_room(conn: Conn, centre_id: CentreId, room_id: RoomId) -> bool:
    """Whether the centre has that room."""
    cursor = await conn.execute(
        "SELECT id FROM room WHERE id = %(room_id)s AND centre_id = %(centre_id)s",
        {"room_id": room_id, "centre_id": centre_id},
    )
    return await cursor.fetchone() is not None


@dataclass(frozen=True, slots=True)
class _AttendanceRow:
    senior_id: SeniorId
    visit_id: str | None
    arrived_at: datetime | None
    stay_id: str | None
    room_id: RoomId | None
    from_at: datetime | None
    evidence: str | None
    evidence_at: datetime | None
    known_at: datetime | None


async def read_attendances(conn: Conn, senior_ids: Sequence[SeniorId]) -> dict[SeniorId, Attendance]:
    """The open visit and stay of each of these seniors; every one that exists is in the answer."""
    if not senior_ids:
        return {}
    async with conn.cursor(row_factory=class_row(_AttendanceRow)) as cursor:
        await cursor.execute(
            """
            SELECT senior.id AS senior_id,
                   visit.id AS visit_id,
                   visit.arrived_at,
                   presence.id AS stay_id,
                   presence.room_id,
                   presence.from_at,
                   presence.evidence,
                   presence.evidence_at,
                   greatest(last_visit.known_at, last_stay.known_at) AS known_at
              FROM senior
              LEFT JOIN visit ON visit.senior_id = senior.id AND visit.left_at IS NULL
              LEFT JOIN presence ON presence.senior_id = senior.id AND presence.to_at IS NULL
              LEFT JOIN LATERAL (
                   SELECT greatest(arrived_at, left_at) AS known_at
                     FROM visit
                    WHERE senior_id = senior.id
                    ORDER BY arrived_at DESC
                    LIMIT 1) AS last_visit ON true
              LEFT JOIN LATERAL (
                   SELECT greatest(evidence_at, to_at) AS known_at
                     FROM presence
                    WHERE senior_id = senior.id
                    ORDER BY from_at DESC
                    LIMIT 1) AS last_stay ON true
             WHERE senior.id = ANY(%(senior_ids)s)
            """,
            {"senior_ids": list(senior_ids)},
        )
        return {row.senior_id: _build_attendance(row) for row in await cursor.fetchall()}


async def stays_between(conn: Conn, senior_id: SeniorId, from_at: datetime, to_at: datetime) -> list[Stay]:
    """The stays of a senior that began in that time, oldest first."""
    async with conn.cursor(row_factory=class_row(Stay)) as cursor:
        await cursor.execute(
            """
            SELECT id, senior_id, room_id, from_at, evidence, evidence_at
              FROM presence
             WHERE senior_id = %(senior_id)s
               AND from_at >= %(from_at)s AND from_at < %(to_at)s
             ORDER BY from_at
            """,
            {"senior_id": senior_id, "from_at": from_at, "to_at": to_at},
        )
        return await cursor.fetchall()


async def read_people(conn: Conn, centre_id: CentreId, only: SeniorId | None = None) -> list[PersonHere]:
    """Every senior of the centre whom this connection may see, or `only` her; those present first, then by name."""
    async with conn.cursor(row_factory=class_row(PersonHere)) as cursor:
        await cursor.execute(
            """
            SELECT senior.id,
                   senior.centre_id,
                   senior.name,
                   senior.address_as,
                   senior.address_as_en,
                   visit.id IS NOT NULL AS present,
                   presence.room_id,
                   coalesce(presence.from_at, visit.arrived_at) AS since,
                   coalesce(change.version, 0) AS version,
                   change.changed_at,
                   change.evidence AS changed_how,
                   change.account_id AS changed_by,
                   account.name AS changed_by_name,
                   account.name_en AS changed_by_name_en
              FROM senior
              LEFT JOIN visit ON visit.senior_id = senior.id AND visit.left_at IS NULL
              LEFT JOIN presence ON presence.senior_id = senior.id AND presence.to_at IS NULL
              LEFT JOIN attendance_change AS change ON change.senior_id = senior.id
              LEFT JOIN account ON account.id = change.account_id
             WHERE senior.centre_id = %(centre_id)s
               AND (%(only)s::text IS NULL OR senior.id = %(only)s)
             ORDER BY visit.id IS NULL, senior.name, senior.id
            """,
            {"centre_id": centre_id, "only": only},
        )
        return await cursor.fetchall()


async def begin_visit(conn: Conn, visit_id: str, senior_id: SeniorId, at: datetime) -> None:
    """She came at `at`."""
    await conn.execute(
        "INSERT INTO visit (id, senior_id, arrived_at) VALUES (%(visit_id)s, %(senior_id)s, %(at)s)",
        {"visit_id": visit_id, "senior_id": senior_id, "at": at},
    )


async def end_visit(conn: Conn, senior_id: SeniorId, at: datetime) -> None:
    """She left at `at`."""
    await conn.execute(
        "UPDATE visit SET left_at = %(at)s WHERE senior_id = %(senior_id)s AND left_at IS NULL",
        {"senior_id": senior_id, "at": at},
    )


@dataclass(frozen=True, slots=True)
class NewStay:
    """A stay to be written."""

    id: str
    visit_id: str
    senior_id: SeniorId
    room_id: RoomId
    evidence: Evidence
    at: datetime


async def begin_stay(conn: Conn, stay: NewStay) -> None:
    """She is in a room from then on."""
    await conn.execute(
        """
        INSERT INTO presence (id, visit_id, senior_id, room_id, from_at, evidence, evidence_at)
        VALUES (%(id)s, %(visit_id)s, %(senior_id)s, %(room_id)s, %(at)s, %(evidence)s, %(at)s)
        """,
        {
            "id": stay.id,
            "visit_id": stay.visit_id,
            "senior_id": stay.senior_id,
            "room_id": stay.room_id,
            "evidence": stay.evidence,
            "at": stay.at,
        },
    )


async def confirm_stay(conn: Conn, senior_id: SeniorId, evidence: Evidence, at: datetime) -> None:
    """She is still where she was."""
    await conn.execute(
        """
        UPDATE presence
           SET evidence = %(evidence)s, evidence_at = %(at)s
         WHERE senior_id = %(senior_id)s AND to_at IS NULL
        """,
        {"senior_id": senior_id, "evidence": evidence, "at": at},
    )


async def end_stay(conn: Conn, senior_id: SeniorId, at: datetime) -> None:
    """She is in that room no longer."""
    await conn.execute(
        "UPDATE presence SET to_at = %(at)s WHERE senior_id = %(senior_id)s AND to_at IS NULL",
        {"senior_id": senior_id, "at": at},
    )


async def version_of(conn: Conn, senior_id: SeniorId) -> int:
    """How often it has changed where she is; 0 when it never has."""
    cursor = await conn.execute(
        "SELECT version FROM attendance_change WHERE senior_id = %(senior_id)s", {"senior_id": senior_id}
    )
    found = await cursor.fetchone()
    return 0 if found is None else int(found[0])


async def count_change(
    conn: Conn, senior_id: SeniorId, evidence: Evidence, account_id: AccountId | None, at: datetime
) -> None:
    """Where she is has changed, by this evidence and, where staff said it, by that account."""
    await conn.execute(
        """
        INSERT INTO attendance_change (senior_id, version, changed_at, evidence, account_id)
        VALUES (%(senior_id)s, 1, %(at)s, %(evidence)s, %(account_id)s)
            ON CONFLICT (senior_id) DO UPDATE
           SET version = attendance_change.version + 1,
               changed_at = excluded.changed_at,
               evidence = excluded.evidence,
               account_id = excluded.account_id
        """,
        {"senior_id": senior_id, "evidence": evidence, "account_id": account_id, "at": at},
    )


async def find_open_visits(conn: Conn, now: datetime) -> list[LeftOpen]:
    """Visits that still stand half an hour after the centre closed that day, by its own clock.

    A centre that is open around the clock closes on no visit.
    """
    async with conn.cursor(row_factory=class_row(LeftOpen)) as cursor:
        await cursor.execute(
            """
            SELECT centre.id AS centre_id, visit.senior_id, visit.id AS visit_id, visit.arrived_at
              FROM visit
              JOIN senior ON senior.id = visit.senior_id
              JOIN centre ON centre.id = senior.centre_id
             WHERE visit.left_at IS NULL
               AND NOT (centre.opens = '00:00' AND centre.closes >= '23:59')
               AND ((visit.arrived_at AT TIME ZONE centre.timezone)::date + centre.closes)
                   AT TIME ZONE centre.timezone + interval '30 minutes' <= %(now)s
             ORDER BY visit.arrived_at, visit.id
            """,
            {"now": now},
        )
        return await cursor.fetchall()


def _build_attendance(row: _AttendanceRow) -> Attendance:
    stay = None
    if row.stay_id and row.room_id and row.from_at and row.evidence and row.evidence_at:
        stay = Stay(row.stay_id, row.senior_id, row.room_id, row.from_at, Evidence(row.evidence), row.evidence_at)
    return Attendance(row.senior_id, row.visit_id, row.arrived_at, stay, row.known_at)
