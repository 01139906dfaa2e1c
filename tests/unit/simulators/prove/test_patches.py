"""Do the planted bugs still fit the tree? Each is a small patch that names the faults by which it has to be caught."""

import subprocess
from pathlib import Path

import pytest

from simulators.prove.faults import FAULTS
from simulators.prove.judge import PATCHES, PlantedBug, list_patches, read_patch
from simulators.prove.proven_hub import ROOT

BUGS = list_patches()


def test_there_are_enough_of_them() -> None:
    assert len(BUGS) >= 15
    assert len(BUGS) == len(list(PATCHES.iterdir()))


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_applies_to_this_tree_and_says_how_it_is_caught(bug: PlantedBug) -> None:
    applies = subprocess.run(
        ["git", "apply", "--check", str(bug.file)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert applies.returncode == 0, applies.stderr
    assert bug.what.endswith(".")
    assert set(bug.faults.split(",")) <= {fault.name for fault in FAULTS}
    assert 0 < bug.presses <= 300
    assert bug.catches, "a bug is caught as what it breaks: a hub that is slow to come up proves nothing"


def test_only_what_a_bug_breaks_catches_it() -> None:
    bug = next(one for one in BUGS if one.name == "answer-before-commit")

    assert bug.is_caught_by("early: press 0f-1 of b-001 was sent at 1.0")
    assert not bug.is_caught_by("not_up: kill-postgres: the hub was not up within 60 s and was started again")


def test_a_patch_of_somebody_else_gets_faults_of_several_kinds(tmp_path: Path) -> None:
    file = tmp_path / "theirs.patch"
    file.write_text("diff --git a/hub/cli.py b/hub/cli.py\n", "utf-8")

    bug = read_patch(file)

    assert len(bug.faults.split(",")) >= 5
    assert set(bug.faults.split(",")) <= {fault.name for fault in FAULTS}
