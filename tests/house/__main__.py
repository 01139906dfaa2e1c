"""Who reads and writes whose tables, and what of the house is not as it should be?

python -m tests.house             prints both
python -m tests.house --shrink    takes out of tests/house/allowed.txt what is gone
"""

import asyncio
import sys
import tempfile
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from tests.house import house
from tests.house.owners import Use


def table(uses: Iterable[Use]) -> Iterator[str]:
    """Each table, view and function with its owner, and beneath it everybody else who touches it."""
    for (owner, name), found in groupby(sorted(uses), key=lambda use: (use.owner, use.name)):
        yield f"{owner}.{name}"
        for use in found:
            if use.package != owner:
                yield f"  <- {use.package:14} {use.how:7} {use.where}{f':{use.line}' if use.line else ''}"


def main(arguments: list[str]) -> int:
    """The command described above."""
    with tempfile.TemporaryDirectory() as folder:
        database = asyncio.run(house.database_of(Path(folder)))
    measured, known = house.look(database), house.allowed()
    if arguments == ["--shrink"]:
        house.shrink(measured.findings)
        return 0
    lines = [*table(measured.uses), "", *(f"{one}  (line {one.line})" for one in measured.findings)]
    crossing = sum(use.package != use.owner for use in measured.uses)
    lines += ["", f"{len(measured.uses)} uses, {crossing} of another's; {len(measured.findings)} findings"]
    new, gone = house.new(measured.findings, known), house.gone(measured.findings, known)
    lines += [*(f"NEW: {line}" for line in house.lines_of(new)), *(f"GONE: {line}" for line in house.lines_of(gone))]
    print("\n".join(lines))  # noqa: T201  the result is for whoever runs it
    return 1 if new or gone else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
