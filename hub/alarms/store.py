"""The alarms' rows.

They are locked FOR NO KEY UPDATE, which lets messages of an alarm be written that refer to it: a deliverer that holds
them never waits for a tap that waits for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from hub.alarms.model import Alarm, AlarmState, Outcome, Policy, Sentence, Transition
from hub.alarms.policies import parse_tiers, policy_as_json
from hub.kit.bulkhead import Defect, call_in_bulkhead
from hub.kit.db import Conn
from hub.kit.ids import AccountId, AlarmId, CentreId
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
    """One row with the columns of `ALARM_COLUMNS` as the alarm it is; its policy is None where it cannot be read."""
    policy = call_in_bulkhead(f"the policy of alarm {row['id']}", lambda: _read_policy(row["policy"]))
    return replace(alarm_without_policy(row), policy=None if isinstance(policy, Defect) else policy)


def _read_policy(stored: object) -> Policy:
    assert isinstance(stored, dict)
    return Policy(stored["name"], stored["version"], parse_tiers(stored["tiers"]))


def alarm_without_policy(row: Mapping[str, object]) -> Alarm:
    """The same without its policy, for what only shows it: a card does not depend on the next recipients."""
    values = dict(row)
    del values["policy"]
    values["summary"] = _read_summary(values["summary"])
    outcome, priority, state = values.pop("outcome"), values.pop("priority"), values.pop("state")
    return Alarm(
        **values,  # type: ignore[arg-type]  # the columns are the fields: the tests read every one of them
        policy=None,
        outcome=None if outcome is None else Outcome(str(outcome)),
        priority=Priority(str(priority)),
        state=AlarmState(str(state)),
    )


def _read_summary(stored: object) -> dict[str, str]:
    """The text in each language; none of JSON of another shape, so that somebody can take the alarm all the same."""
    texts = stored.items() if isinstance(stored, dict) else ()
    return {language: text for language, text in texts if isinstance(text, str)}


async def lock_keys(conn: Conn, keys: Sequence[str]) -> None:
    """Let nobody else decide about these keys until the transaction ends.

    A key is locked, not only its alarm: while there is none, two presses would each open one. Sorted, so that two
    transactions never deadlock over keys (DECISIONS 37).
    """
    for key in sorted(set(keys)):
        await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))", {"key": f"alarm {key}"})


async def lock_live_alarms(conn: Conn, keys: Sequence[str]) -> dict[str, Alarm]:
    """The live alarms with these keys, locked: by id, after the keys (DECISIONS 37)."""
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


async def lock_alarm(conn: Conn, alarm_id: AlarmId) -> Alarm | None:
    """The alarm with this id, locked until the transaction ends."""
    async with conn.cursor(row_factory=dict_row) as cur:
        await cur.execute(
            f"SELECT {ALARM_COLUMNS} FROM alarm WHERE id = %(id)s FOR NO KEY UPDATE",  # noqa: S608 - a constant list of columns
            {"id": alarm_id},
        )
        row = await cur.fetchone()
    return None if row is None else alarm_of(row)


async def find_alarm(conn: Conn, alarm_id: AlarmId) -> Alarm | None:
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


async def find_bare_alarm(conn: Conn, alarm_id: AlarmId) -> BareAlarm | None:
    """The alarm with this id, of which nothing is interpreted."""
    async with conn.cursor(row_factory=class_row(BareAlarm)) as cur:
        await cur.execute(
            "SELECT id, centre_id, number, priority, klass, state, drill FROM alarm WHERE id = %(id)s",
            {"id": alarm_id},
        )
        return await cur.fetchone()


async def lock_bare_live_alarm(conn: Conn, key: str) -> AlarmId | None:
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


async def insert_alarm(conn: Conn, alarm: Alarm, policy: Policy) -> None:
    """Write a new alarm, with a copy of the policy by which it escalates."""
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
            "policy": Jsonb(policy_as_json(policy)),
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


async def update_alarm(conn: Conn, alarm: Alarm, version: int) -> bool:
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


async def find_related_alarm(conn: Conn, key: str, subject: str) -> AlarmId | None:
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


async def insert_step(
    conn: Conn, alarm: Alarm, what: Transition, by: AccountId | None, params: Mapping[str, str | int]
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
