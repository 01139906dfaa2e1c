"""Which changes of rows does the database tell those who listen, and with which kind and id?"""

import psycopg
import pytest

from tests.conftest import MORNING
from tests.fakes.house import House
from tests.integration.schema.test_row_level_security import ULID, fill

ALARM = f"a-{ULID}1"
NOW = f"timestamptz '{MORNING.isoformat()}'"
TIMER = f"INSERT INTO alarm_timer VALUES ('i-1', '{ALARM}', 'escalate', {NOW}, 1, {NOW})"
COMMAND = (
    "INSERT INTO device_command (id, device_id, subtopic, payload, made_at, until_at, retry_at) "
    f"VALUES ('c-1', 'b-wang', 'cue', '{{}}', {NOW}, {NOW}, {NOW})"
)
DUE_JOB = f"INSERT INTO due_job VALUES ('j-1', 'jiuquan-road', 'consent-ends', 'con-1', {NOW}, {NOW})"
FINDING = (
    "INSERT INTO finding (centre_id, rule_id, priority, klass, at, summary, params, late, time_uncertain, cleared, "
    f"made_at) VALUES ('jiuquan-road', 'room-hot', 'P2', 'room-hot', {NOW}, '{{}}', '{{}}', false, false, false, {NOW})"
)
SESSION = f"INSERT INTO session VALUES (decode(repeat('00', 32), 'hex'), 'liu', 'staff', {NOW}, {NOW}, {NOW}, {NOW})"


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE senior SET name = name WHERE id = 's-wang'", {"senior:s-wang"}),
        ("UPDATE account SET name = name WHERE id = 'liu'", {"account:liu"}),
        ("UPDATE session SET ended_at = seen_at", {"session:liu"}),
        ("UPDATE relation SET blocked_at = confirmed_at WHERE senior_id = 's-wang'", {"grant:s-wang"}),
        ("UPDATE consent SET ends_at = given_at WHERE id = 'con-wang-daughter-alarms'", {"grant:s-wang"}),
        ("UPDATE veto SET until_at = from_at WHERE senior_id = 's-wang'", {"grant:s-wang"}),
        ("UPDATE device SET state = 'online' WHERE id = 'b-wang'", {"device:b-wang"}),
        ("UPDATE camera_source SET address = address WHERE device_id = 'cam-gym'", {"device:cam-gym"}),
        ("UPDATE assignment SET to_at = NULL WHERE device_id = 'b-li'", {"device:b-li"}),
        ("UPDATE notice SET last_at = raised_at WHERE id = 'n-1'", {"notice:n-1"}),
        ("UPDATE shift SET duty = duty WHERE account_id = 'zhou'", {"shift:zhou"}),
        ("UPDATE visit SET left_at = arrived_at WHERE senior_id = 's-wang'", {"presence:s-wang"}),
        ("UPDATE presence SET evidence = 'meal' WHERE senior_id = 's-wang'", {"presence:s-wang"}),
        ("UPDATE viewing SET started_at = opened_at WHERE room_id = 'gym'", {f"viewing:v-{ULID}1"}),
        (
            f"UPDATE notification SET state = 'queued' WHERE alarm_id = '{ALARM}'",
            {f"notification:{ALARM}", f"alarm:{ALARM}"},
        ),
        (
            f"UPDATE notification SET state = 'taken', taken_at = made_at WHERE alarm_id = '{ALARM}'",
            {f"notification_taken:{ALARM}", f"alarm:{ALARM}"},
        ),
        (TIMER, {f"alarm_timer:{ALARM}"}),
        (DUE_JOB, {"due_job:j-1"}),
        (FINDING, {"finding:1"}),
        (COMMAND, {"device_command:b-wang"}),
        (
            f"{TIMER}; UPDATE alarm SET version = 2 WHERE id = '{ALARM}'",
            {f"alarm_timer:{ALARM}", f"alarm:{ALARM}"},
        ),
    ],
)
def test_a_change_is_told(statement: str, told: set[str], database_url: str, house: House) -> None:
    fill(database_url)

    assert changes_of(database_url, statement) == told


def changes_of(url: str, statement: str) -> set[str]:
    """What a connection that listens hears of its own change, which it hears at its commit."""
    heard: list[str] = []
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(SESSION.encode())
        conn.add_notify_handler(lambda notify: heard.append(notify.payload))
        conn.execute("LISTEN anling")
        conn.execute(statement.encode())
        conn.execute("SELECT 1")
    return set(heard)
