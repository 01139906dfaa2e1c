"""A centre's file may be the first that a database of the installation's own hears of Anling."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from hub.embedded import importing


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """A database in which nothing is."""
    name = f"anling_empty_{secrets.token_hex(6)}"
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield make_conninfo(server_url, dbname=name)
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


async def test_a_database_that_was_named_has_its_tables_before_the_first_run(
    tmp_path: Path, empty_database_url: str
) -> None:
    async with importing.database_of(tmp_path, empty_database_url) as url:
        assert await importing.held(url) is None
