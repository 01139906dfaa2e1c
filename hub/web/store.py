"""What the live pages read besides the domains' own cards: rooms, who is in them, cameras, notices. Under the reader's
own row-level security.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from hub.kit.db import Conn
from hub.kit.ids import AccountId, AlarmId, CentreId, DeviceId, NoticeId, RoomId, SeniorId


@dataclass(frozen=True, slots=True)
class FloorPlanRow:
    """A room and its place on the floor plan."""

    id: RoomId
    name: str
    name_en: str
    type: str
    plan_column: int
    plan_row: int
    plan_width: int
    plan_height: int


@dataclass(frozen=True, slots=True)
class PresentRow:
    """Somebody in a room."""

    room_id: RoomId
    senior_id: SeniorId
    address_as: str
    address_as_en: str
    since: datetime


@dataclass(frozen=True, slots=True)
class CameraRow:
    """A room's camera, and the codes of the notices that stand about it."""

    room_id: RoomId
    id: DeviceId
    is_offline: bool
    noticed: list[str]


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice with the name of what it is about."""

    id: NoticeId
    centre_id: CentreId
    code: str
    priority: str
    subject: str
    subject_name: str
    subject_name_en: str
    params: Mapping[str, str | int | float | None]
    raised_at: datetime
    last_at: datetime
    times: int
    cleared_at: datetime | None


async def can_see_seniors(conn: Conn, centre_id: CentreId) -> bool:
    """Whether the account of this transaction sees the seniors of the centre, as the database has it."""
    cur = await conn.execute("SELECT sees_seniors_of(%(centre_id)s)", {"centre_id": centre_id})
    row = await cur.fetchone()
    return row is not None and bool(row[0])


async def rooms_of(conn: Conn, centre_id: CentreId) -> list[FloorPlanRow]:
    """The rooms, from the upper left of the plan."""
    async with conn.cursor(row_factory=class_row(FloorPlanRow)) as cur:
        await cur.execute(
            """
            SELECT id, name, name_en, type, plan_column, plan_row, plan_width, plan_height
              FROM room
             WHERE centre_id = %(centre_id)s
             ORDER BY plan_row, plan_column, id
            """,
            {"centre_id": centre_id},
        )
        return await cur.fetchall()


async def present_in(conn: Conn, centre_id: CentreId) -> list[PresentRow]:
    """Who is in which room, the longest there first."""
    async with conn.cursor(row_factory=class_row(PresentRow)) as cur:
        await cur.execute(
            """
            SELECT presence.room_id, presence.senior_id, senior.address_as, senior.address_as_en,
                   presence.from_at AS since
              FROM open_stays() AS presence
              JOIN senior ON senior.id = presence.senior_id
              JOIN room ON room.id = presence.room_id
             WHERE room.centre_id = %(centre_id)s
             ORDER BY presence.from_at, presence.senior_id
            """,
            {"centre_id": centre_id},
        )
        return await cur.fetchall()


async def cameras_of(conn: Conn, centre_id: CentreId, now: datetime) -> list[CameraRow]:
    """The cameras that are in a room now."""
    async with conn.cursor(row_factory=class_row(CameraRow)) as cur:
        await cur.execute(
            """
            SELECT assignment.room_id, device.id, device.state = 'offline' AS is_offline,
                   ARRAY(SELECT notice.code
                           FROM notice
                          WHERE notice.centre_id = device.centre_id AND notice.subject = 'device:' || device.id
                            AND notice.cleared_at IS NULL) AS noticed
              FROM device
              JOIN assignments_at(%(now)s) AS assignment ON assignment.device_id = device.id
             WHERE device.centre_id = %(centre_id)s AND device.kind = 'camera' AND device.enabled
               AND assignment.room_id IS NOT NULL
             ORDER BY device.id
            """,
            {"centre_id": centre_id, "now": now},
        )
        return await cur.fetchall()


async def notices_of(conn: Conn, centre_id: CentreId, also: list[str]) -> list[NoticeRow]:
    """The notices that stand, and those of `also` that do no more; the newest need first."""
    async with conn.cursor(row_factory=class_row(NoticeRow)) as cur:
        await cur.execute(
            """
            SELECT notice.id, notice.centre_id, notice.code, notice.priority, notice.subject,
                   coalesce(device.name, room.name, senior.address_as, '') AS subject_name,
                   coalesce(device.name_en, room.name_en, senior.address_as_en, '') AS subject_name_en,
                   notice.params, notice.raised_at, notice.last_at, notice.times, notice.cleared_at
              FROM notice
              LEFT JOIN device ON notice.subject = 'device:' || device.id
              LEFT JOIN room ON notice.subject = 'room:' || room.id
              LEFT JOIN senior ON notice.subject = 'senior:' || senior.id
             WHERE notice.centre_id = %(centre_id)s
               AND (notice.cleared_at IS NULL OR notice.id = ANY(%(also)s))
             ORDER BY notice.raised_at DESC, notice.id
            """,
            {"centre_id": centre_id, "also": also},
        )
        return await cur.fetchall()


async def has_channels(conn: Conn, centre_id: CentreId) -> bool:
    """Whether any active account of the centre can be reached by a personal channel. For the hub's own role."""
    cur = await conn.execute(
        """
        SELECT EXISTS (
          SELECT
            FROM contacts_of_active_accounts() AS contact
           WHERE contact.centre_id = %(centre_id)s AND contact.works)
        """,
        {"centre_id": centre_id},
    )
    row = await cur.fetchone()
    return row is not None and bool(row[0])


@dataclass(frozen=True, slots=True)
class RelativeRow:
    """A family member, the senior who is hers, and their centre."""

    account_id: AccountId
    name: str
    name_en: str
    language: str
    kinship: str
    senior_id: SeniorId
    address_as: str
    address_as_en: str
    centre_id: CentreId


@dataclass(frozen=True, slots=True)
class NamedRoomRow:
    """A room's names."""

    id: RoomId
    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One attendance."""

    arrived_at: datetime
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class HerAlarmRow:
    """An alarm of a senior as her family reads it."""

    id: AlarmId
    number: str
    state: str
    opened_at: datetime
    owner_name: str | None
    owner_name_en: str | None
    outcome: str | None


async def confirmed_relation_of(conn: Conn, account_id: AccountId) -> RelativeRow | None:
    """The tie of this account that staff confirmed first and nobody blocked; None without one."""
    async with conn.cursor(row_factory=class_row(RelativeRow)) as cur:
        await cur.execute(
            """
            SELECT account.id AS account_id, account.name, account.name_en, account.language, relation.kinship,
                   senior.id AS senior_id, senior.address_as, senior.address_as_en, senior.centre_id
              FROM account
              JOIN relation ON relation.account_id = account.id
              JOIN senior ON senior.id = relation.senior_id
             WHERE account.id = %(account_id)s AND account.active
               AND relation.confirmed_at IS NOT NULL AND relation.blocked_at IS NULL
             ORDER BY relation.confirmed_at, relation.id
             LIMIT 1
            """,
            {"account_id": account_id},
        )
        return await cur.fetchone()


async def granted_scopes(conn: Conn, account_id: AccountId, senior_id: SeniorId, now: datetime) -> frozenset[str]:
    """What the senior's consents let this account see now: `live_video`, `whereabouts`, `alarms`."""
    cur = await conn.execute(
        """
        SELECT covers
          FROM consent
         WHERE account_id = %(account_id)s AND senior_id = %(senior_id)s
           AND given_at <= %(now)s AND withdrawn_at IS NULL AND (ends_at IS NULL OR ends_at > %(now)s)
        """,
        {"account_id": account_id, "senior_id": senior_id, "now": now},
    )
    return frozenset(row[0] for row in await cur.fetchall())


async def room_names(conn: Conn, centre_id: CentreId) -> dict[RoomId, NamedRoomRow]:
    """The rooms of a centre by id."""
    async with conn.cursor(row_factory=class_row(NamedRoomRow)) as cur:
        await cur.execute(
            """
            SELECT id, name, name_en
              FROM room
             WHERE centre_id = %(centre_id)s
            """,
            {"centre_id": centre_id},
        )
        return {row.id: row for row in await cur.fetchall()}


async def visits_since(conn: Conn, senior_id: SeniorId, since: datetime) -> list[VisitRow]:
    """The visits of a senior that began or ended since then, oldest first."""
    async with conn.cursor(row_factory=class_row(VisitRow)) as cur:
        await cur.execute(
            """
            SELECT arrived_at, left_at
              FROM visit
             WHERE senior_id = %(senior_id)s AND (arrived_at >= %(since)s OR left_at >= %(since)s)
             ORDER BY arrived_at
            """,
            {"senior_id": senior_id, "since": since},
        )
        return await cur.fetchall()


async def alarms_since(conn: Conn, senior_id: SeniorId, since: datetime) -> list[HerAlarmRow]:
    """A senior's alarms that live or were opened since then, the newest first. Drills are not hers."""
    async with conn.cursor(row_factory=class_row(HerAlarmRow)) as cur:
        await cur.execute(
            """
            SELECT alarm.id, alarm.number, alarm.state, alarm.opened_at,
                   owner.name AS owner_name, owner.name_en AS owner_name_en, alarm.outcome
              FROM alarm
              LEFT JOIN LATERAL alarm_owner_name(alarm.id) AS owner ON true
             WHERE alarm.senior_id = %(senior_id)s AND NOT alarm.drill
               AND (alarm.state IN ('open', 'accepted', 'on_scene') OR alarm.opened_at >= %(since)s)
             ORDER BY alarm.opened_at DESC
             LIMIT 20
            """,
            {"senior_id": senior_id, "since": since},
        )
        return await cur.fetchall()
