"""What do the processes say? One file of lines for each, which never grows without bound."""

from contextlib import suppress
from pathlib import Path
from typing import Final

_LOG_BYTES: Final = 5_000_000
_LOGS_KEPT: Final = 2


class ChildLog:
    """A file of lines that never grows beyond a bound: a full one is moved to `.1`, that one to `.2`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab")

    def write(self, line: str) -> None:
        """Append a line. A full disk loses lines of a log; it must not stop the hub."""
        with suppress(OSError):
            if self._file.closed:
                self._file = self._path.open("ab")
            self._file.write(line.encode() + b"\n")
            self._file.flush()
            if self._file.tell() > _LOG_BYTES:
                self._rotate()

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()

    def _rotate(self) -> None:
        self._file.close()
        names = [self._path, *(self._path.with_name(f"{self._path.name}.{n}") for n in range(1, _LOGS_KEPT + 1))]
        for older, newer in reversed(list(zip(names[1:], names, strict=False))):
            if newer.exists():
                newer.replace(older)
