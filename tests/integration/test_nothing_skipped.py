"""A build server that leaves a test out has not tested: the plugin says so, and only there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SKIPS = "import pytest\ndef test_a(): pass\n@pytest.mark.skip(reason='no camera here')\ndef test_b(): pass\n"
SKIPS_ITSELF = "import pytest\npytest.skip('no camera here', allow_module_level=True)\n"
EXPECTED_TO_FAIL = "import pytest\n@pytest.mark.xfail\ndef test_a(): assert False\n"


@pytest.mark.parametrize(
    ("module", "ci", "status"),
    [
        (SKIPS, "true", 1),
        (SKIPS, "", 0),
        (SKIPS_ITSELF, "true", 1),
        (EXPECTED_TO_FAIL, "true", 0),
        ("def test_a(): pass", "true", 0),
    ],
)
def test_what_is_skipped_fails_the_run_of_a_build_server(tmp_path: Path, module: str, ci: str, status: int) -> None:
    (tmp_path / "test_it.py").write_text(module)
    (tmp_path / "test_other.py").write_text("def test_c(): pass")

    answer = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "tests.nothing_skipped",
            "-p",
            "no:cacheprovider",
            "-c",
            os.devnull,
            tmp_path,
        ],
        cwd=ROOT,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert answer.returncode == status, answer.stdout
    assert ("CI=true: nothing may be skipped, and 1 were:" in answer.stdout) == (status == 1)
