"""Is the data folder there, for this account alone, and with room for what is to come?"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NoDataFolder(Exception):
    """The data folder is of no use; one line says why and what to do."""


@contextmanager
def open_data_folder(folder: Path, *, needed_bytes: int = 0) -> Iterator[None]:
    """`folder`, made for this account alone when it is not there, for a block that writes into it.

    Raises NoDataFolder, also when the block itself meets a full disk or a lost permission in there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        free = shutil.disk_usage(folder).free
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
    except OSError as error:
        raise NoDataFolder(_describe_not_writable(folder, error)) from error
    if free < needed_bytes:
        raise NoDataFolder(
            f"the disk of {folder} has {free // 1_000_000} MB free and {needed_bytes // 1_000_000} MB are "
            "needed: make room, or set ANLING_DATA_DIR to another disk"
        )
    try:
        yield
    except PermissionError as error:
        if not _is_error_in_folder(folder, error):
            raise
        raise NoDataFolder(_describe_not_writable(folder, error)) from error
    except OSError as error:
        if error.errno != errno.ENOSPC or not _is_error_in_folder(folder, error):
            raise
        raise NoDataFolder(f"the disk of {folder} is full: make room and try again") from error


def _is_error_in_folder(folder: Path, error: OSError) -> bool:
    """Whether the system refused something in there; what has no name is taken for it."""
    return not isinstance(error.filename, str) or folder.resolve() in Path(error.filename).resolve().parents


def _describe_not_writable(folder: Path, error: OSError) -> str:
    return f"ANLING_DATA_DIR={str(folder)!r}: should be a folder that this account can write ({error.strerror})"
