"""Does the tree keep to the table of owners, and to what it says of itself? See tests/house."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.house import house
from tests.house.catalogue import Catalogue, catalogue
from tests.house.owners import OWNERS, ROOT, Measured, Owners, measure, stack_of_the_hub
from tests.house.sources import Sources


@contextmanager
def open_copy(server_url: str, template: str, name: str) -> Iterator[str]:
    """The URL of a database that is migrated from nothing."""
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    yield make_conninfo(server_url, dbname=name)
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def database(server_url: str, template: str) -> Iterator[Catalogue]:
    """What a database holds that is migrated from nothing."""
    with open_copy(server_url, template, f"{template}_looked_at") as url:
        yield catalogue(url)


@pytest.fixture(scope="module")
def measured(database: Catalogue) -> Measured:
    return house.look(database)


def test_the_tree_is_as_it_says_of_itself(measured: Measured) -> None:
    assert not measured.findings, "\n".join(["", *house.explain(measured.findings)])


CROSSES_IN_THE_DATABASE = """
    CREATE TRIGGER t BEFORE UPDATE ON senior FOR EACH ROW EXECUTE FUNCTION alarm_moves();
    CREATE POLICY p ON senior USING (EXISTS (SELECT FROM viewing));
    CREATE FUNCTION of_the_alarms(text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
    ALTER TABLE senior ADD CHECK (of_the_alarms(name) = 1);
    ALTER TABLE senior ADD COLUMN n int DEFAULT of_the_alarms('');
    CREATE INDEX ON senior (id) WHERE of_the_alarms(name) = 1;
    CREATE RULE r AS ON DELETE TO veto DO ALSO DELETE FROM alarm;
"""
"""What a table can have that reads or writes beside its rows: each here of the people, and up into another's."""


def test_whatever_a_table_has_is_looked_at(server_url: str, template: str) -> None:
    owners = Owners(
        (ROOT / OWNERS).read_text("utf-8").replace('"alarm_moves"', '"alarm_moves", "of_the_alarms"'),
        stack_of_the_hub(),
    )
    with open_copy(server_url, template, f"{template}_crossed") as url:
        with psycopg.connect(url) as conn:
            conn.execute(CROSSES_IN_THE_DATABASE)
        found = measure(owners, Sources(ROOT, ()), catalogue(url)).findings

    assert [str(one) for one in found] == [
        "cross-domain write: rule veto: alarm",
        "upward read: check senior: of_the_alarms",
        "upward read: default senior: of_the_alarms",
        "upward read: index senior: of_the_alarms",
        "upward read: policy senior: viewing",
        "upward read: trigger senior: alarm_moves",
    ]


def test_every_owner_is_a_package_of_the_stack(measured: Measured) -> None:
    owners = Owners.of_the_tree()

    assert {owner for owner in owners.packages if not owners.is_below(owner, "web")} == set()


def test_the_statements_of_every_owner_are_seen(measured: Measured) -> None:
    """Each owner's own package touches its tables: a look that saw nothing would find nothing wrong."""
    touched = Counter(use.owner for use in measured.uses if use.how != "calls")

    assert {owner for owner in Owners.of_the_tree().packages if touched[owner] < 2} == set()
