"""Which rules of the centre's own were good last? A copy of their files, for a start at which they are not.

JSON: for each directory its files as `[name, text]`, in order.
"""

from __future__ import annotations

import logging
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from hub.kit.files import replace_private
from hub.rules.files import Directory

log = logging.getLogger(__name__)

_KEPT = TypeAdapter(tuple[Directory, ...])


def save_directories(file: Path, directories: tuple[Directory, ...]) -> None:
    """Keep these in place of what was kept; a disk that does not take them is told to the log."""
    if directories == load_directories(file):
        return
    try:
        replace_private(file, _KEPT.dump_json(directories).decode())
    except OSError as error:
        log.error("the rules in force cannot be kept for the next start in %s: %s", file, error)


def load_directories(file: Path) -> tuple[Directory, ...]:
    """What is kept; nothing when there is nothing that can be read."""
    try:
        return _KEPT.validate_json(file.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError) as error:
        log.error("the rules kept in %s cannot be read (%s)", file, type(error).__name__)
        return ()
