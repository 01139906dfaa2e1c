"""What does a migrated database hold besides rows? Its tables, and what its views, functions, triggers, policies,
checks, defaults, indexes and rules touch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from tests.house.statements import Touched, Unreadable, touched_by, touched_by_plpgsql

NOT_OF_AN_EXTENSION = """
    NOT EXISTS (SELECT FROM pg_depend WHERE pg_depend.objid = {oid} AND pg_depend.deptype = 'e')
"""
TABLES = f"""
    SELECT relname AS name, '' AS definition, relkind::text AS kind
      FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'f') AND NOT relispartition
       AND {NOT_OF_AN_EXTENSION.format(oid="pg_class.oid")}
"""
VIEWS = f"""
    SELECT relname AS name, pg_get_viewdef(oid) AS definition, 'view' AS kind
      FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')
       AND {NOT_OF_AN_EXTENSION.format(oid="pg_class.oid")}
"""
FUNCTIONS = f"""
    SELECT proname AS name, lanname AS kind,
           CASE WHEN lanname = 'plpgsql' OR prosqlbody IS NOT NULL THEN pg_get_functiondef(pg_proc.oid)
                ELSE prosrc END AS definition
      FROM pg_proc
      JOIN pg_language ON pg_language.oid = prolang
     WHERE pronamespace = 'public'::regnamespace AND prokind <> 'a'
       AND {NOT_OF_AN_EXTENSION.format(oid="pg_proc.oid")}
"""
# CREATE CONSTRAINT TRIGGER … FROM says whose the constraint is, as the referring table of a foreign key.
TRIGGERS = f"""
    SELECT coalesce(nullif(tgconstrrelid, 0), tgrelid)::regclass::text AS name, proname AS definition, 'trigger' AS kind
      FROM pg_trigger
      JOIN pg_proc ON pg_proc.oid = tgfoid
     WHERE NOT tgisinternal AND pronamespace = 'public'::regnamespace
       AND {NOT_OF_AN_EXTENSION.format(oid="pg_proc.oid")}
"""
POLICIES = """
    SELECT tablename AS name, concat_ws(', ', qual, with_check) AS definition, 'policy' AS kind
      FROM pg_policies
     WHERE schemaname = 'public'
"""
CHECKS = """
    SELECT conrelid::regclass::text AS name, pg_get_expr(conbin, conrelid) AS definition, 'check' AS kind
      FROM pg_constraint
     WHERE contype = 'c' AND connamespace = 'public'::regnamespace AND conrelid <> 0
"""

# Defaults and what a column is generated from; an index has expressions of its own and a condition.
DEFAULTS = """
    SELECT adrelid::regclass::text AS name, pg_get_expr(adbin, adrelid) AS definition, 'default' AS kind
      FROM pg_attrdef
      JOIN pg_class ON pg_class.oid = adrelid
     WHERE relnamespace = 'public'::regnamespace
"""
INDEXES = """
    SELECT indrelid::regclass::text AS name,
           concat_ws(', ', pg_get_expr(indexprs, indrelid), pg_get_expr(indpred, indrelid)) AS definition,
           'index' AS kind
      FROM pg_index
      JOIN pg_class ON pg_class.oid = indrelid
     WHERE relnamespace = 'public'::regnamespace AND (indexprs IS NOT NULL OR indpred IS NOT NULL)
"""
RULES = """
    SELECT tablename AS name, definition, 'rule' AS kind
      FROM pg_rules
     WHERE schemaname = 'public'
"""

OF_TABLES = (TRIGGERS, POLICIES, CHECKS, DEFAULTS, INDEXES, RULES)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of the database's catalogue."""

    name: str
    definition: str
    kind: str


@dataclass(frozen=True, slots=True)
class Part:
    """What one view, function, trigger, policy, check, default, index or rule touches. `of` is what it belongs to:
    itself, or its table."""

    kind: str
    of: str
    touched: Touched
    dynamic: tuple[str, ...] = ()
    """Pieces that it executes as a text that it puts together."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of a database that is ours."""

    tables: frozenset[str]
    views: frozenset[str]
    functions: frozenset[str]
    parts: tuple[Part, ...]


def catalogue(url: str) -> Catalogue:
    """Look at the database at `url`. Raises Unreadable, with the name of what PostgreSQL's parser does not take."""
    with psycopg.connect(url) as conn:
        tables, views, functions = (_rows(conn, asked) for asked in (TABLES, VIEWS, FUNCTIONS))
        others = [row for asked in OF_TABLES for row in _rows(conn, asked)]
    return Catalogue(
        frozenset(row.name for row in tables),
        frozenset(row.name for row in views),
        frozenset(row.name for row in functions),
        tuple(_parts([*views, *functions, *others])),
    )


def _rows(conn: psycopg.Connection[tuple[object, ...]], asked: str) -> list[Row]:
    with conn.cursor(row_factory=class_row(Row)) as cursor:
        return cursor.execute(f"{asked} ORDER BY 1, 2".encode()).fetchall()


def _parts(rows: list[Row]) -> Iterator[Part]:
    for row in rows:
        try:
            yield _part(row)
        except Unreadable as error:
            raise Unreadable(f"{row.kind} {row.name}: {error}") from error


def _part(row: Row) -> Part:
    match row.kind:
        case "trigger":
            return Part(row.kind, row.name, Touched(calls={row.definition}))
        case "policy" | "check" | "default" | "index":
            return Part(row.kind, row.name, touched_by(f"SELECT {row.definition}"))
        case "plpgsql":
            touched, dynamic = touched_by_plpgsql(row.definition)
            return Part("function", row.name, touched, tuple(dynamic))
        case "sql":
            return Part("function", row.name, touched_by(row.definition))
        case "view" | "rule":
            return Part(row.kind, row.name, touched_by(row.definition))
    raise Unreadable(f"no parser for the language {row.kind}")
