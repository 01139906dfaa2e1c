"""The commands of a person at the terminal, on the database of a test, with the clock that stands at MORNING."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from typer.testing import CliRunner

from hub.cli import app
from hub.embedded.logins import save_passwords
from hub.kit.clock import SystemClock
from tests.conftest import MORNING
from tests.fakes.house import House
from tests.fakes.logins import PASSWORDS


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def links(self) -> list[str]:
        """The tokens of the links it printed."""
        return re.findall(r"^http://localhost:8080/\S*#\S*?i/(\S+)$", self.out, re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Terminal:
    """`./anling COMMAND …` in the small centre."""

    url: str
    clock_file: Path

    def __call__(self, *command: str) -> Said:
        environment = {
            "ANLING_DATABASE_URL": as_setting(self.url),
            "ANLING_CLOCK_FILE": str(self.clock_file),
            "ANLING_DATA_DIR": str(self.clock_file.parent / "data"),
        }
        answer = CliRunner().invoke(app, command, env=environment, catch_exceptions=False)
        return Said(answer.exit_code, answer.stdout, answer.stderr)

    def wind_to(self, now: datetime) -> None:
        """Let it be this time, within a second."""
        self.clock_file.write_text(str((now - SystemClock().now()).total_seconds()), "ascii")

    def rows(self, statement: str, *values: object) -> list[TupleRow]:
        with psycopg.connect(self.url) as conn:
            return conn.execute(statement.encode(), values).fetchall()

    def write(self, statement: str, *values: object) -> None:
        with psycopg.connect(self.url) as conn:
            conn.execute(statement.encode(), values)


def as_setting(url: str) -> str:
    """A URL of libpq, whatever form the address has."""
    parts = conninfo_to_dict(url)
    return f"postgresql:///{parts.pop('dbname')}?{urlencode(parts)}"


@pytest.fixture
def anling(database_url: str, house: House, tmp_path: Path) -> Terminal:
    """A terminal in the small centre, at MORNING."""
    terminal = _terminal(database_url, tmp_path)
    terminal.wind_to(MORNING)
    return terminal


@pytest.fixture
def later(anling: Terminal) -> Callable[[timedelta], None]:
    """Let time pass after MORNING."""
    return lambda by: anling.wind_to(MORNING + by)


@pytest.fixture
def empty_centre(database_url: str, tmp_path: Path) -> Terminal:
    """A terminal where no centre was imported yet."""
    return _terminal(database_url, tmp_path)


def _terminal(database_url: str, folder: Path) -> Terminal:
    """A terminal whose data folder knows the logins of the tests: a set-up of its own would give them new passwords."""
    save_passwords(folder / "data", PASSWORDS)
    return Terminal(database_url, folder / "clock")
