"""The rows of devices, their assignments and their outbox."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hub.fleet.model import Assigned, Command, Device, DeviceCredentials, DeviceKind, DueDeviceMessage
from hub.kit.clock import ClockSet
from hub.kit.db import Conn
from hub.kit.ids import CentreId, DeviceId, RoomId


async def find_device(conn: Conn, device_id: DeviceId) -> Device | None:
    """The device with this id."""
    async with conn.cursor(row_factory=class_row(Device)) as cur:
        await cur.execute(
            """
            SELECT id, number, centre_id, kind, name, name_en, enabled, heartbeat, state, state_at, heard_at,
                   firmware, battery_percent, off_until
              FROM device
             WHERE id = %(id)s
            """,
            {"id": device_id},
        )
        return await cur.fetchone()


async def devices_of(conn: Conn, centre_id: CentreId) -> list[Device]:
    """All devices of a centre, by kind and name."""
    async with conn.cursor(row_factory=class_row(Device)) as cur:
        await cur.execute(
            """
            SELECT id, number, centre_id, kind, name, name_en, enabled, heartbeat, state, state_at, heard_at,
                   firmware, battery_percent, off_until
              FROM device
             WHERE centre_id = %(centre_id)s AND kind <> 'observer'
             ORDER BY kind, id
            """,
            {"centre_id": centre_id},
        )
        return await cur.fetchall()


async def find_credentials(conn: Conn, device_id: DeviceId) -> DeviceCredentials | None:
    """What admits this device to the broker."""
    async with conn.cursor(row_factory=class_row(DeviceCredentials)) as cur:
        await cur.execute(
            """
            SELECT id AS device_id, centre_id, kind, credential_hash, enabled
              FROM device
             WHERE id = %(id)s
            """,
            {"id": device_id},
        )
        return await cur.fetchone()


async def all_credentials(conn: Conn) -> list[DeviceCredentials]:
    """What admits each device to the broker, of every centre, by id."""
    async with conn.cursor(row_factory=class_row(DeviceCredentials)) as cur:
        await cur.execute(
            """
            SELECT id AS device_id, centre_id, kind, credential_hash, enabled
              FROM device
             ORDER BY id
            """
        )
        return await cur.fetchall()


async def assignment_at(conn: Conn, device_id: DeviceId, at: datetime) -> Assigned | None:
    """Whose the device was at that moment."""
    async with conn.cursor(row_factory=class_row(Assigned)) as cur:
        await cur.execute(
            """
            SELECT senior_id, room_id
              FROM device_assigned_at(%(device_id)s, %(at)s)
            """,
            {"device_id": device_id, "at": at},
        )
        return await cur.fetchone()


async def devices_in(conn: Conn, room_id: RoomId, kind: DeviceKind, at: datetime) -> list[DeviceId]:
    """The enabled devices of this kind that belong to a room."""
    cursor = await conn.execute(
        """
        SELECT device.id
          FROM device
          JOIN assignments_at(%(at)s) AS assignment ON assignment.device_id = device.id
         WHERE assignment.room_id = %(room_id)s AND device.kind = %(kind)s AND device.enabled
         ORDER BY device.id
        """,
        {"room_id": room_id, "kind": kind, "at": at},
    )
    return [DeviceId(row[0]) for row in await cursor.fetchall()]


async def set_heard(
    conn: Conn, heard: Mapping[DeviceId, datetime], clocks_behind: Mapping[DeviceId, timedelta]
) -> None:
    """When devices were last heard, and how far the clocks of those of which that is known are behind.

    Written at most every 10 s a device, which supervision does not need finer.
    A device whose row somebody else is writing is skipped: what waits for no lock is in no deadlock.
    """
    await conn.execute(
        """
        WITH free AS (
          SELECT device.id, heard.at, heard.behind
            FROM device
            JOIN unnest(%(ids)s::text[], %(times)s::timestamptz[], %(behind)s::interval[])
              AS heard (device_id, at, behind) ON device.id = heard.device_id
           WHERE device.heard_at IS NULL OR device.heard_at < heard.at - interval '10 seconds'
              OR device.heard_at > heard.at + interval '1 minute'  -- of a clock that was set back since
             FOR NO KEY UPDATE OF device SKIP LOCKED
        )
        UPDATE device
           SET heard_at = free.at, clock_behind = coalesce(free.behind, device.clock_behind)
          FROM free
         WHERE device.id = free.id
        """,
        {
            "ids": list(heard.keys()),
            "times": list(heard.values()),
            "behind": [clocks_behind.get(device_id) for device_id in heard],
        },
    )


async def set_battery(conn: Conn, percent: Mapping[DeviceId, float]) -> None:
    """What devices last said of their batteries; like `set_heard` it skips locked rows."""
    await conn.execute(
        """
        WITH free AS (
          SELECT device.id, said.percent
            FROM device
            JOIN unnest(%(ids)s::text[], %(percents)s::real[]) AS said (device_id, percent)
              ON device.id = said.device_id
           WHERE device.battery_percent IS DISTINCT FROM said.percent
             FOR NO KEY UPDATE OF device SKIP LOCKED
        )
        UPDATE device
           SET battery_percent = free.percent
          FROM free
         WHERE device.id = free.id
        """,
        {"ids": list(percent.keys()), "percents": list(percent.values())},
    )


async def set_state(conn: Conn, device_id: DeviceId, state: str, firmware: str | None, now: datetime) -> bool:
    """What a device said of itself; whether that is news."""
    cursor = await conn.execute(
        """
        UPDATE device
           SET state = %(state)s,
               state_at = CASE WHEN state = %(state)s THEN state_at ELSE %(now)s END,
               heard_at = CASE WHEN %(state)s = 'online' THEN %(now)s ELSE heard_at END,
               firmware = coalesce(%(firmware)s, firmware)
         WHERE id = %(id)s AND (state <> %(state)s OR %(firmware)s IS DISTINCT FROM firmware OR %(state)s = 'online')
        RETURNING state_at = %(now)s
        """,
        {"id": device_id, "state": state, "firmware": firmware, "now": now},
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def insert_command(conn: Conn, command_id: str, command: Command, now: datetime) -> None:
    """Put a message into the device outbox."""
    await conn.execute(
        """
        INSERT INTO device_command
               (id, device_id, subtopic, payload, alarm_id, made_at, until_at, retry_at, nonce)
        VALUES (%(id)s, %(device_id)s, %(subtopic)s, %(payload)s, %(alarm_id)s, %(now)s, %(until_at)s, %(now)s,
                %(nonce)s)
        """,
        {
            "id": command_id,
            "device_id": command.device_id,
            "subtopic": command.subtopic,
            "payload": Jsonb(dict(command.payload)),
            "alarm_id": command.alarm_id,
            "now": now,
            "until_at": command.until_at,
            "nonce": command.nonce,
        },
    )


async def end_older_cues(conn: Conn, device_id: DeviceId, alarm_id: str, now: datetime) -> None:
    """A newer cue of the same alarm is on its way: the ones before it are not sent any more."""
    await conn.execute(
        """
        UPDATE device_command
           SET ended_at = %(now)s
         WHERE device_id = %(device_id)s AND alarm_id = %(alarm_id)s AND subtopic = 'cue' AND ended_at IS NULL
        """,
        {"device_id": device_id, "alarm_id": alarm_id, "now": now},
    )


async def cue_until(conn: Conn, device_id: DeviceId, alarm_id: str) -> datetime | None:
    """Until when the last cue of this alarm holds at the device."""
    cursor = await conn.execute(
        """
        SELECT max(until_at)
          FROM device_command
         WHERE device_id = %(device_id)s AND alarm_id = %(alarm_id)s AND subtopic = 'cue'
        """,
        {"device_id": device_id, "alarm_id": alarm_id},
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def end_older_commands(conn: Conn, device_id: DeviceId, do: object, now: datetime) -> None:
    """A newer command to do the same is on its way: the unproven ones before it are not repeated any more."""
    await conn.execute(
        """
        UPDATE device_command
           SET ended_at = %(now)s
         WHERE device_id = %(device_id)s AND subtopic = 'cmd' AND payload ->> 'do' = %(do)s AND ended_at IS NULL
        """,
        {"device_id": device_id, "do": do, "now": now},
    )


async def lock_due_messages(
    conn: Conn, now: datetime, limit: int, longest_wait: timedelta, in_flight: Collection[str]
) -> list[DueDeviceMessage]:
    """Lock up to `limit` due messages, oldest first; those in flight, parked or locked are skipped."""
    async with conn.cursor(row_factory=class_row(DueDeviceMessage)) as cur:
        await cur.execute(
            """
            SELECT device_command.id, device_command.device_id, device.centre_id, device_command.subtopic,
                   device_command.payload, device_command.nonce, device_command.until_at, device_command.tries,
                   coalesce(device.off_until > %(now)s, false) AS is_off
              FROM device_command
              JOIN device ON device.id = device_command.device_id
             WHERE device_command.ended_at IS NULL AND device_command.id <> ALL(%(in_flight)s)
               AND NOT EXISTS (
                 SELECT FROM parked_rows_at('device-command', %(now)s) AS parked
                  WHERE parked.row_id = device_command.id)
               -- later than any retry can be: of a clock that has been set back since
               AND (device_command.retry_at <= %(now)s OR device_command.retry_at > %(now)s + %(longest_wait)s)
             ORDER BY device_command.retry_at, device_command.id
             LIMIT %(limit)s
               FOR UPDATE OF device_command SKIP LOCKED
            """,
            {"now": now, "limit": limit, "longest_wait": longest_wait, "in_flight": list(in_flight)},
        )
        return await cur.fetchall()


async def set_next_attempts(conn: Conn, again_at: Mapping[str, datetime]) -> None:
    """These go out now, and again at these times unless that is settled before."""
    await conn.execute(
        """
        UPDATE device_command
           SET tries = least(tries, 1000000) + 1, retry_at = again.at  -- one row at its type's end would refuse all
          FROM unnest(%(ids)s::text[], %(times)s::timestamptz[]) AS again (id, at)
         WHERE device_command.id = again.id
        """,
        {"ids": list(again_at.keys()), "times": list(again_at.values())},
    )


async def move_attempts_earlier(conn: Conn, by: timedelta, now: datetime) -> None:
    """Let the next attempt, and the end of what still holds at `now`, come so much sooner."""
    await conn.execute(
        """
        UPDATE device_command
           SET retry_at = retry_at - %(by)s, until_at = until_at - %(by)s
         WHERE until_at > %(now)s
        """,
        {"by": by, "now": now},
    )


async def shift_heard(conn: Conn, clock_set: ClockSet) -> None:
    """Devices were heard as long ago as before, by the clock as it is set now."""
    await conn.execute(
        """
        UPDATE device
           SET heard_at = heard_at + %(by)s
         WHERE (%(before)s::timestamptz IS NULL OR heard_at < %(before)s)
           AND (%(from)s::timestamptz IS NULL OR heard_at >= %(from)s)
           AND heard_at BETWEEN '0001-01-01' AND '9999-01-01'
        """,
        {"by": clock_set.by, "before": clock_set.told_before, "from": clock_set.wrong_from},
    )


async def shift_ends(conn: Conn, clock_set: ClockSet) -> None:
    """Let what is not settled, and was made under the wrong time, hold for as long as before."""
    await conn.execute(
        """
        UPDATE device_command
           SET until_at = until_at + %(by)s
         WHERE ended_at IS NULL AND made_at < %(since)s
           AND (%(from)s::timestamptz IS NULL OR made_at >= %(from)s)
        """,
        {"by": clock_set.by, "since": clock_set.since, "from": clock_set.wrong_from},
    )


async def set_sent(conn: Conn, again_at: Mapping[str, datetime], now: datetime) -> None:
    """The broker took these; their next attempts are then. What no proof exists for has ended with that, unless its
    device reconnected meanwhile and is to be sent it again.

    Skips locked rows: one that is locked is sent again at worst."""
    await conn.execute(
        """
        WITH locked AS (
          SELECT id
            FROM device_command
           WHERE id = ANY(%(ids)s)
             FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE device_command
           SET sent_at = %(now)s,
               ended_at = CASE WHEN nonce IS NULL AND retry_at = sent.again_at THEN coalesce(ended_at, %(now)s)
                               ELSE ended_at END
          FROM locked
          JOIN unnest(%(ids)s::text[], %(times)s::timestamptz[]) AS sent (id, again_at) ON sent.id = locked.id
         WHERE device_command.id = locked.id
        """,
        {"ids": list(again_at.keys()), "times": list(again_at.values()), "now": now},
    )


async def lock_messages_to(
    conn: Conn, device_ids: Collection[DeviceId], nonces: Collection[str], now: datetime
) -> None:
    """Lock the messages to these devices that are not settled or still hold, and those of these nonces.

    In the order in which a change of an alarm writes them: cues first, then device by device.
    """
    await conn.execute(
        """
        SELECT
          FROM device_command
         WHERE device_id = ANY(%(device_ids)s)
           AND (ended_at IS NULL OR until_at > %(now)s OR nonce = ANY(%(nonces)s))
         ORDER BY subtopic <> 'cue', device_id COLLATE "C", id COLLATE "C"
           FOR NO KEY UPDATE
        """,
        {"device_ids": list(device_ids), "nonces": list(nonces), "now": now},
    )


async def end_command(conn: Conn, command_id: str, now: datetime) -> None:
    """Nothing more is to be done for this message."""
    await conn.execute("UPDATE device_command SET ended_at = %(now)s WHERE id = %(id)s", {"id": command_id, "now": now})


async def set_proof(conn: Conn, device_id: DeviceId, nonce: str, proof: str, now: datetime) -> CentreId | None:
    """The device answers a command; its centre, or None when there is no such command of this device."""
    cursor = await conn.execute(
        """
        UPDATE device_command
           SET proof = %(proof)s, proven_at = %(now)s, ended_at = coalesce(ended_at, %(now)s)
          FROM device
         WHERE device_command.device_id = %(device_id)s AND device_command.nonce = %(nonce)s
           AND device.id = device_command.device_id
        RETURNING device.centre_id
        """,
        {"device_id": device_id, "nonce": nonce, "proof": proof, "now": now},
    )
    row = await cursor.fetchone()
    return CentreId(row[0]) if row else None


async def requeue_unsent_messages(conn: Conn, device_id: DeviceId, now: datetime) -> None:
    """A device came back: its unsent messages are due now, and so is the newest cue of each alarm of the last hour."""
    await conn.execute(
        """
        UPDATE device_command
           SET retry_at = %(now)s, ended_at = NULL
         WHERE device_id = %(device_id)s AND until_at > %(now)s
           AND (ended_at IS NULL
                OR id IN (SELECT DISTINCT ON (alarm_id) id
                            FROM device_command
                           WHERE device_id = %(device_id)s AND subtopic = 'cue' AND until_at > %(now)s
                           ORDER BY alarm_id, id DESC))
        """,
        {"device_id": device_id, "now": now},
    )
