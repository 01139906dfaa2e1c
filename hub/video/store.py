"""Which rows live video reads and writes: viewings, tickets, and everything a grant depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row, scalar_row

from hub.kit.db import Conn
from hub.kit.ids import AccountId, AlarmId, CentreId, DeviceId, RoomId, SeniorId, ViewingId
from hub.video.facts import Question, ViewingFacts

STILL_KEPT = timedelta(seconds=10)
"""For how long an objection that ended still counts: longer than any picture is kept."""


@dataclass(frozen=True, slots=True)
class NewViewing:
    """A viewing to be written, before its first frame."""

    id: ViewingId
    centre_id: CentreId
    camera_id: DeviceId
    room_id: RoomId
    account_id: AccountId
    session_id: bytes
    senior_id: SeniorId | None
    alarm_id: AlarmId | None
    because: str
    reason: str
    allowed_since: datetime
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class OpenViewing:
    """A viewing that has not ended; `started_at` is None until its ticket is used."""

    id: ViewingId
    centre_id: CentreId
    camera_id: DeviceId
    account_id: AccountId
    session_id: bytes
    senior_id: SeniorId | None
    reason: str
    opened_at: datetime
    started_at: datetime | None

    @property
    def question(self) -> Question:
        return Question(self.account_id, self.session_id, self.camera_id, self.senior_id, self.reason)


@dataclass(frozen=True, slots=True)
class WatchedRow:
    """One look at a room, as the senior and her family read it; `to_at` None: it goes on."""

    id: ViewingId
    account_id: AccountId
    who: str
    who_en: str
    room_id: RoomId
    room: str
    room_en: str
    from_at: datetime
    to_at: datetime | None
    because: str


async def load_facts(conn: Conn, questions: Sequence[Question], now: datetime) -> list[ViewingFacts]:
    """What is true now of each question, in their order. Needs the hub's role: others' presence counts too."""
    async with conn.cursor(row_factory=class_row(ViewingFacts)) as cur:
        await cur.execute(
            """
            SELECT asked.n::int AS n, account.id AS account_id, account.person::text AS person, account.role,
                   account.active, account.centre_id AS account_centre_id,
                   session.kind AS session_kind, least(session.idle_until, session.ends_at) AS signed_in_until,
                   camera.centre_id AS camera_centre_id, camera.enabled AS camera_enabled, source.address,
                   room.id AS room_id, room.type AS room_type, centre.opens, centre.closes, centre.timezone,
                   senior.centre_id AS senior_centre_id, relation.confirmed_at, relation.blocked_at,
                   relation.id IS NOT NULL AS has_relation,
                   consent.given_at AS consent_from, consent.ends_at AS consent_until,
                   presence.room_id AS present_in, presence.from_at AS present_from, presence.evidence_at,
                   hers.froms AS veto_froms, hers.untils AS veto_untils,
                   others.froms AS objection_froms, others.untils AS objection_untils,
                   accepted.id AS alarm_id, accepted.accepted_at, accepted.followed_id, accepted.followed_from
              FROM unnest(%(account_ids)s::text[], %(session_ids)s::bytea[], %(camera_ids)s::text[],
                          %(senior_ids)s::text[])
                   WITH ORDINALITY AS asked (account_id, session_id, camera_id, senior_id, n)
              JOIN account ON account.id = asked.account_id
              LEFT JOIN session ON session.id = asked.session_id AND session.account_id = asked.account_id
                               AND session.ended_at IS NULL
              LEFT JOIN device AS camera ON camera.id = asked.camera_id AND camera.kind = 'camera'
              LEFT JOIN camera_source AS source ON source.device_id = camera.id AND source.kind = 'main'
              LEFT JOIN assignments_at(%(now)s) AS assignment ON assignment.device_id = camera.id
              LEFT JOIN room ON room.id = assignment.room_id
              LEFT JOIN centre ON centre.id = room.centre_id
              LEFT JOIN senior ON senior.id = asked.senior_id
              LEFT JOIN relation ON relation.account_id = asked.account_id AND relation.senior_id = asked.senior_id
              LEFT JOIN consent ON consent.account_id = asked.account_id AND consent.senior_id = asked.senior_id
                               AND consent.covers = 'live_video' AND consent.withdrawn_at IS NULL
              LEFT JOIN open_stays() AS presence ON presence.senior_id = asked.senior_id
             CROSS JOIN LATERAL (
                    SELECT coalesce(array_agg(from_at ORDER BY id), '{}') AS froms,
                           coalesce(array_agg(until_at ORDER BY id), '{}') AS untils
                      FROM veto
                     WHERE senior_id = asked.senior_id AND (until_at IS NULL OR until_at > %(kept)s)) AS hers
             CROSS JOIN LATERAL (
                    SELECT coalesce(array_agg(from_at ORDER BY from_at, until_at), '{}') AS froms,
                           coalesce(array_agg(until_at ORDER BY from_at, until_at), '{}') AS untils
                      FROM (SELECT stay.from_at, stay.to_at AS until_at
                              FROM present_in_room(room.id, %(kept)s) AS stay
                              JOIN senior AS other ON other.id = stay.senior_id
                             WHERE other.objects_to_being_seen AND other.id IS DISTINCT FROM asked.senior_id
                            UNION ALL
                            SELECT greatest(stay.from_at, veto.from_at), least(stay.to_at, veto.until_at)
                              FROM present_in_room(room.id, %(kept)s) AS stay
                              JOIN veto ON veto.senior_id = stay.senior_id
                             WHERE stay.senior_id IS DISTINCT FROM asked.senior_id) AS said
                     WHERE until_at IS NULL OR until_at > %(kept)s) AS others
              LEFT JOIN LATERAL (
                    SELECT alarm.id, alarm.accepted_at, followed.senior_id AS followed_id,
                           followed.from_at AS followed_from
                      FROM accepted_alarms() AS alarm
                      LEFT JOIN open_stays() AS followed ON alarm.room_id IS NULL AND followed.room_id = room.id
                                                        AND followed.senior_id = alarm.senior_id
                     WHERE alarm.owner_id = asked.account_id
                       AND (alarm.room_id = room.id OR followed.senior_id IS NOT NULL)
                     ORDER BY greatest(alarm.accepted_at, followed.from_at) LIMIT 1) AS accepted
                ON asked.senior_id IS NULL
             ORDER BY asked.n
            """,
            {
                "account_ids": [question.account_id for question in questions],
                "session_ids": [question.session_id for question in questions],
                "camera_ids": [question.camera_id for question in questions],
                "senior_ids": [question.senior_id for question in questions],
                "now": now,
                "kept": now - STILL_KEPT,
            },
        )
        return await cur.fetchall()


async def seniors_of(conn: Conn, account_id: AccountId) -> list[SeniorId]:
    """The seniors an account is related to, confirmed or not."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            SELECT senior_id
              FROM relation
             WHERE account_id = %(account_id)s
             ORDER BY senior_id
            """,
            {"account_id": account_id},
        )
        return [SeniorId(senior_id) for senior_id in await cur.fetchall()]


async def camera_in_room_of(conn: Conn, senior_id: SeniorId, now: datetime) -> DeviceId | None:
    """The camera of the room a senior is in."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            SELECT device.id
              FROM open_stays() AS presence
              JOIN assignments_at(%(now)s) AS assignment ON assignment.room_id = presence.room_id
              JOIN device ON device.id = assignment.device_id
             WHERE presence.senior_id = %(senior_id)s
               AND device.kind = 'camera' AND device.enabled
             ORDER BY device.id
             LIMIT 1
            """,
            {"senior_id": senior_id, "now": now},
        )
        found = await cur.fetchone()
        return None if found is None else DeviceId(found)


async def count_open_in(conn: Conn, session_id: bytes) -> int:
    """How many viewings a session has open."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            SELECT count(*)
              FROM viewing
             WHERE session_id = %(session_id)s AND ended_at IS NULL
            """,
            {"session_id": session_id},
        )
        return int(await cur.fetchone() or 0)


async def sessions_of_open_viewings(conn: Conn) -> list[bytes]:
    """The sessions in which a viewing has not ended."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("SELECT DISTINCT session_id FROM viewing WHERE ended_at IS NULL")
        return [bytes(session_id) for session_id in await cur.fetchall()]


async def insert_viewing(conn: Conn, viewing: NewViewing) -> None:
    """Write a viewing that was allowed."""
    await conn.execute(
        """
        INSERT INTO viewing (id, centre_id, camera_id, room_id, account_id, session_id, senior_id, alarm_id, because,
                             reason, allowed_since, opened_at)
        VALUES (%(id)s, %(centre_id)s, %(camera_id)s, %(room_id)s, %(account_id)s, %(session_id)s, %(senior_id)s,
                %(alarm_id)s, %(because)s, %(reason)s, %(allowed_since)s, %(opened_at)s)
        """,
        {
            "id": viewing.id,
            "centre_id": viewing.centre_id,
            "camera_id": viewing.camera_id,
            "room_id": viewing.room_id,
            "account_id": viewing.account_id,
            "session_id": viewing.session_id,
            "senior_id": viewing.senior_id,
            "alarm_id": viewing.alarm_id,
            "because": viewing.because,
            "reason": viewing.reason,
            "allowed_since": viewing.allowed_since,
            "opened_at": viewing.opened_at,
        },
    )


async def insert_ticket(conn: Conn, ticket_hash: bytes, viewing_id: ViewingId, ends_at: datetime) -> None:
    """Write a ticket; the ticket itself is stored nowhere."""
    await conn.execute(
        """
        INSERT INTO video_ticket (hash, viewing_id, ends_at)
        VALUES (%(hash)s, %(viewing_id)s, %(ends_at)s)
        """,
        {"hash": ticket_hash, "viewing_id": viewing_id, "ends_at": ends_at},
    )


async def use_ticket(
    conn: Conn, ticket_hash: bytes, session_ids: Sequence[bytes], camera_id: DeviceId, now: datetime
) -> OpenViewing | None:
    """Use a ticket up and start its viewing; None for one that is used, old, of another session or camera."""
    async with conn.cursor(row_factory=class_row(OpenViewing)) as cur:
        await cur.execute(
            """
            WITH used AS (
              UPDATE video_ticket
                 SET used_at = %(now)s
                FROM viewing
               WHERE video_ticket.hash = %(hash)s AND used_at IS NULL AND ends_at > %(now)s
                 AND viewing.id = viewing_id AND viewing.session_id = ANY (%(session_ids)s)
                 AND viewing.camera_id = %(camera_id)s AND viewing.ended_at IS NULL
              RETURNING viewing_id)
            UPDATE viewing
               SET started_at = %(now)s
              FROM used
             WHERE viewing.id = used.viewing_id
            RETURNING viewing.id, centre_id, camera_id, account_id, session_id, senior_id, reason, opened_at, started_at
            """,
            {"hash": ticket_hash, "session_ids": list(session_ids), "camera_id": camera_id, "now": now},
        )
        return await cur.fetchone()


async def open_viewings(conn: Conn) -> list[OpenViewing]:
    """All viewings that have not ended, oldest first."""
    async with conn.cursor(row_factory=class_row(OpenViewing)) as cur:
        await cur.execute(
            """
            SELECT id, centre_id, camera_id, account_id, session_id, senior_id, reason, opened_at, started_at
              FROM viewing
             WHERE ended_at IS NULL
             ORDER BY opened_at, id
            """
        )
        return await cur.fetchall()


async def open_viewing_in(conn: Conn, viewing_id: ViewingId, session_ids: Sequence[bytes]) -> OpenViewing | None:
    """A viewing that has not ended, for one of the sessions that may steer it."""
    async with conn.cursor(row_factory=class_row(OpenViewing)) as cur:
        await cur.execute(
            """
            SELECT id, centre_id, camera_id, account_id, session_id, senior_id, reason, opened_at, started_at
              FROM viewing
             WHERE id = %(viewing_id)s AND session_id = ANY (%(session_ids)s) AND ended_at IS NULL
            """,
            {"viewing_id": viewing_id, "session_ids": list(session_ids)},
        )
        return await cur.fetchone()


async def end_viewing(conn: Conn, viewing_id: ViewingId, because: str, now: datetime) -> bool:
    """The viewing is over. Returns whether it was not before."""
    cur = await conn.execute(
        """
        UPDATE viewing
           SET ended_at = greatest(%(now)s, opened_at, started_at), ended_because = %(because)s
         WHERE id = %(viewing_id)s AND ended_at IS NULL
        """,
        {"viewing_id": viewing_id, "because": because, "now": now},
    )
    return cur.rowcount == 1


async def delete_ticket(conn: Conn, viewing_id: ViewingId) -> None:
    """Delete the ticket of a viewing that is over, used or not."""
    await conn.execute(
        """
        DELETE FROM video_ticket
         WHERE viewing_id = %(viewing_id)s
        """,
        {"viewing_id": viewing_id},
    )


async def set_frames(conn: Conn, viewing_id: ViewingId, frames: int, now: datetime) -> None:
    """What the viewer's page has decoded so far; the first report says when she had a picture."""
    await conn.execute(
        """
        UPDATE viewing
           SET frames = greatest(frames, %(frames)s),
               first_frame_at = coalesce(first_frame_at, CASE WHEN %(frames)s > 0
                                                              THEN greatest(%(now)s, opened_at) END)
         WHERE id = %(viewing_id)s
        """,
        {"viewing_id": viewing_id, "frames": frames, "now": now},
    )


async def viewings_of_senior(conn: Conn, senior_id: SeniorId, since: datetime) -> list[WatchedRow]:
    """Who looked at a room while the senior was in it, latest first; the hub and her relatives may ask."""
    async with conn.cursor(row_factory=class_row(WatchedRow)) as cur:
        await cur.execute(
            """
            SELECT DISTINCT viewing.id, viewing.account_id, coalesce(account.name, who.name) AS who,
                   coalesce(account.name_en, who.name_en) AS who_en, room.id AS room_id, room.name AS room,
                   room.name_en AS room_en, viewing.started_at AS from_at, viewing.ended_at AS to_at, viewing.because
              FROM viewing
              JOIN room ON room.id = viewing.room_id
              JOIN presence ON presence.room_id = viewing.room_id AND presence.senior_id = %(senior_id)s
                           AND presence.from_at < coalesce(viewing.ended_at, 'infinity')
                           AND coalesce(presence.to_at, 'infinity') > viewing.opened_at
              LEFT JOIN account ON account.id = viewing.account_id
              LEFT JOIN LATERAL viewing_account_name(viewing.id) AS who ON true
             WHERE viewing.started_at IS NOT NULL AND viewing.opened_at >= %(since)s
             ORDER BY from_at DESC, viewing.id
            """,
            {"senior_id": senior_id, "since": since},
        )
        return await cur.fetchall()


async def count_viewers_by_room(conn: Conn, centre_id: CentreId) -> dict[RoomId, int]:
    """How many look at each room now; rooms that nobody looks at are not in it."""
    cur = await conn.execute(
        """
        SELECT room_id, count(*)
          FROM viewing
         WHERE centre_id = %(centre_id)s AND started_at IS NOT NULL AND ended_at IS NULL
         GROUP BY room_id
        """,
        {"centre_id": centre_id},
    )
    return {RoomId(room_id): count for room_id, count in await cur.fetchall()}
