"""What happens to a run of the tests on a machine that lacks a tool: left out at home, a failure on a build server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("ci", "ran"), [("true", False), ("", True)])
def test_a_build_server_that_lacks_a_tool_fails_and_runs_nothing(tmp_path: Path, ci: str, ran: bool) -> None:
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\n")
    node.chmod(0o755)

    answer = subprocess.run(
        [sys.executable, "-m", "tests.run", "test", "tests/unit/test_what_runs.py", "-k", "empty_machine"],
        cwd=ROOT,
        env={**os.environ, "CI": ci, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "Not installed: chromium." in answer.stdout
    assert ("1 passed" in answer.stdout) == ran
    assert answer.returncode == (0 if ran else 1)
    assert ("CI=true: every test has to run" in answer.stdout) == (not ran)
