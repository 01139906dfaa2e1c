"""Which changes of a piece of Python does a good test notice? Each operator gives the nodes it would write instead."""

import ast
import copy
import re
from collections.abc import Iterator

OTHER_COMPARISON: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
OTHER_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
OTHER_FUNCTION = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}
OTHER_UNIT = {"seconds": "minutes", "minutes": "seconds", "hours": "minutes", "days": "hours"}
NEVER_RUNS = frozenset({"assert_never"})
SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE)\b")
_COMPARED = r"[\w.]+\s*(?:=|<>|<=|>=|<|>)\s*(?:%\(\w+\)s|'[^']*'|[\w.]+(?![\w.(]))"
_CONDITION = rf"(?:{_COMPARED}|[\w.]+\s+IS\s+(?:NOT\s+)?NULL|(?:NOT\s+)?[\w.]+(?=\s+(?:AND|ORDER|FOR|LIMIT)\b))"
DROPPED_IN_SQL = (
    re.compile(rf"\s+AND\s+{_CONDITION}"),
    re.compile(rf"(?<=WHERE)\s+{_CONDITION}\s+AND\b"),
    re.compile(r"\s+FOR (?:NO KEY )?UPDATE(?: OF \w+)?(?: SKIP LOCKED| NOWAIT)?\b"),
    re.compile(r"\s+SKIP LOCKED\b"),
)

Change = tuple[str, str]
"""The name of a change, and what is written instead of the node."""


def changes_of_expression(node: ast.expr) -> Iterator[Change]:
    """What may be written instead of an expression."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in OTHER_COMPARISON:
            yield "compare", _written(node, ops=[OTHER_COMPARISON[type(op)]()])
        case ast.BoolOp(op=op, values=values):
            yield "and-or", _written(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
            for at in range(len(values)):
                left = values[:at] + values[at + 1 :]
                yield f"without-{at + 1}", _written(node, values=left) if len(left) > 1 else f"({ast.unparse(left[0])})"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "without-not", f"({ast.unparse(operand)})"
        case ast.BinOp(op=op) if type(op) in OTHER_ARITHMETIC and not _is_text(node):
            yield "arithmetic", _written(node, op=OTHER_ARITHMETIC[type(op)]())
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield "swapped", _written(node, test=test, body=orelse, orelse=body)
        case ast.Call(func=ast.Name(id=name), args=args):
            yield from _changes_of_call(node, name, args)
        case ast.Constant(value=bool() as value):
            yield "constant", repr(not value)
        case ast.Constant(value=int() | float() as value):
            yield "constant", repr(value + 1)


def _changes_of_call(node: ast.Call, name: str, args: list[ast.expr]) -> Iterator[Change]:
    if name in OTHER_FUNCTION and args:
        called = ast.Name(OTHER_FUNCTION[name])
        keywords = [] if name == "sorted" else node.keywords
        yield "function", ast.unparse(ast.Call(func=called, args=args, keywords=keywords))
    if name == "timedelta":
        for at, keyword in enumerate(node.keywords):
            if keyword.arg in OTHER_UNIT:
                changed = ast.keyword(arg=OTHER_UNIT[keyword.arg], value=keyword.value)
                yield "unit", _written(node, keywords=[*node.keywords[:at], changed, *node.keywords[at + 1 :]])


def changes_of_condition(test: ast.expr) -> Iterator[Change]:
    """What may be written instead of the condition of an `if` or a comprehension that no other operator turns round."""
    if not isinstance(test, ast.Compare | ast.UnaryOp):
        yield "negated", f"(not ({ast.unparse(test)}))"


def changes_of_statement(statement: ast.stmt) -> Iterator[Change]:
    """What may be written instead of a whole statement."""
    match statement:
        case ast.Expr(value=ast.Call() | ast.Await()) if not _is_telling(statement):
            yield "dropped", "pass"
        case ast.AugAssign() | ast.Raise() | ast.Delete():
            yield "dropped", "pass"


def changes_of_body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[ast.stmt, Change]]:
    """A function that may give nothing and returns at once."""
    body = [each for each in function.body if not _is_docstring(each)]
    may_give_nothing = function.returns is not None and ast.unparse(function.returns).endswith("None")
    is_a_generator = any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function))
    if may_give_nothing and body and not is_a_generator:
        yield body[0], ("returned-early", "return None")


def changes_of_sql(text: str) -> Iterator[Change]:
    """Statements of SQL without one of their simple conditions, or without their row locks.

    `text` is the source of a string. What a condition compares with has to be a name, a parameter or a literal.
    """
    if SQL.search(text):
        for pattern in DROPPED_IN_SQL:
            for match in pattern.finditer(text):
                yield f"without {' '.join(match[0].split())}", text[: match.start()] + text[match.end() :]


def _written(node: ast.expr, **changed: object) -> str:
    """The source of a copy of the node with other fields, in brackets."""
    other = copy.copy(node)
    for name, value in changed.items():
        setattr(other, name, value)
    return f"({ast.unparse(other)})"


def _is_text(node: ast.BinOp) -> bool:
    """One side is a text, which cannot be subtracted."""
    return any(
        isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )


def _is_telling(statement: ast.Expr) -> bool:
    """A line for the log, or a call that type checking proves away: no test is asked for either."""
    value = statement.value.value if isinstance(statement.value, ast.Await) else statement.value
    match value:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name))):
            return name in ("_log", "log", "logger")
        case ast.Call(func=ast.Name(id=name)):
            return name in NEVER_RUNS
    return False


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
