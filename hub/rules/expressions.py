"""May this CEL expression be used in a rule, and is it true of what was heard?

Expressions are total and cheap: short, at most one comprehension, only names and functions listed here,
no clock, no input and output. Anything that cannot be answered is `UNKNOWN`, never an exception.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import ModuleType

# The package imports its command line, and with it typer, rich and prompt_toolkit: 180 modules in each process that
# starts. An empty module in its place, because nobody here types at it.
sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))

import cel  # noqa: E402 - after the line above

from hub.rules.context import FIELDS, SAMPLE, Variable  # noqa: E402

MOST_CHARACTERS = 500
FUNCTIONS = frozenset(
    {
        "!_", "_&&_", "_||_", "_?_:_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_",
        "_+_", "_-_", "_*_", "_/_", "_%_", "-_", "_[_]", "@in", "@not_strictly_false",
        "size", "contains", "startsWith", "endsWith", "double", "int", "string",
    }
)  # fmt: skip
"""What an expression may call; the operators under the names that the parser gives them."""

_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
_COMPREHENSION = re.compile(r"\.\s*(?:all|exists|exists_one|existsOne|map|filter)\s*\(\s*([A-Za-z_]\w*)?")
_FIELD = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\s*\.\s*([A-Za-z_]\w*)(?!\w*\s*\()")
_V_WITH_WHOLE = re.compile(r"(?<![\w.])v\s*(?:[<>]=?|[=!]=)\s*-?\d+(?![\d.])|(?<![\d.\w])\d+\s*(?:[<>]=?|[=!]=)\s*v\b")
_V_IN_LIST = re.compile(r"(?<![\w.])v\s+in\b")
_POSITION = re.compile(r"<input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)")


class Truth(Enum):
    """The answer of an expression."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"  # a field is missing, or the expression cannot be evaluated


@dataclass(frozen=True, slots=True)
class BadExpression(Exception):
    """An expression that is refused: why, what to write instead, and where (from 1) if the parser knows."""

    what: str
    write: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.what}; {self.write}"


class Expression:
    """A checked expression over the roots it was allowed. Two of the same source are equal."""

    def __init__(self, source: str, roots: frozenset[str]) -> None:
        """Compile and check `source`; raises BadExpression."""
        _check_size(source)
        self.source = source
        self._program = _compile_source(source)
        self._roots = _check_names(self._program, source, roots)
        self._context = cel.Context()
        if self.verdict({root: SAMPLE[root] for root in roots}) is Truth.UNKNOWN:
            raise BadExpression(
                "the expression is neither true nor false when everything is known",
                "compare values of one kind, such as 'v > 32.0' or 'device.kind == \"camera\"'",
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return f"Expression({self.source!r})"

    def verdict(self, variables: Mapping[str, Variable]) -> Truth:
        """Whether it is true of `variables`; a missing variable or field, a wrong type or a number that is
        too large is UNKNOWN, and so is an answer that is neither true nor false.

        One context is kept and only the roots of this expression are set: four times faster than a new dict.
        """
        try:
            for root in self._roots:
                self._context.add_variable(root, variables[root])
            answer = self._program.execute(self._context)
        except (LookupError, TypeError, ValueError, RuntimeError, ArithmeticError):
            return Truth.UNKNOWN
        if answer is True:
            return Truth.TRUE
        if answer is False:
            return Truth.FALSE
        return Truth.UNKNOWN


def _check_size(source: str) -> None:
    if not source.strip():
        raise BadExpression("the expression is empty", "write a condition such as 'v > 32.0'")
    if len(source) > MOST_CHARACTERS:
        raise BadExpression(
            f"the expression has {len(source)} characters",
            f"write at most {MOST_CHARACTERS}, or make two rules of it",
        )
    if len(_COMPREHENSION.findall(_without_strings(source))) > 1:
        raise BadExpression("the expression has more than one comprehension", "keep one of all, exists, map, filter")


def _compile_source(source: str) -> cel.Program:
    try:
        return cel.compile(source)
    except ValueError as error:
        found = _POSITION.search(str(error))
        if found is None:
            raise BadExpression("the expression cannot be read", "write it in CEL, such as 'v > 32.0'") from None
        raise BadExpression(
            f"the expression cannot be read: {found[3]}",
            "write it in CEL, such as 'v > 32.0 && centre.open'",
            line=int(found[1]),
            column=int(found[2]),
        ) from None


def _check_names(program: cel.Program, source: str, roots: frozenset[str]) -> tuple[str, ...]:
    """The roots it reads, each of them allowed, each field known, each function listed."""
    plain = _without_strings(source)
    bound = {name for name in _COMPREHENSION.findall(plain) if name}
    references = program.references()
    for function in references["functions"]:
        if function not in FUNCTIONS:
            raise BadExpression(f"`{function}` cannot be called here", "use comparisons, &&, ||, !, in, size, contains")
    read = set(references["variables"]) | {root for root in roots if re.search(rf"(?<![\w.]){root}\b", plain)}
    for name in sorted(read - roots - bound):
        raise BadExpression(f"`{name}` is not known here", f"use one of {', '.join(sorted(roots))}")
    for found in _FIELD.finditer(plain):
        if found[1] in FIELDS and found[1] not in bound and found[2] not in FIELDS[found[1]]:
            raise BadExpression(
                f"`{found[1]}` has no field `{found[2]}`",
                f"use one of {', '.join(f'{found[1]}.{name}' for name in sorted(FIELDS[found[1]]))}",
                column=_find_column(plain, found.start()),
            )
    if whole := _V_WITH_WHOLE.search(plain) or _V_IN_LIST.search(plain):
        raise BadExpression(
            f"`{whole[0].strip()}` compares the reading with a whole number, which CEL may call unequal",
            "write the number with a decimal point, such as 1.0, and == instead of in",
            column=_find_column(plain, whole.start()),
        )
    return tuple(sorted(read - bound))


def _without_strings(source: str) -> str:
    """The source with the text of its string literals blanked, every character at its place."""
    return _STRING.sub(lambda found: '"' + "_" * (len(found[0]) - 2) + '"', source)


def _find_column(source: str, offset: int) -> int:
    return offset - source.rfind("\n", 0, offset)
