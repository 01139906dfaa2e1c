"""The database's logins in tests: their passwords are known, because several runs may share one server."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hub.embedded import postgres
from hub.kit import logins
from hub.kit.db import Login, conninfo_as
from hub.kit.migrate import OWNER

PASSWORDS: Final[Mapping[str, str]] = dict.fromkeys(logins.WITH_PASSWORD, "of-the-tests")


def set_up(url: str) -> list[str]:
    """Logins and tables in the database of `url`, which names the administrator."""
    return logins.set_up_logins(url, PASSWORDS)


def superuser_of(data_dir: Path) -> str:
    """The own PostgreSQL that runs in this data folder, as its superuser."""
    folder = data_dir / "database"
    password = (folder / "superuser-password").read_text("ascii").strip()
    return conninfo_as(postgres.url_of_running(folder), "anling", password)


def url_as(url: str, login: Login) -> str:
    """The database of `url` as one of our logins."""
    return conninfo_as(url, login, PASSWORDS[login])


def url_as_owner(url: str) -> str:
    """The database of `url` as the owner of its tables."""
    return conninfo_as(url, OWNER, PASSWORDS[OWNER])


def urls_of(url: str) -> dict[Login, str]:
    """The database of `url` as each of our logins."""
    return logins.urls_of(url, PASSWORDS)
