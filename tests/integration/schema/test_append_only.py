"""Which rows can nobody change or take away, not even the owner of the tables?"""

import psycopg
import pytest
from psycopg.errors import RestrictViolation

from tests.fakes.house import House
from tests.integration.schema.test_row_level_security import fill

LEDGERS = ("ledger_care", "ledger_access")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM alarm",
        "UPDATE alarm_step SET what = 'accepted'",
        "DELETE FROM alarm_step",
        *(f"TRUNCATE {ledger}" for ledger in LEDGERS),
    ],
)
def test_what_happened_is_kept(statement: str, database_url: str, house: House) -> None:
    fill(database_url)

    with psycopg.connect(database_url) as conn, pytest.raises(RestrictViolation, match="is append-only"):
        conn.execute(statement.encode())


@pytest.mark.parametrize("statement", ["UPDATE {} SET n = n", "DELETE FROM {}"])
@pytest.mark.parametrize("ledger", LEDGERS)
def test_an_entry_of_the_record_is_kept(ledger: str, statement: str, database_url: str, house: House) -> None:
    entry = "INSERT INTO {} VALUES ('jiuquan-road', 1000, '2026-11-23Z', '{{}}', sha256('x'))"

    with psycopg.connect(database_url) as conn:
        conn.execute(entry.format(ledger).encode())
        with pytest.raises(RestrictViolation, match="is append-only"):
            conn.execute(statement.format(ledger).encode())
