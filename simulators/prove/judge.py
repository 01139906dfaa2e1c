"""Does the prover notice a bug? `./anling prove judge`: planted ones, each in a copy of the tree, each to be caught.

A bug is a patch file in `simulators/prove/patches`: a line that says what it is, the faults and presses with which
`noloss` has to catch it (`Faults:`, `Presses:`), as what (`Catches:`, keys of its findings), and the diff. The tree
itself is never touched.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulators.prove.noloss import CI, Budget, choose_faults, prove_noloss
from simulators.prove.proven_hub import ROOT, HubEnded, Tree
from simulators.prove.waiting import NotWithin

PATCHES: Final = Path(__file__).with_name("patches")
_PACKAGES: Final = ("hub", "devices", "extension", "simulators")
_OF_A_STRANGER: Final = (
    "kill-alarm-path,kill-postgres,stop-postgres,line-cut,poison-policy,provider-hanging,clock-step-back"
)
_PRESSES: Final = 150


@dataclass(frozen=True, slots=True)
class PlantedBug:
    """A patch, and with what it has to be caught."""

    name: str
    what: str
    faults: str
    presses: int
    file: Path
    catches: frozenset[str] = frozenset()
    """The keys of the findings that count; empty: every one."""

    def is_caught_by(self, finding: str) -> bool:
        """Whether this line of the prover is about what the bug breaks."""
        return not self.catches or finding.partition(":")[0] in self.catches


class DoesNotApply(Exception):
    """The patch does not fit this tree any more; the message is git's."""


def read_patch(file: Path) -> PlantedBug:
    """A patch file; one of somebody else's without our lines gets faults of several kinds."""
    text = file.read_text("utf-8")
    head = text.partition("diff --git")[0]
    faults = re.search(r"^Faults: (.+)$", head, re.MULTILINE)
    presses = re.search(r"^Presses: (\d+)$", head, re.MULTILINE)
    catches = re.search(r"^Catches: (.+)$", head, re.MULTILINE)
    return PlantedBug(
        file.stem,
        head.partition("\n")[0].strip(),
        faults[1] if faults else _OF_A_STRANGER,
        int(presses[1]) if presses else _PRESSES,
        file,
        frozenset(catches[1].split(", ")) if catches else frozenset(),
    )


def list_patches() -> list[PlantedBug]:
    """Every planted bug, by name."""
    return [read_patch(file) for file in sorted(PATCHES.glob("*.patch"))]


@contextmanager
def copied_tree() -> Iterator[Tree]:
    """A copy of the sources with a Python of its own, which finds the installed packages of this one."""
    with tempfile.TemporaryDirectory(prefix="prove-tree-") as folder:
        root = Path(folder)
        for package in _PACKAGES:
            shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root / ".venv")], check=True)
        packages = next((root / ".venv" / "lib").glob("python*/site-packages"))
        (packages / "tree.pth").write_text(f"{root}\n{sysconfig.get_path('purelib')}\n", "utf-8")
        yield Tree(root, str(root / ".venv" / "bin" / "python"))


def apply_patch(patch: Path, root: Path) -> None:
    """Apply it to the copy. Raises DoesNotApply."""
    applied = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", str(patch.resolve())],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if applied.returncode:
        raise DoesNotApply(applied.stderr.strip())


def try_bug(bug: PlantedBug, broker: str = "builtin") -> list[str]:
    """What the prover has found wrong with the bug in the tree; nothing: it was missed. Raises DoesNotApply."""
    with copied_tree() as tree:
        apply_patch(bug.file, tree.root)
        budget = Budget(bug.presses, 1, "builtin", choose_faults(bug.faults, broker), CI, tree)
        try:
            found = prove_noloss(budget)["findings"]
        except (HubEnded, NotWithin, RuntimeError) as error:
            found = [f"not_up: the hub does not come up: {error}"]
    return [line for line in map(str, found) if bug.is_caught_by(line)] if isinstance(found, list) else []


def main(arguments: list[str]) -> int:
    """`./anling prove judge`; 1 when a bug was missed, or does not apply."""
    parser = argparse.ArgumentParser(prog="anling prove judge", description=__doc__.splitlines()[0])
    parser.add_argument("--patch", type=Path, help="this patch alone, of whoever")
    parser.add_argument("--only", default="", help="names of planted bugs, with commas between them")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    given = parser.parse_args(arguments)
    names = [name for name in given.only.split(",") if name]
    planted = [read_patch(given.patch)] if given.patch else list_patches()
    bugs = [bug for bug in planted if not names or bug.name in names]
    caught, missed = {}, {}
    for bug in bugs:
        sys.stderr.write(f"{bug.name}: {bug.what}\n")
        try:
            found = try_bug(bug)
        except DoesNotApply as error:
            missed[bug.name] = f"does not apply: {error}"
            continue
        if found:
            caught[bug.name] = found[0]
        else:
            missed[bug.name] = "nothing was found"
        sys.stderr.write(f"  {'caught: ' + found[0] if found else 'MISSED'}\n")
    result = {"planted": len(bugs), "caught": len(caught), "missed": sorted(missed)}
    details = {**result, "details": {**caught, **missed}}
    sys.stdout.write(json.dumps(details, ensure_ascii=False, indent=2) + "\n" if given.json else f"{result}\n")
    return 1 if missed else 0
