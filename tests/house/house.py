"""What of the house is not as it should be, and what of that is allowed for now?

`allowed.txt` holds what stood when the checks began; there is none when nothing of that is left. It only shrinks:
something new fails, and so does a line for something that is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from hub.embedded import postgres
from hub.kit.logins import new_passwords, set_up_logins_async
from tests.house.catalogue import Catalogue, catalogue
from tests.house.owners import ROOT, Finding, Measured, Owners, measure
from tests.house.shape import long_files, names_with_two_meanings
from tests.house.sources import Sources

ALLOWED = Path(__file__).with_name("allowed.txt")


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


def allowed(file: Path = ALLOWED) -> Counter[str]:
    """How often each finding is allowed; nothing where the file is gone."""
    if not file.exists():
        return Counter()
    lines = [line for line in file.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return Counter(dict(_counted(line) for line in lines))


def new(findings: Iterable[Finding], known: Counter[str]) -> Counter[str]:
    """What is found and not allowed."""
    return _count(findings) - known


def gone(findings: Iterable[Finding], known: Counter[str]) -> Counter[str]:
    """What is allowed and not found any more."""
    return known - _count(findings)


def shrink(findings: Iterable[Finding], file: Path = ALLOWED) -> None:
    """Take out of the file what is gone; nothing is ever added, and when nothing is left the file goes."""
    if not file.exists():
        return
    remarks = [line for line in file.read_text("utf-8").splitlines() if line.startswith("#")]
    left = allowed(file) & _count(findings)
    if left:
        file.write_text("\n".join([*remarks, *lines_of(left)]) + "\n", "utf-8")
    else:
        file.unlink()


def lines_of(counted: Counter[str]) -> Iterator[str]:
    """As they stand in the file: in order, with how often where that is more than once."""
    yield from (f"{key} ×{times}" if times > 1 else key for key, times in sorted(counted.items()))


def _count(findings: Iterable[Finding]) -> Counter[str]:
    return Counter(str(finding) for finding in findings)


def _counted(line: str) -> tuple[str, int]:
    key, _, times = line.rpartition(" ×")
    return (key, int(times)) if key else (line, 1)
