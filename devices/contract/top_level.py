"""What stands at the top level of a JSON object or list, although one of its values may be no JSON?

Nothing is called for each level of nesting: 4 KiB of brackets are as harmless as one number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pydantic_core import from_json

_SIGN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|["\[\]{},]', re.DOTALL)
_KEY: Final = re.compile(r'\s*("(?:[^"\\]|\\.)*")\s*:', re.DOTALL)
_CLOSES: Final = {"[": "]", "{": "}"}


def split_object(text: str) -> list[tuple[str, str]] | None:
    """The members of an object as they are written: key and the text of its value. None when it is no object."""
    parts = _split_outermost(text, "{")
    if parts is None:
        return None
    members = [_split_member(part) for part in parts]
    known = [member for member in members if member is not None]
    return known if len(known) == len(members) else None


def split_list(text: str) -> list[str] | None:
    """The texts of a list's entries. None when it is no list."""
    return _split_outermost(text, "[")


def _split_member(part: str) -> tuple[str, str] | None:
    if (found := _KEY.match(part)) is None:
        return None
    try:
        key = from_json(found[1])
    except ValueError:
        return None
    return str(key), part[found.end() :].strip()


def _split_outermost(text: str, opening: str) -> list[str] | None:
    """What stands between the commas of the outermost brackets; a comma before the last bracket ends nothing."""
    text = text.strip()
    if not text.startswith(opening):
        return None
    parts: list[str] = []
    start = 1
    for depth, sign, at in _walk_signs(text):
        if depth == 1 and sign == ",":
            parts.append(text[start:at])
            start = at + 1
        elif depth == 0:
            last = text[start:at]
            return [*parts, last] if last.strip() else parts
    return None


def _walk_signs(text: str) -> Iterator[tuple[int, str, int]]:
    """Each comma and bracket outside of strings, with the depth behind it and its place; nothing behind the end.

    Ends early, without depth 0, where brackets or quotes do not fit together, or more follows the last bracket.
    """
    expected: list[str] = []
    for found in _SIGN.finditer(text):
        sign = found[0]
        if sign == '"':
            return
        if sign in _CLOSES:
            expected.append(_CLOSES[sign])
        elif sign in ("]", "}"):
            if not expected or expected.pop() != sign:
                return
            if not expected and found.end() != len(text):
                return
        elif sign != ",":
            continue
        yield len(expected), sign, found.start()
