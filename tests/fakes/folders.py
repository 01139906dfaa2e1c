"""Where does a server of tests keep what is thrown away with it?"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

MEMORY = Path("/dev/shm")
"""Linux's file system in memory."""
ROOM_FOR_SERVERS = 2 << 30
"""Bytes: several times what the servers of one run take together."""


@contextmanager
def quick_folder(tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """A folder that is in memory where there is room, so that nothing waits for a disk: there a test's database is a
    copy of a third of a second, in memory of a few milliseconds."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_FOR_SERVERS:
        with TemporaryDirectory(prefix="anling-test-", dir=MEMORY) as folder:
            yield Path(folder)
    else:
        yield tmp_path_factory.mktemp(name)
