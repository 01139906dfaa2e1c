"""Which hub is this? What raised in one may work in another."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

_SOURCES: Final = Path(__file__).parents[2]
_PACKAGES: Final = ("hub", "devices")


@cache
def hub_version() -> str:
    """16 hexadecimal digits of SHA-256 over the sources and migrations of the hub: another one for each change."""
    digest = sha256()
    for package in _PACKAGES:
        for path in sorted((_SOURCES / package).rglob("*")):
            if path.suffix in (".py", ".sql", ".yaml"):
                digest.update(path.relative_to(_SOURCES).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
