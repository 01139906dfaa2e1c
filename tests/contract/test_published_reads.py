"""Do the functions that owners publish for others to read cost nothing? The planner puts them into the statement."""

import psycopg
import pytest
from psycopg import sql

from tests.conftest import MORNING

PUBLISHED = [
    "accepted_alarms",
    "assignments_at",
    "calendar_at",
    "contacts_of_active_accounts",
    "device_assigned_at",
    "open_stays",
    "open_visits",
    "parked_rows_at",
    "present_in_room",
]


def plan_of(conn: psycopg.Connection[tuple[object, ...]], asked: sql.Composed) -> str:
    # Small tables are read whole whatever a statement says; what is asked here is whether it could be otherwise.
    conn.execute("SET LOCAL enable_seqscan = off")
    return "\n".join(str(row[0]) for row in conn.execute(sql.SQL("EXPLAIN {}").format(asked)))


def test_every_function_that_is_published_for_reading_is_looked_at(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        found = conn.execute("""
            SELECT proname
              FROM pg_proc
             WHERE pronamespace = 'public'::regnamespace AND prosqlbody IS NOT NULL AND proretset AND provolatile = 's'
             ORDER BY proname
        """)

        assert [name for (name,) in found] == PUBLISHED


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_function_becomes_part_of_the_statement(database_url: str, name: str) -> None:
    with psycopg.connect(database_url) as conn:
        types = conn.execute("SELECT oidvectortypes(proargtypes) FROM pg_proc WHERE proname = %s", (name,)).fetchone()
        assert types is not None
        arguments = [sql.SQL("NULL::{}").format(sql.SQL(one)) for one in str(types[0]).split(", ") if one]

        plan = plan_of(
            conn, sql.SQL("SELECT * FROM {}({})").format(sql.Identifier(name), sql.SQL(", ").join(arguments))
        )

    assert "Function Scan" not in plan


WRITTEN_OUT = sql.SQL(
    "SELECT device.id, assignment.senior_id, assignment.room_id FROM device LEFT JOIN assignment"
    " ON assignment.device_id = device.id AND assignment.from_at <= {at}"
    " AND (assignment.to_at IS NULL OR assignment.to_at > {at}) WHERE device.id = 'b-01'"
)
PUBLISHED_READ = sql.SQL(
    "SELECT device.id, assignment.senior_id, assignment.room_id FROM device"
    " LEFT JOIN assignments_at({at}) AS assignment ON assignment.device_id = device.id WHERE device.id = 'b-01'"
)


def test_whose_a_device_is_costs_what_the_comparison_cost(database_url: str) -> None:
    at = sql.Literal(MORNING)
    with psycopg.connect(database_url) as conn:
        assert plan_of(conn, PUBLISHED_READ.format(at=at)) == plan_of(conn, WRITTEN_OUT.format(at=at))
