"""Where are the passwords of the database's logins kept, and which process is told which?"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import psycopg
from pydantic import SecretStr

from hub.embedded import secret_files
from hub.kit.db import Login
from hub.kit.logins import WITH_PASSWORD, new_passwords, set_up_logins_async, urls_of
from hub.kit.migrate import MigrationRefused, refuse_unmigrated
from hub.settings import Settings


async def set_up(url: str, data_dir: Path) -> dict[Login, str]:
    """Make the logins and the tables as the administrator that `url` names; the conninfo string of each login.

    Their passwords are random and stay in the data folder. Raises MigrationRefused, psycopg.OperationalError.
    """
    passwords = await asyncio.to_thread(_ensure_passwords, data_dir)
    await set_up_logins_async(url, passwords)
    return urls_of(url, passwords)


async def set_up_if_needed(url: str, data_dir: Path) -> dict[Login, str]:
    """`set_up_logins`, unless the logins of this data folder find tables of this version: nobody else is asked."""
    known = load_login_urls(url, data_dir)
    if known is not None and await asyncio.to_thread(_are_usable, known):
        return known
    return await set_up(url, data_dir)


def load_login_urls(url: str, data_dir: Path) -> dict[Login, str] | None:
    """The conninfo string of each login for the database of `url`, whatever account that names; None before set-up."""
    files = [data_dir / "secrets" / f"database-{login}" for login in Login]
    if not all(file.exists() for file in files):
        return None
    return urls_of(url, {login: file.read_text("ascii").strip() for login, file in zip(Login, files, strict=True)})


def told_to(settings: Settings, urls: Mapping[Login, str], *own: Login) -> Settings:
    """The settings of a process that works as these logins alone; the account that makes them is set-up's."""
    given = {login.field: SecretStr(urls[login]) if login in own else None for login in Login}
    return settings.model_copy(update={"database_url": None, "database_password_file": None, **given})


def save_passwords(data_dir: Path, passwords: Mapping[str, str]) -> None:
    """Keep these passwords, each in a file of mode 0600."""
    for name, password in passwords.items():
        secret_files.write_secret(_password_file(data_dir, name), f"{password}\n")


def _ensure_passwords(data_dir: Path) -> dict[str, str]:
    """Of the owner and of every login, made when missing."""
    missing = {name: word for name, word in new_passwords().items() if not _password_file(data_dir, name).exists()}
    save_passwords(data_dir, missing)
    return {name: _password_file(data_dir, name).read_text("ascii").strip() for name in WITH_PASSWORD}


def _password_file(data_dir: Path, name: str) -> Path:
    return secret_files.folder_of(data_dir) / f"database-{name}"


def _are_usable(urls: Mapping[Login, str]) -> bool:
    try:
        for url in urls.values():
            refuse_unmigrated(url)
    except (psycopg.OperationalError, MigrationRefused):
        return False
    return True
