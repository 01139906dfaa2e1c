"""What is a mistake, how is it said, and how does a validator name one?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Where in a file: keys and, in lists, numbers from 0."""
MOST_MISTAKES: Final = 100
"""So many are told at once: nobody mends more before she tries again."""
NOT_POSSIBLE: Final = "is not possible here"
"""What is wrong with a value of which only what is right can be said."""
_LONGEST_SHOWN: Final = 60
_ADDRESS: Final = re.compile(r"(\w{1,16}://)(?:\S*@)?([^\s/?#]*)(?:[/?#]\S*)?")
"""No scheme is longer, and a word of a rule file's length must not be looked through once for each of its letters."""
_WITH_PARTS: Final = re.compile(r"(.+?)[:;] (.+)", re.DOTALL)


class FaultPlace(StrEnum):
    """What a fault is about, which decides where it is shown and whether the value that was found is."""

    VALUE = "value"
    """`wrong` goes on from the value that was found: "`horn`" "is not possible here"."""
    WHOLE = "whole"
    """`wrong` is a whole sentence about what stands, or does not stand, at the value's place."""
    KEY = "key"
    """`wrong` is a whole sentence about the key before the value."""


@dataclass(frozen=True, slots=True)
class ValueFault:
    """What is wrong with one value, and what is right; where it stands is for whoever knows the file."""

    wrong: str
    right: str
    about: FaultPlace = FaultPlace.VALUE
    below: Path = ()
    """Which part of the value it is."""
    inside: tuple[int, int] = (1, 1)
    """Line and column inside the value's text, from 1."""


class WrongValue(ValueError):
    """Raised by a validator of pydantic that knows what should stand there."""

    def __init__(self, *faults: ValueFault) -> None:
        super().__init__("; ".join(f"{fault.wrong}; {fault.right}" for fault in faults))
        self.faults = faults


def explain_value_error(error: object) -> tuple[ValueFault, ...]:
    """The faults of a ValueError of a validator: its own, or what its text says.

    A text is what should stand there (`should be …`), or what is wrong and, after a colon, what to do.
    """
    if isinstance(error, WrongValue):
        return error.faults
    text = str(error)
    if not text.startswith("should ") and (parts := _WITH_PARTS.fullmatch(text)):
        return (ValueFault(parts[1], parts[2]),)
    return (ValueFault(NOT_POSSIBLE, text),)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong: where, what, and what to write instead.

    `source` is the file, folder or setting; line and column count from 1, and only files have them.
    """

    source: str
    line: int | None
    column: int | None
    path: str
    wrong: str
    right: str

    def __str__(self) -> str:
        place = "" if self.line is None else f"line {self.line}, column {self.column}"
        said = "; ".join(part for part in (self.wrong, self.right) if part)
        return ": ".join(part for part in (self.source, place, self.path, said) if part)

    @property
    def place(self) -> tuple[str, int, int]:
        """What mistakes are sorted by."""
        return self.source, self.line or 0, self.column or 0


@dataclass
class BadInput(Exception):
    """What a person wrote cannot be used, nothing of it was: the mistakes, by their places, each once."""

    mistakes: tuple[Mistake, ...]
    left_out: int = field(default=0)
    """How many more there are: MOST_MISTAKES are told at once."""

    def __init__(self, mistakes: Iterable[Mistake], left_out: int = 0) -> None:
        found = sorted(dict.fromkeys(mistakes), key=lambda mistake: mistake.place)
        self.mistakes = tuple(found[:MOST_MISTAKES])
        self.left_out = left_out + len(found) - len(self.mistakes)
        super().__init__("\n".join(self.lines))

    @property
    def lines(self) -> list[str]:
        """What to print."""
        more = [f"and {self.left_out} more; mend these first"] if self.left_out else []
        return [*map(str, self.mistakes), *more]


def show_text(text: str) -> str:
    """A text as the person who wrote it recognises it."""
    return f"`{escape_text(text)}`" if text else "an empty text"


def escape_text(text: str) -> str:
    """A text in one line, cut off where it is long. Of an address only scheme and host: the rest may be a secret."""
    shown = make_printable(_ADDRESS.sub(r"\1\2/…", text))
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"


def make_printable(text: str) -> str:
    """A text in one line of characters that can be printed and encoded."""
    return text if text.isprintable() else repr(text)[1:-1]
