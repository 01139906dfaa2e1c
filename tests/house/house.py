"""What of the house is not as it should be, and what is to be done about it?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final

from hub.embedded import postgres
from hub.kit.logins import new_passwords, set_up_logins_async
from tests.house.catalogue import Catalogue, catalogue
from tests.house.owners import OWNERS, ROOT, Finding, Measured, Owners, Problem, measure
from tests.house.shape import long_files, names_with_two_meanings
from tests.house.sources import Sources

WHAT_TO_DO: Final[Mapping[Problem, str]] = {
    "cross-domain write": f"Only the owner ({OWNERS}) writes a table: call a function of its service, which takes an "
    "Edit; in SQL, PERFORM a function of the owner's.",
    "upward read": "A package reads what is its own or stands below it in the stack of .importlinter: read it in the "
    "package above, hand it down as a value, or let the owner write a row (ARCHITECTURE.md, below the table of laws).",
    "no owner": f"Name it in {OWNERS}, under the package that writes it.",
    "owned and not there": f"Take the name out of {OWNERS}, or write it as the database has it.",
    "no such table": "Write the name as a migration has it, or add the migration.",
    "unreadable": "Write the statement as a constant, or compose it of constants with sql.SQL and sql.Identifier; "
    "values are parameters. What cannot be fixed before it runs: tests/house/reasons.py, with its reason.",
    "over 400 lines": "Split it into files that answer one question each; a new file of a domain gets its tier in "
    ".importlinter (CONTRIBUTING.md, how to add a file).",
    "type name with two meanings": "A class, alias or new type means one thing in hub, devices, extension and "
    "simulators: say in one of the names what it is of (AlarmEvent, ChildEvent), or import the one for both.",
}


def look(database: Catalogue, root: Path = ROOT) -> Measured:
    """Everything that the checks find in the tree, and who touches whose tables."""
    measured = measure(Owners.of_the_tree(root), Sources(root), database)
    shape = [*long_files(root), *names_with_two_meanings(root)]
    return Measured(measured.uses, sorted([*measured.findings, *shape]))


async def database_of(folder: Path) -> Catalogue:
    """What a database holds that is migrated from nothing, on a server that lives for this look in `folder`."""
    async with postgres.run_postgres(folder, durable=False) as url:
        await set_up_logins_async(url, new_passwords())
        return catalogue(url)


def explain(findings: Iterable[Finding]) -> Iterator[str]:
    """Each finding with its line, and after those of one kind what is to be done about them."""
    for kind, found in groupby(sorted(findings), key=lambda finding: finding.kind):
        yield from (f"{one}{f' (line {one.line})' if one.line else ''}" for one in found)
        yield f"    {WHAT_TO_DO[kind]}"
