"""What the ledger's entries say, read as an auditor would."""

import json
from typing import TypeAlias

import psycopg
from psycopg import sql

from hub.ledger.model import Chain

Said: TypeAlias = tuple[str, dict[str, str | int | None]]


def entries_of(url: str, chain: Chain = Chain.CARE) -> list[Said]:
    """Kind and params of each entry of a chain, in order."""
    query = sql.SQL("SELECT entry FROM {} ORDER BY n").format(sql.Identifier(f"ledger_{chain.value}"))
    with psycopg.connect(url) as conn:
        read = [json.loads(row[0]) for row in conn.execute(query).fetchall()]
    return [(entry["kind"], entry["params"]) for entry in read]


def person_of(url: str, table: str, row_id: str) -> str:
    """The token that stands in the ledger for this senior (`senior`) or account (`account`)."""
    query = sql.SQL("SELECT person FROM {} WHERE id = %s").format(sql.Identifier(table))
    with psycopg.connect(url) as conn:
        row = conn.execute(query, (row_id,)).fetchone()
    assert row is not None
    return str(row[0])
