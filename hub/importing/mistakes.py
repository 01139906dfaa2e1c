"""What is wrong with a centre's file, and where?"""

from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Where in the file: names and, in lists, numbers from 0."""
_LONGEST_SHOWN: Final = 60


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing that cannot be imported; line and column count from 1."""

    line: int
    column: int
    where: str
    wrong: str

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"line {self.line}, column {self.column}: {place}{self.wrong}"


class BadCentreFile(Exception):
    """Nothing was imported; every mistake that could be found."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in sorted(mistakes)))
        self.mistakes = sorted(mistakes)


def shorten_value(value: object) -> str:
    """A value as a person who reads her file recognises it, of whatever size it is."""
    match value:
        case list():
            return "a list"
        case dict():
            return "named entries"
        case date():
            return value.isoformat()
        case _:
            shown = repr(value)
            return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"


def describe_no_date(value: str) -> str:
    """What is said of a value that should be a day."""
    return f"{value} is no date: write it as 1941-03-08"


def escape_of(character: str) -> str:
    """How a character that cannot be shown is written."""
    return f"\\x{ord(character):02x}"
