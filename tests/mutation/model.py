"""What is a mutant, and what becomes of it?"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    """Where mutants are drawn from, in equal parts; `schema` and `locks` are taken whole."""

    ACCESS = "access"
    VIDEO_POLICY = "video-policy"
    ALARMS = "alarms"
    PEOPLE = "people"
    LOCKS = "locks"
    SCHEMA = "schema"


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    TIMEOUT = "timeout"
    SURVIVED = "survived"
    EXPLAINED = "explained"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change that a test should notice.

    `key` is stable while lines move: it is made of file, function, original text and change. `where` is for
    people.
    """

    key: str
    group: Group
    where: str


@dataclass(frozen=True, slots=True)
class SourceMutant(Mutant):
    """A file of Python with one place changed: the bytes from `start` to `end` become `replacement`."""

    file: str
    function: str
    start: int
    end: int
    replacement: str


@dataclass(frozen=True, slots=True)
class SchemaMutant(Mutant):
    """A migrated database in which one statement more was executed; `table` is what it is about."""

    table: str
    statement: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one mutant, by how many tests it was looked at, and the test that failed, if one did."""

    mutant: Mutant
    fate: Fate
    tests: int
    by: str = ""


def one_line(text: str) -> str:
    """Source text without its line breaks and indentation, as it stands in a key."""
    return re.sub(r"\s+", " ", text).strip()
