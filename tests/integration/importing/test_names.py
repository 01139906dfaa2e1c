"""Does the database keep what is no name out, and what becomes of names that were there before it did?"""

from importlib.resources import files

import psycopg
import pytest
from psycopg import sql

from hub.kit.lines import find_name_mistake
from tests.fakes.house import House

NAMES = [
    ("organisation", "name"),
    ("organisation", "name_en"),
    ("centre", "name"),
    ("centre", "name_en"),
    ("room", "name"),
    ("room", "name_en"),
    ("senior", "name"),
    ("senior", "address_as"),
    ("senior", "address_as_en"),
    ("device", "name"),
    ("device", "name_en"),
    ("account", "name"),
    ("account", "name_en"),
    ("consent", "witness"),
]
NO_NAMES = [
    "李敏\n（下午）",
    "李\u2028敏",
    "王\u202e奶奶",
    "王\u2066奶奶",
    "a\tb",
    "a\x7fb",
    "a\x85b",
    "",
    " ",
    "\u3000",
    "\u200b",
    "长" * 81,
]


@pytest.mark.parametrize(("table", "column"), NAMES)
def test_what_is_no_name_is_refused_by_the_database(database_url: str, house: House, table: str, column: str) -> None:
    change = sql.SQL("UPDATE {} SET {} = %s").format(sql.Identifier(table), sql.Identifier(column))
    with psycopg.connect(database_url, autocommit=True) as conn:
        for name in NO_NAMES:
            with pytest.raises(psycopg.errors.CheckViolation):
                conn.execute(change, [name])

        assert conn.execute(change, ["王奶奶 👵🏻"]).rowcount > 0


def test_the_database_and_the_import_refuse_the_same_characters(database_url: str, house: House) -> None:
    with psycopg.connect(database_url, autocommit=True) as conn:
        for code in [*range(1, 0x100), *range(0x2000, 0x2070), 0x3000, 0xFEFF]:
            name = f"王{chr(code)}"
            try:
                conn.execute("UPDATE room SET name = %s", [name])
                refused = False
            except psycopg.errors.CheckViolation:
                refused = True
            assert refused == (find_name_mistake(name) is not None), f"U+{code:04X}"


def test_names_of_before_are_cleaned_and_lose_nobody(database_url: str, house: House) -> None:
    with psycopg.connect(database_url) as conn:
        for table, column in NAMES:
            drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
            conn.execute(drop.format(sql.Identifier(table), sql.Identifier(f"{table}_{column}_one_line")))
        conn.execute("UPDATE account SET name = %s WHERE id = %s", ["李敏\r\n（下午）", house.zhou])
        conn.execute("UPDATE account SET name = %s WHERE id = %s", ["长" * 100, house.chen])
        conn.execute("UPDATE account SET name = %s WHERE id = %s", ["\u202e\n", house.liu])
        conn.execute("UPDATE account SET name = %s WHERE id = %s", ["\u3000", house.sun])
        conn.execute("UPDATE senior SET address_as = %s WHERE id = %s", ["王\u202e奶奶", house.wang])

        conn.execute((files("hub") / "migrations" / "0031_names_are_one_line.sql").read_bytes())

        found: dict[str, str] = dict(conn.execute("SELECT id, name FROM account").fetchall())
        called = conn.execute("SELECT address_as FROM senior WHERE id = %s", [house.wang]).fetchone()
    assert found[house.zhou] == "李敏 （下午）"
    assert found[house.chen] == "长" * 80
    assert (found[house.liu], found[house.sun]) == (house.liu, house.sun)
    assert called == ("王 奶奶",)
