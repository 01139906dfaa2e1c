"""Which tables does a SQL statement read and write, and which functions does it call? PostgreSQL's own parser says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from pglast.parser import ParseError, parse_plpgsql_json, parse_sql_json

Node: TypeAlias = "dict[str, Node] | list[Node] | str | int | float | bool | None"
"""A piece of the parse tree, as JSON."""

SYSTEM_SCHEMAS = {"pg_catalog", "information_schema"}
WRITTEN = {"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "CreateStmt", "AlterTableStmt"}
"""The statements whose `relation` is what they change."""
PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?[sbt]")
ASSIGNED = re.compile(r"^[^=]*?:?=", re.DOTALL)
"""The target of an assignment in PL/pgSQL, up to what is assigned."""
ASSIGNMENTS = {3, 4, 5}
EXPRESSION = 2
"""Modes in which PL/pgSQL has its pieces parsed: `RawParseMode` of PostgreSQL."""


class Unreadable(Exception):
    """PostgreSQL's parser does not take this; the text says why."""


@dataclass(slots=True)
class Touched:
    """The tables and views that a piece of SQL reads and writes, the functions it calls, and the tables it
    makes; all by name, without a schema."""

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    makes: set[str] = field(default_factory=set)

    def add(self, other: Touched) -> None:
        """Take in what another piece touches."""
        self.reads |= other.reads
        self.writes |= other.writes
        self.calls |= other.calls
        self.makes |= other.makes


def touched_by(statement: str) -> Touched:
    """What one or more statements in PostgreSQL's own syntax touch; `$1` stands for a parameter.

    Raises Unreadable.
    """
    try:
        parsed: Node = json.loads(parse_sql_json(statement))
    except ParseError as error:
        raise Unreadable(str(error)) from error
    touched = Touched()
    _look(parsed, frozenset(), touched)
    return touched


def without_placeholders(statement: str) -> str:
    """psycopg's `%(name)s` and `%s` as PostgreSQL's `$1`, its `%%` as `%`."""
    names: list[str] = []

    def numbered(match: re.Match[str]) -> str:
        name = match[1] or f" {match.start()}"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return PLACEHOLDER.sub(numbered, statement).replace("%%", "%")


def touched_by_plpgsql(definition: str) -> tuple[Touched, list[str]]:
    """What the body of a function in PL/pgSQL touches, and the pieces that it executes as text that it puts together.

    `definition` is its whole CREATE FUNCTION. Raises Unreadable.
    """
    try:
        parsed: Node = json.loads(parse_plpgsql_json(definition))
    except ParseError as error:
        raise Unreadable(str(error)) from error
    touched = Touched()
    for query, mode in _queries(parsed):
        touched.add(touched_by(_whole(query, mode)))
    return touched, list(_put_together(parsed))


def _whole(query: str, mode: int) -> str:
    """A piece of PL/pgSQL as a statement of its own."""
    if mode in ASSIGNMENTS:
        return f"SELECT {ASSIGNED.sub('', query, count=1)}"
    return f"SELECT {query}" if mode == EXPRESSION else query


def _queries(node: Node) -> Iterator[tuple[str, int]]:
    match node:
        case {"PLpgSQL_expr": {"query": str(query), "parseMode": int(mode)}}:
            yield query, mode
        case {"PLpgSQL_expr": {"query": str(query)}}:
            yield query, 0
        case dict():
            for inner in node.values():
                yield from _queries(inner)
        case list():
            for inner in node:
                yield from _queries(inner)


def _put_together(node: Node) -> Iterator[str]:
    match node:
        case {"PLpgSQL_stmt_dynexecute": {"query": {"PLpgSQL_expr": {"query": str(query)}}}}:
            yield query
        case {"PLpgSQL_stmt_dynfors": {"query": {"PLpgSQL_expr": {"query": str(query)}}}}:
            yield query
            yield from _put_together(_in(node, "PLpgSQL_stmt_dynfors").get("body"))
        case {"dynquery": {"PLpgSQL_expr": {"query": str(query)}}}:
            yield query
        case dict():
            for inner in node.values():
                yield from _put_together(inner)
        case list():
            for inner in node:
                yield from _put_together(inner)


def _look(node: Node, hidden: frozenset[str], touched: Touched) -> None:
    """Collect from a piece of the tree; `hidden` are the names that WITH gives to something else than a table."""
    match node:
        case list():
            for inner in node:
                _look(inner, hidden, touched)
        case dict():
            if isinstance(with_clause := node.get("withClause"), dict):
                hidden = _look_with(with_clause, hidden, touched)
            for kind, inner in node.items():
                if kind != "withClause":
                    _look_one(kind, inner, hidden, touched)


def _look_with(clause: dict[str, Node], hidden: frozenset[str], touched: Touched) -> frozenset[str]:
    """Collect from the queries of a WITH, each of which sees those before it, and all of them when it is recursive.

    Gives the names that are hidden in what follows.
    """
    queries = _items(clause.get("ctes"))
    names = [str(_in(query, "CommonTableExpr").get("ctename")) for query in queries]
    for at, query in enumerate(queries):
        seen = names if clause.get("recursive") else names[:at]
        _look(_in(query, "CommonTableExpr").get("ctequery"), hidden | frozenset(seen), touched)
    return hidden | frozenset(names)


def _look_one(kind: str, node: Node, hidden: frozenset[str], touched: Touched) -> None:
    match kind, node:
        case "RangeVar", {"relname": str()}:
            _read(_as_dict(node), hidden, touched)
        case "FuncCall", {"funcname": list(names)}:
            touched.calls.add(_last(names))
            _look(_as_dict(node), hidden, touched)
        case "CopyStmt", {"relation": {"relname": str(name)}}:
            (touched.writes if _as_dict(node).get("is_from") else touched.reads).add(name)
        case "into" | "intoClause", {"rel": {"relname": str(name)}}:
            touched.writes.add(name)
            touched.makes.add(name)
        case "TruncateStmt", {"relations": list(relations)}:
            touched.writes |= {str(_in(relation, "RangeVar").get("relname")) for relation in relations}
        case "DropStmt", {"objects": list(objects)}:
            touched.writes |= {_last(_items(_in(dropped, "List").get("items"))) for dropped in objects}
        case _, {"relation": {"relname": str(name)}} if kind in WRITTEN:
            touched.writes.add(name)
            if kind == "CreateStmt":
                touched.makes.add(name)
            _look({key: inner for key, inner in _as_dict(node).items() if key != "relation"}, hidden, touched)
        case _:
            _look(node, hidden, touched)


def _read(relation: dict[str, Node], hidden: frozenset[str], touched: Touched) -> None:
    name, schema = str(relation.get("relname")), relation.get("schemaname")
    if schema in SYSTEM_SCHEMAS or (schema is None and (name in hidden or name.startswith("pg_"))):
        return
    touched.reads.add(name)


def _last(names: list[Node]) -> str:
    """The name at the end of a qualified one."""
    return str(_in(names[-1], "String").get("sval")) if names else ""


def _in(node: Node, kind: str) -> dict[str, Node]:
    return _as_dict(_as_dict(node).get(kind))


def _as_dict(node: Node) -> dict[str, Node]:
    return node if isinstance(node, dict) else {}


def _items(node: Node) -> list[Node]:
    return node if isinstance(node, list) else []
