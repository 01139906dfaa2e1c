"""Which rows does the database refuse, whatever the code does? One right row and one wrong row for each CHECK.

The rows go into a table like the real one that has its checks and nothing else, so a row here is only what a check
looks at.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
BEFORE = NOON - timedelta(seconds=1)
ULID = "01jdbkz4f0" + "0" * 16
HASH, SHORT_HASH = b"h" * 32, b"h" * 31

Row = dict[str, object]
Case = tuple[str, Row, Row]
"""A table, what a right row has in it, and what a wrong one has instead."""

IDS: list[Case] = [
    (table, {"id": "gym-2"}, {"id": wrong})
    for table in ("account", "centre", "device", "organisation", "room", "senior")
    for wrong in ("Gym", "gym 2", "-gym", "g" * 33)
]
ULIDS: list[Case] = [
    (table, {"id": f"{letter}-{ULID}"}, {"id": wrong})
    for table, letter in (("alarm", "a"), ("press", "p"), ("viewing", "v"))
    for wrong in (ULID, f"x-{ULID}", f"{letter}-{ULID.upper()}", f"{letter}-{ULID[1:]}")
]
HASHES: list[Case] = [
    (table, {column: HASH}, {column: SHORT_HASH})
    for table, column in (
        ("accept_link", "id"),
        ("device", "credential_hash"),
        ("first_administrator", "id"),
        ("invitation", "id"),
        ("ledger_access", "hash"),
        ("ledger_care", "hash"),
        ("ledger_head", "hash"),
        ("press", "digest"),
        ("quarantine", "digest"),
        ("rule_set", "hash"),
        ("seen_message", "digest"),
        ("session", "id"),
        ("video_ticket", "hash"),
    )
]
CODES: list[Case] = [
    (table, {column: "room-hot", **ended}, {column: wrong})
    for table, column, ended in (
        ("alarm", "klass", {}),
        ("alarm_step", "what", {}),
        ("notice", "code", {}),
        ("notification", "template", {}),
        ("quarantine", "reason", {}),
        ("rule_state", "rule_id", {}),
        ("viewing", "ended_because", {"ended_at": NOON}),
    )
    for wrong in ("Room-hot", "", "r" * 65, "room hot")
]
WORDS: list[Case] = [
    (table, {**others, column: right}, {column: "neither"})
    for table, column, right, others in (
        ("account", "language", "en", {}),
        ("account", "role", "lead", {}),
        ("alarm", "outcome", "fall", {"state": None, "resolved_at": NOON, "resolved_by": "zhou"}),
        ("alarm", "priority", "P2", {}),
        ("alarm", "state", "open", {}),
        ("alarm_sentence", "about", "arrival", {}),
        ("alarm_timer", "ended", "void", {"done_at": NOON}),
        ("alarm_timer", "kind", "escalate", {}),
        ("called_duty", "applies", "opening_hours", {}),
        ("called_duty", "duty", "primary", {}),
        ("camera_source", "kind", "sub", {}),
        ("camera_source", "protocol", "rtsp", {"address": "rtsp://127.0.0.1/gym"}),
        ("consent", "covers", "alarms", {}),
        ("contact_method", "channel", "email", {}),
        ("device", "kind", "button", {}),
        ("device", "state", "online", {}),
        ("device_command", "subtopic", "cue", {}),
        ("escalation_policy", "applies", "opening_hours", {}),
        ("ledger_head", "chain", "care", {}),
        ("notice", "priority", "P3", {}),
        ("notification", "channel", "email", {}),
        ("notification", "priority", "P1", {}),
        ("notification", "state", "queued", {}),
        ("presence", "evidence", "card", {}),
        ("attendance_change", "evidence", "card", {}),
        ("press", "kind", "press", {"message_id": "m"}),
        ("relation", "kinship", "daughter", {}),
        ("room", "type", "gym", {}),
        ("rule_state", "priority", "P4", {}),
        ("rule_state", "stage", "firing", {"since_at": NOON}),
        ("seen_message", "lane", "alarm", {"message_id": "m", "press_id": "p"}),
        ("session", "kind", "family", {}),
        ("shift", "duty", "primary", {}),
        ("veto", "said_by", "tablet", {}),
        ("viewing", "because", "consent", {"senior_id": "s"}),
    )
]
COUNTS: list[Case] = [
    (table, {column: least}, {column: least - 1})
    for table, column, least in (
        ("alarm", "epoch", 1),
        ("alarm", "tier", 0),
        ("alarm", "version", 1),
        ("attendance_change", "version", 1),
        ("escalation_policy", "version", 1),
        ("ledger_access", "n", 1),
        ("ledger_care", "n", 1),
        ("notification", "n", 1),
        ("press", "seq", 0),
        ("room", "plan_height", 1),
        ("room", "plan_width", 1),
        ("viewing", "frames", 0),
    )
]
LENGTHS: list[Case] = [
    ("alarm", {"lease_renewals": 3}, {"lease_renewals": 4}),
    ("alarm_sentence", {"salt": b"s" * 16}, {"salt": b"s" * 15}),
    ("alarm_sentence", {"sentence": "好"}, {"sentence": ""}),
    ("alarm_sentence", {"sentence": "好" * 2000}, {"sentence": "好" * 2001}),
    ("quarantine", {"detail": "d" * 200}, {"detail": "d" * 201}),
    ("quarantine", {"topic": "t" * 256}, {"topic": "t" * 257}),
    ("reading_name", {"unit": "u" * 16}, {"unit": "u" * 17}),
    ("viewing", {"reason": "r" * 200}, {"reason": "r" * 201}),
]
MOMENTS: list[Case] = [
    (table, {first: NOON, then: at_least}, {then: too_early})
    for table, first, then, at_least, too_early in (
        ("assignment", "from_at", "to_at", NOON + timedelta(seconds=1), NOON),
        ("presence", "from_at", "to_at", NOON, BEFORE),
        ("shift", "from_at", "to_at", NOON + timedelta(seconds=1), NOON),
        ("viewing", "opened_at", "started_at", NOON, BEFORE),
        ("viewing", "opened_at", "first_frame_at", NOON, BEFORE),
        ("visit", "arrived_at", "left_at", NOON, BEFORE),
        ("press", "pressed_at", "received_at", NOON, BEFORE),
    )
]
ALARMS: list[Case] = [
    ("alarm", {"number": "23-07"}, {"number": "7"}),
    ("alarm", {"state": "open"}, {"owner_id": "zhou"}),
    ("alarm", {"state": "on_scene", "owner_id": "zhou"}, {"owner_id": None}),
    ("alarm", {"state": "open"}, {"outcome": "fall", "resolved_at": NOON, "resolved_by": "zhou"}),
    (
        "alarm",
        {"state": "resolved", "outcome": "fall", "resolved_at": NOON, "resolved_by": "zhou"},
        {"outcome": None, "resolved_at": None, "resolved_by": None},
    ),
    ("alarm", {"outcome": "fall", "state": None, "resolved_at": NOON, "resolved_by": "zhou"}, {"resolved_by": None}),
    ("alarm", {"outcome": "fall", "state": None, "resolved_at": NOON, "resolved_by": "zhou"}, {"resolved_at": None}),
    ("alarm", {"state": "open"}, {"closed_at": NOON}),
    (
        "alarm",
        {"state": "closed", "outcome": "fall", "resolved_at": NOON, "resolved_by": "zhou", "closed_at": NOON},
        {"closed_at": None},
    ),
    ("alarm", {"owner_id": "zhou", "handover_to": "chen", "handover_until": NOON}, {"handover_until": None}),
    ("alarm", {"owner_id": "zhou", "handover_to": "chen", "handover_until": NOON}, {"owner_id": None}),
    ("alarm", {"priority": "P2", "silenced_until": NOON}, {"priority": "P1"}),
    ("alarm_timer", {"done_at": NOON, "ended": "fired"}, {"ended": None}),
    ("alarm_timer", {"done_at": NOON, "ended": "fired"}, {"done_at": None}),
    (
        "alarm_timer",
        {"kind": "escalate", "made_at": NOON, "due_at": NOON + timedelta(minutes=15)},
        {"due_at": NOON + timedelta(minutes=15, seconds=1)},
    ),
    ("escalation_policy", {"tiers": Jsonb([{}])}, {"tiers": Jsonb([])}),
    ("escalation_policy", {"tiers": Jsonb([{}])}, {"tiers": Jsonb({})}),
    ("notification", {"state": "leased", "lease_until": NOON, "leased_by": "hub"}, {"lease_until": None}),
    ("notification", {"state": "leased", "lease_until": NOON, "leased_by": "hub"}, {"leased_by": None}),
    ("notification", {"state": "taken", "taken_at": NOON}, {"taken_at": None}),
    ("notification", {"state": "queued"}, {"taken_at": NOON}),
    ("notification", {"state": "dead", "ended_at": NOON}, {"ended_at": None}),
    ("notification", {"state": "queued"}, {"ended_at": NOON}),
]
OTHERS: list[Case] = [
    ("assignment", {"senior_id": "s-wang"}, {"senior_id": None}),
    ("assignment", {"senior_id": "s-wang"}, {"room_id": "gym"}),
    ("centre", {"opens": "08:00", "closes": "20:00"}, {"closes": "08:00"}),
    ("centre", {"phone": "+8693112345"}, {"phone": "on the wall"}),
    ("camera_source", {"protocol": "rtsps", "address": "rtsps://127.0.0.1/gym"}, {"protocol": "rtsp"}),
    ("camera_source", {"protocol": "rtsp", "address": "rtsp://127.0.0.1/gym"}, {"protocol": "rtsps"}),
    ("due_job", {"kind": "consent-ends"}, {"kind": "Consent"}),
    ("due_job", {"made_at": NOON, "due_at": NOON}, {"due_at": BEFORE}),
    ("due_job", {"due_at": NOON, "near_at": BEFORE}, {"near_at": NOON}),
    ("parked_row", {"kind": "rule-memory"}, {"kind": "Rule memory"}),
    ("parked_row", {"parked_at": NOON, "again_at": NOON + timedelta(seconds=1)}, {"again_at": NOON}),
    ("parked_row", {"failures": 1}, {"failures": 0}),
    ("press", {"senior_id": "s-wang", "message_id": "m"}, {"room_id": "gym"}),
    ("press", {"message_id": "m"}, {"message_id": None}),
    ("press", {"message_id": "m", "kind": "press", "unreadable_reason": "no-json"}, {"kind": "long_press"}),
    ("press", {"message_id": "m", "kind": "cancel", "of_message_id": "m-1"}, {"of_message_id": None}),
    ("press", {"message_id": "m", "kind": "press"}, {"of_message_id": "m-1"}),
    ("press", {"message_id": "m", "time_uncertain": True, "late": False}, {"late": True}),
    ("reading_name", {"name": "temperature"}, {"name": "Temperature"}),
    ("rule_heard", {"one_row": True}, {"one_row": False}),
    ("rule_state", {"stage": "pending", "due_at": NOON, "since_at": NOON}, {"due_at": None}),
    ("rule_state", {"stage": "firing", "since_at": NOON}, {"since_at": None}),
    ("rule_state", {"key": "room:gym"}, {"key": "gym"}),
    ("seen_message", {"lane": "unreadable", "message_id": "", "press_id": "p"}, {"message_id": "m"}),
    ("seen_message", {"lane": "visit", "message_id": "m"}, {"press_id": "p"}),
    ("senior", {"categories": ["empty_nest"]}, {"categories": ["rich"]}),
    ("viewing", {"opened_at": NOON, "ended_at": NOON, "ended_because": "left"}, {"ended_at": BEFORE}),
    ("viewing", {"ended_at": NOON, "ended_because": "left"}, {"ended_because": None}),
    ("viewing", {"because": "consent", "senior_id": "s-wang"}, {"senior_id": None}),
    ("viewing", {"because": "stated-reason", "reason": "门没有关"}, {"reason": ""}),
    ("viewing", {"because": "accepted-alarm", "alarm_id": "a"}, {"alarm_id": None}),
    ("viewing", {"session_id": HASH}, {"session_id": None}),
]
CASES = [*IDS, *ULIDS, *HASHES, *CODES, *WORDS, *COUNTS, *LENGTHS, *MOMENTS, *ALARMS, *OTHERS]

FILLED: dict[str, Row] = {
    "assignment": {"senior_id": "s-wang"},
    "press": {"message_id": "m", "kind": "press", "of_message_id": None, "time_uncertain": False, "late": False},
    "viewing": {"session_id": HASH},
    "seen_message": {"lane": None},
}
"""What a row of a table needs beside a case's own columns, so that no other check refuses it."""


@pytest.fixture(scope="module")
def checks(server_url: str, template: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection to a copy of the migrated database, in which nothing is kept."""
    name = sql.Identifier(f"{template}_checks")
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(name, sql.Identifier(template))
        )
    try:
        with psycopg.connect(server_url, dbname=f"{template}_checks") as conn:
            yield conn
    finally:
        with psycopg.connect(server_url, autocommit=True) as conn:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.mark.parametrize(("table", "right", "wrong"), CASES)
def test_a_wrong_row_is_refused_and_a_right_one_is_not(
    checks: psycopg.Connection[tuple[object, ...]], table: str, right: Row, wrong: Row
) -> None:
    filled = {**FILLED.get(table, {}), **right}
    with checks.transaction(force_rollback=True):
        make_probe(checks, table)
        insert(checks, filled)

        with pytest.raises(psycopg.errors.CheckViolation):
            insert(checks, {**filled, **wrong})


def make_probe(conn: psycopg.Connection[tuple[object, ...]], table: str) -> None:
    """A table with the columns and the checks of another, in which every column may be empty."""
    conn.execute(sql.SQL("CREATE TEMP TABLE probe (LIKE {} INCLUDING CONSTRAINTS)").format(sql.Identifier(table)))
    filled = "SELECT attname FROM pg_attribute WHERE attrelid = 'probe'::regclass AND attnum > 0 AND attnotnull"
    for (column,) in conn.execute(filled).fetchall():
        conn.execute(sql.SQL("ALTER TABLE probe ALTER {} DROP NOT NULL").format(sql.Identifier(str(column))))


def insert(conn: psycopg.Connection[tuple[object, ...]], row: Row) -> None:
    """One row into the probe."""
    columns = sql.SQL(", ").join(map(sql.Identifier, row))
    values = sql.SQL(", ").join(map(sql.Placeholder, row))
    conn.execute(sql.SQL("INSERT INTO probe ({}) VALUES ({})").format(columns, values), row)
