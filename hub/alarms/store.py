"""The alarms' rows.

They are locked FOR NO KEY UPDATE, which lets messages of an alarm be written that refer to it: a deliverer that holds
them never waits for a tap that waits for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from devices.contract.messages import Do
from hub.alarms.model import (
    AMBULANCE_CARD_AFTER,
    Alarm,
    Applies,
    Outcome,
    Pending,
    Policy,
    Sentence,
    Sounder,
    State,
    Timer,
    TimerKind,
)
from hub.alarms.policies import parse_tiers, written
from hub.kit.clock import ClockSet
from hub.kit.db import Conn
from hub.kit.ids import AccountId, AlarmId, CentreId, DeviceId, PressId, RoomId, SeniorId
from hub.rules.model import Priority

ALARM_COLUMNS = """
    alarm.id, alarm.centre_id, alarm.key, alarm.klass, alarm.number, alarm.priority, alarm.state, alarm.version,
    alarm.epoch, alarm.tier, alarm.policy, alarm.opened_at, alarm.open_since, alarm.changed_at, alarm.pressed_at,
    alarm.senior_id, alarm.room_id, alarm.device_id, alarm.rule_id, alarm.summary, alarm.owner_id, alarm.accepted_at,
    alarm.on_scene_at, alarm.resolved_at, alarm.resolved_by, alarm.closed_at, alarm.outcome, alarm.times_pressed,
    alarm.times_told, alarm.hurried_at, alarm.confirm_by, alarm.arrive_by, alarm.ambulance_card_at, alarm.nudges,
    alarm.linked_id, alarm.drill, alarm.late, alarm.time_uncertain, alarm.degraded, alarm.unreachable,
    alarm.cancel_requested
"""


def alarm_of(row: Mapping[str, object]) -> Alarm:
    """One row with the columns of `ALARM_COLUMNS` as the alarm it is. Raises when its policy cannot be read."""
    policy = row["policy"]
    assert isinstance(policy, dict)
    return replace(
        alarm_without_policy(row), policy=Policy(policy["name"], policy["version"], parse_tiers(policy["tiers"]))
    )


def alarm_without_policy(row: Mapping[str, object]) -> Alarm:
    """The same with a policy of no rungs, for whoever only shows it: a card does not depend on who is told next."""
    values = dict(row)
    del values["policy"]
    outcome, priority, state = values.pop("outcome"), values.pop("priority"), values.pop("state")
    return Alarm(
        **values,  # type: ignore[arg-type]  # the columns are the fields: the tests read every one of them
        policy=Policy("", 0, ()),
        outcome=None if outcome is None else Outcome(str(outcome)),
        priority=Priority(str(priority)),
        state=State(str(state)),
    )


async def lock_keys(conn: Conn, keys: Sequence[str]) -> None:
    """Let nobody else decide about these keys until the transaction ends; always in the same order."""
    for key in sorted(set(keys)):
        await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))", {"key": f"alarm {key}"})


async def lock_live(conn: Conn, keys: Sequence[str]) -> dict[str, Alarm]:
    """The live alarms with these keys, locked."""
    async with conn.cursor(row_factory=dict_row) as cur:
        await cur.execute(
            f"""
            SELECT {ALARM_COLUMNS}
              FROM alarm
             WHERE key = ANY(%(keys)s) AND state IN ('open', 'accepted', 'on_scene')
             ORDER BY id
               FOR NO KEY UPDATE
            """,  # noqa: S608 - a constant list of columns
            {"keys": list(keys)},
        )
        alarms = [alarm_of(row) for row in await cur.fetchall()]
    return {alarm.key: alarm for alarm in alarms}


async def lock(conn: Conn, alarm_id: AlarmId) -> Alarm | None:
    """The alarm with this id, locked until the transaction ends."""
    async with conn.cursor(row_factory=dict_row) as cur:
        await cur.execute(
            f"SELECT {ALARM_COLUMNS} FROM alarm WHERE id = %(id)s FOR NO KEY UPDATE",  # noqa: S608 - a constant list of columns
            {"id": alarm_id},
        )
        row = await cur.fetchone()
    return None if row is None else alarm_of(row)


async def alarm(conn: Conn, alarm_id: AlarmId) -> Alarm | None:
    """The alarm with this id."""
    async with conn.cursor(row_factory=dict_row) as cur:
        await cur.execute(
            f"SELECT {ALARM_COLUMNS} FROM alarm WHERE id = %(id)s",  # noqa: S608 - a constant list of columns
            {"id": alarm_id},
        )
        row = await cur.fetchone()
    return None if row is None else alarm_of(row)


@dataclass(frozen=True, slots=True)
class BareAlarm:
    """As much of an alarm as can be read without working it out: no policy, no words."""

    id: AlarmId
    centre_id: CentreId
    number: str
    priority: str
    klass: str
    state: str
    drill: bool


async def bare_alarm(conn: Conn, alarm_id: AlarmId) -> BareAlarm | None:
    """The alarm with this id, of which nothing is interpreted."""
    async with conn.cursor(row_factory=class_row(BareAlarm)) as cur:
        await cur.execute(
            "SELECT id, centre_id, number, priority, klass, state, drill FROM alarm WHERE id = %(id)s",
            {"id": alarm_id},
        )
        return await cur.fetchone()


async def lock_bare_live(conn: Conn, key: str) -> AlarmId | None:
    """The id of the live alarm with this key, which is locked until the transaction ends."""
    cursor = await conn.execute(
        """
        SELECT id
          FROM alarm
         WHERE key = %(key)s AND state IN ('open', 'accepted', 'on_scene')
           FOR NO KEY UPDATE
        """,
        {"key": key},
    )
    row = await cursor.fetchone()
    return AlarmId(row[0]) if row else None


async def insert(conn: Conn, alarm: Alarm) -> None:
    """Write a new alarm."""
    await conn.execute(
        """
        INSERT INTO alarm
               (id, centre_id, key, klass, number, priority, state, version, epoch, tier, policy, opened_at, open_since,
                changed_at, pressed_at, senior_id, room_id, device_id, rule_id, summary, times_pressed, times_told,
                ambulance_card_at, linked_id, drill, late, time_uncertain, degraded)
        VALUES (%(id)s, %(centre_id)s, %(key)s, %(klass)s, %(number)s, %(priority)s, %(state)s, %(version)s, %(epoch)s,
                %(tier)s, %(policy)s, %(opened_at)s, %(open_since)s, %(changed_at)s, %(pressed_at)s, %(senior_id)s,
                %(room_id)s, %(device_id)s, %(rule_id)s, %(summary)s, %(times_pressed)s, %(times_told)s,
                %(ambulance_card_at)s, %(linked_id)s, %(drill)s, %(late)s, %(time_uncertain)s, %(degraded)s)
        """,
        {
            "id": alarm.id,
            "centre_id": alarm.centre_id,
            "key": alarm.key,
            "klass": alarm.klass,
            "number": alarm.number,
            "priority": alarm.priority,
            "state": alarm.state,
            "version": alarm.version,
            "epoch": alarm.epoch,
            "tier": alarm.tier,
            "policy": Jsonb(written(alarm.policy)),
            "opened_at": alarm.opened_at,
            "open_since": alarm.open_since,
            "changed_at": alarm.changed_at,
            "pressed_at": alarm.pressed_at,
            "senior_id": alarm.senior_id,
            "room_id": alarm.room_id,
            "device_id": alarm.device_id,
            "rule_id": alarm.rule_id,
            "summary": Jsonb(dict(alarm.summary)),
            "times_pressed": alarm.times_pressed,
            "times_told": alarm.times_told,
            "ambulance_card_at": alarm.ambulance_card_at,
            "linked_id": alarm.linked_id,
            "drill": alarm.drill,
            "late": alarm.late,
            "time_uncertain": alarm.time_uncertain,
            "degraded": alarm.degraded,
        },
    )


async def update(conn: Conn, alarm: Alarm, version: int) -> bool:
    """Write what can change of an alarm, if it still has this version; whether it had."""
    cursor = await conn.execute(
        """
        UPDATE alarm
           SET state = %(state)s, version = %(new_version)s, epoch = %(epoch)s, tier = %(tier)s,
               open_since = %(open_since)s, changed_at = %(changed_at)s, owner_id = %(owner_id)s,
               accepted_at = %(accepted_at)s, on_scene_at = %(on_scene_at)s, resolved_at = %(resolved_at)s,
               resolved_by = %(resolved_by)s, closed_at = %(closed_at)s, outcome = %(outcome)s,
               times_pressed = %(times_pressed)s, times_told = %(times_told)s, hurried_at = %(hurried_at)s,
               confirm_by = %(confirm_by)s, arrive_by = %(arrive_by)s, nudges = %(nudges)s,
               unreachable = %(unreachable)s, cancel_requested = %(cancel_requested)s
         WHERE id = %(id)s AND version = %(version)s
        RETURNING id
        """,
        {
            "id": alarm.id,
            "version": version,
            "new_version": alarm.version,
            "state": alarm.state,
            "epoch": alarm.epoch,
            "tier": alarm.tier,
            "open_since": alarm.open_since,
            "changed_at": alarm.changed_at,
            "owner_id": alarm.owner_id,
            "accepted_at": alarm.accepted_at,
            "on_scene_at": alarm.on_scene_at,
            "resolved_at": alarm.resolved_at,
            "resolved_by": alarm.resolved_by,
            "closed_at": alarm.closed_at,
            "outcome": alarm.outcome,
            "times_pressed": alarm.times_pressed,
            "times_told": alarm.times_told,
            "hurried_at": alarm.hurried_at,
            "confirm_by": alarm.confirm_by,
            "arrive_by": alarm.arrive_by,
            "nudges": alarm.nudges,
            "unreachable": alarm.unreachable,
            "cancel_requested": alarm.cancel_requested,
        },
    )
    return await cursor.fetchone() is not None


async def related_alarm(conn: Conn, key: str, subject: str) -> AlarmId | None:
    """What a new alarm is linked to: a live alarm of the same subject, else one of its key that is not closed yet."""
    cursor = await conn.execute(
        """
        SELECT id
          FROM alarm
         WHERE state <> 'closed'
           AND (key = %(key)s OR starts_with(key, %(subject)s) AND state <> 'resolved')
         ORDER BY state = 'resolved', opened_at DESC
         LIMIT 1
        """,
        {"key": key, "subject": f"{subject}:"},
    )
    row = await cursor.fetchone()
    return AlarmId(row[0]) if row else None


async def next_number(conn: Conn, centre_id: CentreId, now: datetime) -> str:
    """The next number of the centre's day, such as 23-07."""
    cursor = await conn.execute(
        """
        INSERT INTO alarm_number AS counted (centre_id, day, n)
        SELECT id, (%(now)s AT TIME ZONE timezone)::date, 1
          FROM centre
         WHERE id = %(centre_id)s
            ON CONFLICT (centre_id, day) DO UPDATE SET n = counted.n + 1
        RETURNING to_char(day, 'DD') || '-' || lpad(n::text, greatest(2, length(n::text)), '0')
        """,
        {"centre_id": centre_id, "now": now},
    )
    row = await cursor.fetchone()
    assert row is not None
    return str(row[0])


async def policy_at(conn: Conn, centre_id: CentreId, now: datetime) -> tuple[Applies, Policy | None]:
    """Whether the centre is open at `now`, by its own clock, and the policy that holds then; None while it has none."""
    cursor = await conn.execute(
        """
        SELECT hours.applies, policy.name, policy.version, policy.tiers
          FROM (
            SELECT CASE WHEN clock.at >= centre.opens AND clock.at < centre.closes THEN %(open)s ELSE %(shut)s END
              FROM centre
             CROSS JOIN LATERAL (SELECT (%(now)s AT TIME ZONE centre.timezone)::time) AS clock (at)
             WHERE centre.id = %(centre_id)s) AS hours (applies)
          LEFT JOIN escalation_policy AS policy
            ON policy.centre_id = %(centre_id)s AND policy.applies = hours.applies AND policy.current
        """,
        {"centre_id": centre_id, "now": now, "open": Applies.OPENING_HOURS, "shut": Applies.OUT_OF_HOURS},
    )
    row = await cursor.fetchone()
    assert row is not None
    applies, name, version, tiers = row
    return Applies(applies), None if name is None else Policy(name, version, parse_tiers(tiers))


async def current_policy(conn: Conn, centre_id: CentreId, applies: Applies) -> Policy | None:
    """The policy that holds; None while the centre has written none."""
    cursor = await conn.execute(
        """
        SELECT name, version, tiers
          FROM escalation_policy
         WHERE centre_id = %(centre_id)s AND applies = %(applies)s AND current
        """,
        {"centre_id": centre_id, "applies": applies},
    )
    row = await cursor.fetchone()
    return None if row is None else Policy(row[0], row[1], parse_tiers(row[2]))


async def replace_policy(
    conn: Conn,
    policy_id: str,
    centre_id: CentreId,
    applies: Applies,
    policy: Policy,
    by: AccountId | None,
    now: datetime,
) -> None:
    """Make this the policy that holds, as one version more than the last."""
    await conn.execute(
        """
        UPDATE escalation_policy
           SET current = false
         WHERE centre_id = %(centre_id)s AND applies = %(applies)s AND current
        """,
        {"centre_id": centre_id, "applies": applies},
    )
    await conn.execute(
        """
        INSERT INTO escalation_policy (id, centre_id, applies, name, version, tiers, made_at, made_by, current)
        SELECT %(id)s, %(centre_id)s, %(applies)s, %(name)s, coalesce(max(version), 0) + 1, %(tiers)s, %(now)s, %(by)s,
               true
          FROM escalation_policy
         WHERE centre_id = %(centre_id)s AND applies = %(applies)s
        """,
        {
            "id": policy_id,
            "centre_id": centre_id,
            "applies": applies,
            "name": policy.name,
            "tiers": Jsonb(written(policy)["tiers"]),
            "now": now,
            "by": by,
        },
    )


async def link_press(
    conn: Conn, alarm_id: AlarmId, press_id: PressId, device_id: DeviceId | None, pressed_at: datetime
) -> bool:
    """Link a press to its alarm, unless it has one; whether it is linked now for the first time."""
    cursor = await conn.execute(
        """
        INSERT INTO alarm_press (press_id, alarm_id, device_id, pressed_at)
        VALUES (%(press_id)s, %(alarm_id)s, %(device_id)s, %(pressed_at)s)
            ON CONFLICT (press_id) DO NOTHING
        RETURNING press_id
        """,
        {"press_id": press_id, "alarm_id": alarm_id, "device_id": device_id, "pressed_at": pressed_at},
    )
    return await cursor.fetchone() is not None


async def alarm_of_press(conn: Conn, press_id: PressId, key: str) -> AlarmId | None:
    """The alarm with this key that the press is linked to already."""
    cursor = await conn.execute(
        """
        SELECT alarm.id
          FROM alarm_press
          JOIN alarm ON alarm.id = alarm_press.alarm_id
         WHERE alarm_press.press_id = %(press_id)s AND alarm.key = %(key)s
        """,
        {"press_id": press_id, "key": key},
    )
    row = await cursor.fetchone()
    return AlarmId(row[0]) if row else None


async def alarms_of_presses(conn: Conn, press_ids: Sequence[PressId]) -> list[tuple[AlarmId, str]]:
    """The alarms that these presses belong to, each once with its key."""
    if not press_ids:
        return []
    cursor = await conn.execute(
        """
        SELECT DISTINCT alarm.id, alarm.key
          FROM alarm_press
          JOIN alarm ON alarm.id = alarm_press.alarm_id
         WHERE alarm_press.press_id = ANY(%(press_ids)s)
         ORDER BY alarm.id
        """,
        {"press_ids": list(press_ids)},
    )
    return [(AlarmId(alarm_id), key) for alarm_id, key in await cursor.fetchall()]


async def presses_of(conn: Conn, alarm_id: AlarmId) -> list[datetime]:
    """When the presses of this alarm were."""
    cursor = await conn.execute(
        "SELECT pressed_at FROM alarm_press WHERE alarm_id = %(alarm_id)s ORDER BY pressed_at", {"alarm_id": alarm_id}
    )
    return [pressed_at for (pressed_at,) in await cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Presser:
    """A device from which an alarm was pressed, and the language it speaks."""

    device_id: DeviceId
    language: str


async def pressers(conn: Conn, alarm_id: AlarmId) -> list[Presser]:
    """The devices from which this alarm was pressed."""
    async with conn.cursor(row_factory=class_row(Presser)) as cur:
        await cur.execute(
            """
            SELECT DISTINCT alarm_press.device_id, coalesce(senior.language, 'zh-CN') AS language
              FROM alarm_press
              JOIN alarm ON alarm.id = alarm_press.alarm_id
              LEFT JOIN senior ON senior.id = alarm.senior_id
             WHERE alarm_press.alarm_id = %(alarm_id)s AND alarm_press.device_id IS NOT NULL
            """,
            {"alarm_id": alarm_id},
        )
        return await cur.fetchall()


async def void_timers(conn: Conn, alarm_id: AlarmId, kinds: Sequence[TimerKind], now: datetime) -> None:
    """The pending timers of these kinds count no more."""
    await conn.execute(
        """
        UPDATE alarm_timer
           SET done_at = %(now)s, ended = 'void'
         WHERE alarm_id = %(alarm_id)s AND kind = ANY(%(kinds)s) AND done_at IS NULL
        """,
        {"alarm_id": alarm_id, "kinds": [kind.value for kind in kinds], "now": now},
    )


async def insert_timers(conn: Conn, alarm: Alarm, timers: Sequence[tuple[str, Pending]], now: datetime) -> None:
    """Let the alarm wait for these (new id, timer), in its present epoch."""
    async with conn.cursor() as cur:
        await cur.executemany(
            """
            INSERT INTO alarm_timer (id, alarm_id, kind, due_at, epoch, made_at)
            VALUES (%(id)s, %(alarm_id)s, %(kind)s, %(due_at)s, %(epoch)s, %(now)s)
            """,
            [
                {
                    "id": timer_id,
                    "alarm_id": alarm.id,
                    "kind": timer.kind,
                    "due_at": timer.due_at,
                    "epoch": alarm.epoch,
                    "now": now,
                }
                for timer_id, timer in timers
            ],
        )


async def lock_due(conn: Conn, now: datetime) -> Timer | None:
    """Lock the timer that is due longest, and its alarm; those locked by somebody else, or parked, are skipped.

    The alarm comes first: whoever changes timers has locked their alarm, so nobody waits for the other way round.
    """
    async with conn.cursor(row_factory=class_row(Timer)) as cur:
        await cur.execute(
            """
            SELECT alarm_timer.id, alarm_timer.alarm_id, alarm.centre_id, alarm_timer.kind, alarm_timer.due_at,
                   alarm_timer.epoch, parked_row.row_id IS NOT NULL AS was_parked
              FROM alarm_timer
              JOIN alarm ON alarm.id = alarm_timer.alarm_id
              LEFT JOIN parked_row ON parked_row.kind = 'alarm' AND parked_row.row_id = alarm.id
             WHERE alarm_timer.done_at IS NULL AND alarm_timer.due_at <= %(now)s
               AND NOT is_parked('alarm', alarm.id, %(now)s)
             ORDER BY alarm_timer.due_at, alarm_timer.id
             LIMIT 1
               FOR NO KEY UPDATE OF alarm, alarm_timer SKIP LOCKED
            """,
            {"now": now},
        )
        return await cur.fetchone()


async def set_fired(conn: Conn, timer_id: str, now: datetime) -> None:
    """The timer has done its work."""
    await conn.execute(
        "UPDATE alarm_timer SET done_at = %(now)s, ended = 'fired' WHERE id = %(id)s", {"id": timer_id, "now": now}
    )


async def lock_all(conn: Conn) -> None:
    """Lock every alarm that waits for something, in the order in which everybody locks them."""
    await conn.execute("SELECT id FROM alarm WHERE state <> 'closed' ORDER BY id FOR NO KEY UPDATE")


async def move_timers(conn: Conn, clock_set: ClockSet) -> None:
    """Let the pending timers be due, by the clock as it is set now, after as long as before."""
    await conn.execute(
        """
        UPDATE alarm_timer
           SET due_at = due_at + %(by)s, made_at = made_at + %(by)s
         WHERE done_at IS NULL AND (%(before)s::timestamptz IS NULL OR made_at < %(before)s)
           AND (%(from)s::timestamptz IS NULL OR made_at >= %(from)s)
        """,
        {"by": clock_set.by, "before": clock_set.told_before, "from": clock_set.wrong_from},
    )


async def timers_of_the_future(conn: Conn, now: datetime) -> dict[AlarmId, timedelta]:
    """The alarms of which a pending timer was made later than `now`, and how far later: the clock is behind."""
    cursor = await conn.execute(
        """
        SELECT alarm_id, max(made_at) - %(now)s
          FROM alarm_timer
         WHERE done_at IS NULL AND made_at > %(now)s
         GROUP BY alarm_id
        """,
        {"now": now},
    )
    return {AlarmId(alarm_id): ahead for alarm_id, ahead in await cursor.fetchall()}


async def bring_timers_near(conn: Conn, now: datetime) -> None:
    """Let no pending timer be further away than it was when it was made: its wait begins now."""
    await conn.execute(
        """
        UPDATE alarm_timer
           SET due_at = due_at - (made_at - %(now)s), made_at = %(now)s
         WHERE done_at IS NULL AND made_at > %(now)s
        """,
        {"now": now},
    )


async def bring_deadlines_near(conn: Conn, ahead: Mapping[AlarmId, timedelta], now: datetime) -> None:
    """Let these alarms, where they are live, show what their timers say; each gets a step that says why."""
    await conn.execute(
        """
        WITH moved AS (
          UPDATE alarm
             SET version = version + 1, changed_at = %(now)s,
                 ambulance_card_at = least(ambulance_card_at, %(now)s + %(card_after)s),
                 arrive_by = (SELECT due_at FROM alarm_timer
                               WHERE alarm_id = alarm.id AND kind = 'lease' AND done_at IS NULL),
                 confirm_by = (SELECT due_at FROM alarm_timer
                                WHERE alarm_id = alarm.id AND kind = 'confirm' AND done_at IS NULL)
            FROM unnest(%(ids)s::text[], %(seconds)s::integer[]) AS ahead (alarm_id, seconds)
           WHERE alarm.id = ahead.alarm_id AND state IN ('open', 'accepted', 'on_scene')
          RETURNING alarm.id, alarm.version, ahead.seconds
        )
        INSERT INTO alarm_step (alarm_id, version, at, what, params)
        SELECT id, version, %(now)s, 'clock-set', jsonb_build_object('by_seconds', -seconds)
          FROM moved
        """,
        {
            "now": now,
            "card_after": AMBULANCE_CARD_AFTER,
            "ids": list(ahead),
            "seconds": [round(by.total_seconds()) for by in ahead.values()],
        },
    )


async def move_deadlines(conn: Conn, clock_set: ClockSet, now: datetime) -> None:
    """Let the live alarms show what their timers, which were moved, say; each gets a step that says why."""
    await conn.execute(
        """
        WITH moved AS (
          UPDATE alarm
             SET version = version + 1, changed_at = %(now)s, ambulance_card_at = ambulance_card_at + %(by)s,
                 arrive_by = (SELECT due_at FROM alarm_timer
                               WHERE alarm_id = alarm.id AND kind = 'lease' AND done_at IS NULL),
                 confirm_by = (SELECT due_at FROM alarm_timer
                                WHERE alarm_id = alarm.id AND kind = 'confirm' AND done_at IS NULL)
           WHERE state IN ('open', 'accepted', 'on_scene')
             AND (%(before)s::timestamptz IS NULL OR opened_at < %(before)s)
             AND (%(from)s::timestamptz IS NULL OR opened_at >= %(from)s)
          RETURNING id, version
        )
        INSERT INTO alarm_step (alarm_id, version, at, what, params)
        SELECT id, version, %(now)s, 'clock-set', %(params)s
          FROM moved
        """,
        {
            "now": now,
            "by": clock_set.by,
            "before": clock_set.told_before,
            "from": clock_set.wrong_from,
            "params": Jsonb({"by_seconds": round(clock_set.by.total_seconds())}),
        },
    )


async def centres(conn: Conn) -> list[CentreId]:
    """Every centre."""
    cursor = await conn.execute("SELECT id FROM centre ORDER BY id")
    return [CentreId(centre_id) for (centre_id,) in await cursor.fetchall()]


async def lock_reached(conn: Conn, now: datetime) -> tuple[AlarmId, CentreId] | None:
    """Lock an alarm that is flagged as unreachable although a channel has taken a notification since it opened.

    Gives its id and its centre; those that are parked are skipped.
    """
    cursor = await conn.execute(
        """
        SELECT id, centre_id
          FROM alarm
         WHERE unreachable AND NOT is_parked('alarm', id, %(now)s)
           AND EXISTS (
             SELECT FROM notification
              WHERE notification.alarm_id = alarm.id AND notification.taken_at IS NOT NULL
                AND notification.made_at >= alarm.open_since)
         LIMIT 1
           FOR NO KEY UPDATE SKIP LOCKED
        """,
        {"now": now},
    )
    row = await cursor.fetchone()
    return (AlarmId(row[0]), CentreId(row[1])) if row else None


async def insert_step(
    conn: Conn, alarm: Alarm, what: str, by: AccountId | None, params: Mapping[str, str | int]
) -> None:
    """Write down what this version of the alarm is."""
    await conn.execute(
        """
        INSERT INTO alarm_step (alarm_id, version, at, what, by_account, params)
        VALUES (%(alarm_id)s, %(version)s, %(at)s, %(what)s, %(by)s, %(params)s)
        """,
        {
            "alarm_id": alarm.id,
            "version": alarm.version,
            "at": alarm.changed_at,
            "what": what,
            "by": by,
            "params": Jsonb(dict(params)),
        },
    )


async def insert_sentence(conn: Conn, sentence_id: str, alarm: Alarm, sentence: Sentence, salt: bytes) -> None:
    """Keep what somebody wrote, apart from the record, so that it can be erased."""
    await conn.execute(
        """
        INSERT INTO alarm_sentence (id, alarm_id, about, by_account, at, salt, sentence)
        VALUES (%(id)s, %(alarm_id)s, %(about)s, %(by)s, %(at)s, %(salt)s, %(sentence)s)
        """,
        {
            "id": sentence_id,
            "alarm_id": alarm.id,
            "about": sentence.about,
            "by": sentence.by,
            "at": alarm.changed_at,
            "salt": salt,
            "sentence": sentence.text,
        },
    )


@dataclass(frozen=True, slots=True)
class Responder:
    """An account as alarms know it; `person` stands for it in the ledger."""

    id: AccountId
    centre_id: CentreId
    role: str
    active: bool
    name: str
    name_en: str
    person: UUID


async def responder(conn: Conn, account_id: AccountId) -> Responder | None:
    """The account with this id."""
    async with conn.cursor(row_factory=class_row(Responder)) as cur:
        await cur.execute(
            """
            SELECT id, centre_id, role, active, name, name_en, person
              FROM account
             WHERE id = %(id)s
            """,
            {"id": account_id},
        )
        return await cur.fetchone()


async def person_of_senior(conn: Conn, senior_id: SeniorId) -> UUID:
    """The token that stands for her in the ledger."""
    cursor = await conn.execute("SELECT person FROM senior WHERE id = %(id)s", {"id": senior_id})
    row = await cursor.fetchone()
    assert row is not None
    person: UUID = row[0]
    return person


async def local_time(conn: Conn, centre_id: CentreId, at: datetime) -> str:
    """The hour and minute of `at` by the centre's clock."""
    cursor = await conn.execute(
        "SELECT to_char(%(at)s AT TIME ZONE timezone, 'HH24:MI') FROM centre WHERE id = %(id)s",
        {"id": centre_id, "at": at},
    )
    row = await cursor.fetchone()
    assert row is not None
    return str(row[0])


async def sounders(conn: Conn, centre_id: CentreId, now: datetime) -> list[Sounder]:
    """The enabled sirens and lamps of the centre, and the rooms they are in."""
    cursor = await conn.execute(
        """
        SELECT device.id, device.kind, room.id, room.type
          FROM device
          LEFT JOIN assignments_at(%(now)s) AS assignment ON assignment.device_id = device.id
          LEFT JOIN room ON room.id = assignment.room_id
         WHERE device.centre_id = %(centre_id)s AND device.enabled AND device.kind IN ('siren', 'lamp')
         ORDER BY device.id
        """,
        {"centre_id": centre_id, "now": now},
    )
    return [
        Sounder(DeviceId(device_id), Do(kind), None if room_id is None else RoomId(room_id), room_type)
        for device_id, kind, room_id, room_type in await cursor.fetchall()
    ]


async def lock_devices(conn: Conn, centre_ids: Sequence[CentreId]) -> None:
    """Let nobody else turn sirens and lamps of these centres on or off until the transaction ends."""
    for centre_id in centre_ids:
        await conn.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))", {"key": f"alarm devices {centre_id}"}
        )


async def set_on(conn: Conn, alarm_id: AlarmId, device_ids: Sequence[DeviceId], now: datetime) -> None:
    """This alarm has these devices on."""
    async with conn.cursor() as cur:
        await cur.executemany(
            """
            INSERT INTO alarm_device (alarm_id, device_id, on_at)
            VALUES (%(alarm_id)s, %(device_id)s, %(now)s)
                ON CONFLICT (alarm_id, device_id) DO UPDATE SET off_at = NULL
            """,
            [{"alarm_id": alarm_id, "device_id": device_id, "now": now} for device_id in device_ids],
        )


async def devices_on(conn: Conn, alarm_id: AlarmId) -> list[DeviceId]:
    """What this alarm has turned on and not off again."""
    cursor = await conn.execute(
        "SELECT device_id FROM alarm_device WHERE alarm_id = %(alarm_id)s AND off_at IS NULL ORDER BY device_id",
        {"alarm_id": alarm_id},
    )
    return [DeviceId(device_id) for (device_id,) in await cursor.fetchall()]


async def set_off(conn: Conn, alarm_id: AlarmId, kinds: Sequence[Do], now: datetime) -> list[tuple[DeviceId, Do]]:
    """This alarm needs devices of these kinds no more. Returns those that it had on and that no other alarm still
    needs, with what they do."""
    cursor = await conn.execute(
        """
        WITH released AS (
          UPDATE alarm_device
             SET off_at = %(now)s
            FROM device
           WHERE alarm_device.alarm_id = %(alarm_id)s AND alarm_device.off_at IS NULL
             AND device.id = alarm_device.device_id AND device.kind = ANY(%(kinds)s)
          RETURNING device.id, device.kind
        )
        SELECT id, kind
          FROM released
         WHERE NOT EXISTS (
           SELECT FROM alarm_device AS other
            WHERE other.device_id = released.id AND other.alarm_id <> %(alarm_id)s AND other.off_at IS NULL)
         ORDER BY id
        """,
        {"alarm_id": alarm_id, "kinds": [kind.value for kind in kinds], "now": now},
    )
    return [(DeviceId(device_id), Do(kind)) for device_id, kind in await cursor.fetchall()]
