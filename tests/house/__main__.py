"""Who reads and writes whose tables, and what of the house is not as it should be?

python -m tests.house    prints both, with what to do; ends with 1 when there is something
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


def main() -> int:
    """The command described above."""
    with tempfile.TemporaryDirectory() as folder:
        database = asyncio.run(house.database_of(Path(folder)))
    measured = house.look(database)
    crossing = sum(use.package != use.owner for use in measured.uses)
    lines = [*table(measured.uses), "", *house.explain(measured.findings)]
    lines += ["", f"{len(measured.uses)} uses, {crossing} of another's; {len(measured.findings)} findings"]
    print("\n".join(lines))  # noqa: T201  the result is for whoever runs it
    return 1 if measured.findings else 0


if __name__ == "__main__":
    sys.exit(main())
