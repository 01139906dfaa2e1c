"""What each login may do with each table, read from a database: `SELECT` as r, `INSERT` i, `UPDATE` u, `DELETE` d.

A letter in brackets holds for some columns only. `python -m tests.fakes.rights` prints the table of an own database.
"""

import asyncio
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psycopg

from hub.embedded import postgres
from hub.kit.db import Login
from hub.kit.logins import new_passwords, set_up_logins_async

_RIGHTS: Final = """
    SELECT relname, login,
           (SELECT string_agg(
                     CASE WHEN has_table_privilege(login, relation.oid, verb) THEN letter
                          WHEN n <= 3 AND has_any_column_privilege(login, relation.oid, verb) THEN '(' || letter || ')'
                          ELSE '' END, '' ORDER BY n)
              FROM (VALUES (1, 'SELECT', 'r'), (2, 'INSERT', 'i'), (3, 'UPDATE', 'u'), (4, 'DELETE', 'd'),
                           (5, 'TRUNCATE', 't'), (6, 'REFERENCES', 'f'), (7, 'TRIGGER', 'g')) AS verb (n, verb, letter))
      FROM pg_class AS relation
     CROSS JOIN unnest(%s::text[]) AS login
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT relispartition
"""


def rights_in(url: str) -> dict[str, dict[str, str]]:
    """Table to login to letters, without what nobody may touch."""
    found: dict[str, dict[str, str]] = {}
    with psycopg.connect(url) as conn:
        for table, login, letters in conn.execute(_RIGHTS.encode(), (list(Login),)):
            if letters and not re.search(r"_seq$", table):
                found.setdefault(table, {})[login] = letters
    return found


def format_table(rights: dict[str, dict[str, str]]) -> str:
    """A line for each table, a column for each login."""
    head = f"{'':19} {'alarms':8} {'telemetry':9} {'pages_read':10} pages_write"
    lines = [
        f"{table:19} {row.get(Login.ALARMS, '-'):8} {row.get(Login.TELEMETRY, '-'):9} "
        f"{row.get(Login.PAGES_READ, '-'):10} {row.get(Login.PAGES_WRITE, '-')}"
        for table, row in sorted(rights.items())
    ]
    return "\n".join([head, *lines]) + "\n"


async def _print_rights() -> None:
    with TemporaryDirectory() as folder:
        async with postgres.run_postgres(Path(folder), durable=False) as url:
            await set_up_logins_async(url, new_passwords())
            print(format_table(rights_in(url)), end="")  # noqa: T201 - what it is for


if __name__ == "__main__":
    asyncio.run(_print_rights())
