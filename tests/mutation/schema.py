"""Which mutants does a migrated database have? One for each condition of a policy, right, check and trigger."""

import re

import psycopg
from psycopg import sql

from tests.mutation.model import Group, SchemaMutant

Connection = psycopg.Connection[tuple[str, ...]]

POLICIES = """
SELECT tablename, policyname, coalesce(qual, 'true'), coalesce(with_check, 'true')
  FROM pg_policies
 WHERE schemaname = 'public'
 ORDER BY tablename, policyname
"""
CHECKS = """
SELECT conrelid::regclass::text, conname
  FROM pg_constraint
 WHERE contype = 'c' AND connamespace = 'public'::regnamespace AND conparentid = 0 AND coninhcount = 0 AND conrelid <> 0
 ORDER BY 1, 2
"""
TRIGGERS = """
SELECT tgrelid::regclass::text, tgname
  FROM pg_trigger
  JOIN pg_class ON pg_class.oid = tgrelid
 WHERE NOT tgisinternal AND tgparentid = 0 AND relnamespace = 'public'::regnamespace
 ORDER BY 1, 2
"""
RIGHTS = """
SELECT relname, pg_get_userbyid(given.grantee), lower(given.privilege_type)
  FROM pg_class CROSS JOIN LATERAL aclexplode(relacl) AS given
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') AND given.grantee <> relowner
   AND given.grantee <> 0 AND NOT relispartition
 ORDER BY 1, 2, 3
"""
RIGHTS_TO_COLUMNS = """
SELECT relname, pg_get_userbyid(given.grantee), lower(given.privilege_type), string_agg(attname, ', ' ORDER BY attname)
  FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid CROSS JOIN LATERAL aclexplode(attacl) AS given
 WHERE relnamespace = 'public'::regnamespace AND given.grantee <> 0 AND NOT relispartition
 GROUP BY 1, 2, 3
 ORDER BY 1, 2, 3
"""
RIGHTS_TO_FUNCTIONS = """
SELECT pg_proc.oid::regprocedure::text, pg_get_userbyid(given.grantee)
  FROM pg_proc CROSS JOIN LATERAL aclexplode(proacl) AS given
 WHERE pronamespace = 'public'::regnamespace AND given.grantee NOT IN (0, proowner)
 ORDER BY 1, 2
"""
REACHED_THROUGH = """
SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
 UNION ALL
SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'
"""
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"


def find_schema_mutants(url: str) -> list[SchemaMutant]:
    """All mutants of a migrated database, in the order of their keys."""
    with psycopg.connect(url) as conn:
        found = [*_without_policies(conn), *_without_checks(conn), *_without_triggers(conn), *_without_rights(conn)]
    return sorted(found, key=lambda mutant: mutant.key)


def find_related_names(url: str) -> dict[str, frozenset[str]]:
    """For each table its name and those of the functions and views that name it, directly or through another."""
    with psycopg.connect(url) as conn:
        tables = [name for (name,) in conn.execute(TABLES)]
        words = {name: set(re.findall(r"\w+", text)) for name, text in conn.execute(REACHED_THROUGH)}
    related = {}
    for table in tables:
        names = {table}
        while more := {name for name, used in words.items() if used & names} - names:
            names |= more
        related[table] = frozenset(names)
    return related


def execute_as_owner(url: str, statement: str) -> None:
    """Change a database as its administrator does."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(statement.encode())


def _mutant(kind: str, table: str, name: str, statement: sql.Composed, conn: Connection) -> SchemaMutant:
    table = table.strip('"')
    key = f"schema: {kind} {table}.{name}" if name else f"schema: {kind}"
    return SchemaMutant(key, Group.SCHEMA, table, table, statement.as_string(conn))


def _without_policies(conn: Connection) -> list[SchemaMutant]:
    """Each condition that is not `true` becomes it."""
    found = []
    for table, name, using, checked in conn.execute(POLICIES):
        place = [sql.Identifier(name), sql.Identifier(table)]
        if using != "true":
            statement = sql.SQL("ALTER POLICY {} ON {} USING (true)").format(*place)
            found.append(_mutant("row-level security reads all,", table, name, statement, conn))
        if checked != "true":
            statement = sql.SQL("ALTER POLICY {} ON {} WITH CHECK (true)").format(*place)
            found.append(_mutant("row-level security writes all,", table, name, statement, conn))
    return found


def _without_checks(conn: Connection) -> list[SchemaMutant]:
    drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
    return [
        _mutant("no check", table, name, drop.format(sql.Identifier(table.strip('"')), sql.Identifier(name)), conn)
        for table, name in conn.execute(CHECKS)
    ]


def _without_triggers(conn: Connection) -> list[SchemaMutant]:
    drop = sql.SQL("DROP TRIGGER {} ON {}")
    return [
        _mutant("no trigger", table, name, drop.format(sql.Identifier(name), sql.Identifier(table.strip('"'))), conn)
        for table, name in conn.execute(TRIGGERS)
    ]


def _without_rights(conn: Connection) -> list[SchemaMutant]:
    """Each right that is granted is missing."""
    found = []
    for table, role, right in conn.execute(RIGHTS):
        taken = sql.SQL("REVOKE {} ON {} FROM {}").format(sql.SQL(right), sql.Identifier(table), sql.Identifier(role))
        found.append(_mutant(f"{role} may not {right}", table, role, taken, conn))
    for table, role, right, columns in conn.execute(RIGHTS_TO_COLUMNS):
        names = sql.SQL(", ").join(map(sql.Identifier, columns.split(", ")))
        taken = sql.SQL("REVOKE {} ({}) ON {} FROM {}").format(
            sql.SQL(right), names, sql.Identifier(table), sql.Identifier(role)
        )
        found.append(_mutant(f"{role} may not {right} columns of", table, role, taken, conn))
    for function, role in conn.execute(RIGHTS_TO_FUNCTIONS):
        taken = sql.SQL("REVOKE EXECUTE ON FUNCTION {} FROM {}").format(sql.SQL(function), sql.Identifier(role))
        found.append(_mutant(f"{role} may not call", function.partition("(")[0], role, taken, conn))
    return found
