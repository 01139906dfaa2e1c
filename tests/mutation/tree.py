"""Where are mutants tried? In copies of this tree in a temporary folder, never in the tree itself."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.mutation.model import SourceMutant

NOT_COPIED = shutil.ignore_patterns(
    *(".git", ".venv", ".cache", ".hypothesis", ".ruff_cache", ".anling*", "node_modules", "__pycache__", "dashboard"),
)


def copy_tree(root: Path, to: Path) -> Path:
    """A copy of what tests of Python need."""
    shutil.copytree(root, to, ignore=NOT_COPIED)
    return to


@contextmanager
def mutated(tree: Path, mutant: SourceMutant) -> Iterator[None]:
    """The copy with the mutant in it, for as long as the block lasts."""
    path = tree / mutant.file
    original, status = path.read_bytes(), path.stat()
    path.write_bytes(original[: mutant.start] + mutant.replacement.encode() + original[mutant.end :])
    # Compiled files are told apart by size and time in seconds: each mutant is of a time of its own.
    os.utime(path, (status.st_atime, status.st_mtime + 2 + mutant.start))
    try:
        yield
    finally:
        path.write_bytes(original)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
