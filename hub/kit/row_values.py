"""How is a value read that PostgreSQL can store and Python cannot? So that it harms the row that it stands in alone.

psycopg raises for a time that is infinite, before year 1 or after 9999, for an interval that long, and for JSON with a
number of 5,000 digits. It raises while it reads the answer: whoever polls many rows gets none of them, although one is
wrong. Here such a time is the earliest or latest that Python has, and such JSON a value that raises where it is used.
"""

import json
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Generic, TypeVar

from psycopg import AsyncConnection, DataError, postgres
from psycopg.abc import AdaptContext, Buffer
from psycopg.abc import Loader as AnyLoader
from psycopg.adapt import Loader
from psycopg.pq import Format
from psycopg.types.json import set_json_loads

_EARLIEST: Final = (b"-", b"BC")
"""How an infinite or negative value begins, and how a day before year 1 ends, with the pinned DateStyle."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class UnreadableJson:
    """JSON of a row that Python cannot read: it has nothing of a dict or list, so that whoever uses it raises."""


class _ClampingLoader(Loader, Generic[_T]):
    """Loads a value as psycopg does, or as the nearest that Python has."""

    least: _T
    most: _T

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._exact = self.exact_loader()(oid, context)

    @staticmethod
    @abstractmethod
    def exact_loader() -> type[AnyLoader]:
        """The loader of psycopg for this type."""

    def load(self, data: Buffer) -> object:
        try:
            return self._exact.load(data)
        except DataError:
            said = bytes(data)
            return self.least if said.startswith(_EARLIEST[0]) or said.endswith(_EARLIEST[1]) else self.most


def _loader_of(name: str) -> Callable[[], type[AnyLoader]]:
    def exact() -> type[AnyLoader]:
        found = postgres.adapters.get_loader(postgres.types[name].oid, Format.TEXT)
        assert found is not None, f"psycopg reads no {name}"
        return found

    return exact


class _Moments(_ClampingLoader[datetime]):
    least, most = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    exact_loader = staticmethod(_loader_of("timestamptz"))


class _Days(_ClampingLoader[date]):
    least, most = date.min, date.max
    exact_loader = staticmethod(_loader_of("date"))


class _Intervals(_ClampingLoader[timedelta]):
    least, most = timedelta.min, timedelta.max
    exact_loader = staticmethod(_loader_of("interval"))


class _Times(_ClampingLoader[time]):
    """24:00 is the end of a day for PostgreSQL, and no time for Python."""

    least, most = time.min, time.max
    exact_loader = staticmethod(_loader_of("time"))


def read_values_apart(conn: AsyncConnection[object]) -> None:
    """Let no value of a row raise while the rows are read over this connection."""
    for name, loader in (("timestamptz", _Moments), ("date", _Days), ("interval", _Intervals), ("time", _Times)):
        conn.adapters.register_loader(name, loader)
    set_json_loads(_load_json, conn)


def _load_json(stored: str | bytes) -> object:
    try:
        return json.loads(stored)
    except (ValueError, RecursionError):
        return UnreadableJson()
