"""What becomes of messages that an older version left, when their states get the standard terms?"""

from datetime import UTC, datetime

import psycopg
import pytest

from hub.kit import migrate as migrations
from tests.fakes import logins

RENAMES = 55
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
BEFORE = {
    "queued": (None, None),
    "retry": (None, None),
    "taken": ("taken_at", None),
    "seen": ("taken_at", None),
    "acted": ("taken_at", None),
    "failed": ("ended_at", "http-410"),
    "dead": ("ended_at", "http-410"),
    "withdrawn": ("ended_at", "http-500"),
}
"""Each old state with the time that it needs and its error."""


def test_messages_of_an_older_version_keep_what_they_mean(empty_database_url: str) -> None:
    wanted = migrations.list_migrations()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            migrations, "list_migrations", lambda: [migration for migration in wanted if migration.number < RENAMES]
        )
        logins.set_up(empty_database_url)
    with psycopg.connect(empty_database_url) as conn:
        conn.execute("SET session_replication_role = replica")  # messages alone, without alarms and people
        for state, (at, error) in BEFORE.items():
            conn.execute(
                "INSERT INTO notification (id, centre_id, alarm_id, n, account_id, contact_method_id, channel, "
                "priority, template, params, state, next_at, made_at, unwanted, error, tries, taken_at, ended_at) "
                "VALUES (%(state)s, 'c', 'a', 1, 'p', %(state)s, 'email', 'P1', 'alarm', '{}', %(state)s, "
                "'2026-11-23Z', '2026-11-23Z', %(unwanted)s, %(error)s, 1, %(taken_at)s, %(ended_at)s)",
                {
                    "state": state,
                    "error": error,
                    "unwanted": state == "withdrawn",
                    "taken_at": MONDAY if at == "taken_at" else None,
                    "ended_at": MONDAY if at == "ended_at" else None,
                },
            )

    logins.set_up(empty_database_url)

    with psycopg.connect(empty_database_url) as conn:
        after = conn.execute("SELECT id, state, error, unwanted FROM notification ORDER BY id").fetchall()
    assert after == [
        ("acted", "answered", None, False),
        ("dead", "dead", "http-410", False),
        ("failed", "refused", "http-410", False),
        ("queued", "queued", None, False),
        ("retry", "queued", None, False),
        ("seen", "read", None, False),
        ("taken", "taken", None, False),
        ("withdrawn", "dead", "withdrawn", True),
    ]
