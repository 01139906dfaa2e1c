"""Does the tree keep to the table of owners, and to what it says of itself? See tests/house."""

from collections import Counter
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.house import house
from tests.house.catalogue import Catalogue, catalogue
from tests.house.owners import Measured, Owners


@pytest.fixture(scope="module")
def database(server_url: str, template: str) -> Iterator[Catalogue]:
    """What a database holds that is migrated from nothing."""
    name = f"{template}_looked_at"
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    yield catalogue(make_conninfo(server_url, dbname=name))
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def measured(database: Catalogue) -> Measured:
    return house.look(database)


def test_the_tree_is_as_it_says_of_itself(measured: Measured) -> None:
    assert not measured.findings, "\n".join(["", *house.explain(measured.findings)])


def test_every_owner_is_a_package_of_the_stack(measured: Measured) -> None:
    owners = Owners.of_the_tree()

    assert {owner for owner in owners.packages if not owners.is_below(owner, "web")} == set()


def test_the_statements_of_every_owner_are_seen(measured: Measured) -> None:
    """Each owner's own package touches its tables: a look that saw nothing would find nothing wrong."""
    touched = Counter(use.owner for use in measured.uses if use.how != "calls")

    assert {owner for owner in Owners.of_the_tree().packages if touched[owner] < 2} == set()
