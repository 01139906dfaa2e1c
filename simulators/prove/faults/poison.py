"""What if one row or message cannot be processed? A defect of ours at one alarm silences no other."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, LiteralString

import psycopg

from simulators.prove.faults.floods import connect_device
from simulators.prove.field import Field, HubFault
from simulators.prove.observer import DatabaseAway, as_owner
from simulators.prove.prover_centre import CENTRE, POISON
from simulators.prove.waiting import NotWithin, wait_for

_OPENS_WITHIN: Final = 15.0
_UNDER_WAY_SECONDS: Final = 2.0
"""A message that comes so soon was sent before its row was poisoned."""

MESSAGES: Final = (
    b"",
    b"\x00" * 64,
    b"\xff\xfe\x00",
    b"\xef\xbb\xbf{}",
    b"[" * 3000,
    b'{"v":1}',
    b'{"v":99,"id":"x-1","kind":"press"}',
    b'{"v":1,"id":"a\\u0000b","kind":"press"}',
    b'{"v":1,"id":"\\ud800","seq":1,"kind":"press"}',
    b'{"v":1,"id":"0123456789abcdef-1","seq":99999999999999999999,"kind":"press"}',
    b'{"v":1,"id":"0123456789abcdef-2","seq":2,"kind":"press","age_ms":1e400}',
    b'{"v":1,"id":"0123456789abcdef-3","seq":3,"kind":"press","battery":255,"at":"0000-00-00T00:00:00Z"}',
    b'{"v":1,"id":"0123456789abcdef-4","seq":4,"kind":"cancel","of":"none"}',
    b'{"v":1,"id":"0123456789abcdef-5","seq":5,"kind":"press","age_ms":9007199254740991}',
)


@contextmanager
def poison_row(field: Field, *, statement: LiteralString) -> Iterator[None]:
    """A row of an open alarm that no version could have written; somebody has to be told of that alarm all the same."""
    alarm_id = _open_alarm(field)
    heard_before = len(field.ground.sinks.messages())
    began = time.monotonic()
    _write_row(field, statement, alarm_id)
    yield
    number = field.ground.observer.rows("SELECT number FROM alarm WHERE id = %s", alarm_id)
    said = f"#{number[0][0] if number else ''}"

    def told() -> bool:
        heard = [one for one in field.ground.sinks.messages(heard_before) if one.at > began + _UNDER_WAY_SECONDS]
        return any(alarm_id == one.alarm_id or said in one.text for one in heard)

    try:
        wait_for(told, field.profile.silent_after, "somebody is told of the alarm whose row cannot be read")
        field.facts["told_s"] = round(time.monotonic() - began, 1)
    except NotWithin as error:
        field.report("poison_silent", str(error))


@contextmanager
def poison_messages(field: Field) -> Iterator[None]:
    """Bytes on the alarm lane that no device of ours sends."""
    client = connect_device(field, POISON, POISON)
    try:
        for payload in MESSAGES:
            client.publish(f"anling/v1/{CENTRE}/alarm/{POISON}", payload, qos=1)
            field.strikes += 1
        yield
    finally:
        client.disconnect()
        client.loop_stop()


def _open_alarm(field: Field) -> str:
    """An alarm of the prover's own trigger that is open now; empty when none came about."""
    client = connect_device(field, POISON, POISON)
    press_id = f"{field.ground.random.getrandbits(64):016x}-1"
    client.publish(
        f"anling/v1/{CENTRE}/alarm/{POISON}",
        f'{{"v":1,"id":"{press_id}","seq":1,"kind":"press","age_ms":0}}',
        qos=1,
    )
    try:
        return wait_for(lambda: _find_open_alarm(field), _OPENS_WITHIN, "an alarm to poison is open")
    except NotWithin:
        return ""
    finally:
        client.disconnect()
        client.loop_stop()


def _find_open_alarm(field: Field) -> str:
    try:
        rows = field.ground.observer.rows("SELECT id FROM alarm WHERE device_id = %s AND state = 'open'", POISON)
    except DatabaseAway:
        return ""
    return str(rows[0][0]) if rows else ""


def _write_row(field: Field, statement: LiteralString, alarm_id: str) -> None:
    """Past every trigger and rule, as a defect of another version would have written it."""
    if not alarm_id:
        field.report("not_struck", "no alarm could be opened to be poisoned")
        return
    try:
        field.strikes += as_owner(field.ground.hub, statement, (alarm_id,))
    except psycopg.Error as error:
        field.report("not_struck", f"the row could not be poisoned: {error}")
    time.sleep(0.1)


_POLICY: Final = "UPDATE alarm SET policy = jsonb_set(policy, '{0,targets}', '[\"no-such-word:x\"]') WHERE id = %s"
_TIMER: Final = "UPDATE alarm_timer SET due_at = '-infinity' WHERE alarm_id = %s AND done_at IS NULL"
_OUTBOX: Final = """
INSERT INTO notification (id, centre_id, alarm_id, n, account_id, contact_method_id, channel, priority, template,
                          params, state, next_at, made_at)
SELECT 'poison-' || substr(md5(clock_timestamp()::text), 1, 20), centre_id, alarm_id, n + 1000, account_id,
       contact_method_id, channel, priority, template, '{"no": "such"}', 'queued', made_at, made_at
  FROM notification WHERE alarm_id = %s LIMIT 1
"""

FAULTS: Final = (
    *(
        HubFault(name, what, partial(poison_row, statement=statement), hold_seconds=15)
        for name, what, statement in (
            ("poison-policy", "an open alarm whose policy cannot be read", _POLICY),
            ("poison-timer", "a timer whose time cannot be read", _TIMER),
            ("poison-outbox", "a message to a person that cannot be read", _OUTBOX),
        )
    ),
    HubFault("poison-messages", "bytes on the alarm lane that cannot be read", poison_messages, hold_seconds=5),
)
