"""The launcher on machines that lack something: one clear message, nothing half done, and the next call goes on."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hub.embedded import child

ROOT = Path(__file__).resolve().parents[2]
NOBODY_LISTENS = "http://someone:secret@127.0.0.1:1/simple"
WITHOUT_PIP = """
import runpy, sys
sys.modules['ensurepip'] = sys.modules['pip'] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What the launcher needs of this tree, and nothing that was installed."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in ("anling", "pyproject.toml"):
        shutil.copy2(ROOT / name, folder / name)
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    return folder


def start(clone: Path, *python: str, **environment: str) -> subprocess.Popen[str]:
    """Call the launcher, without the rights of root; `python` stands between the interpreter and the launcher."""
    # Neither a registry nor a folder of packages that this machine is set up for.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    program = (sys.executable, *python, str(clone / "anling"), "demo")
    return subprocess.Popen(
        child.wrap_command(program, parent=os.getpid(), unprivileged=True),
        env={**kept, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1", **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


def call(clone: Path, *python: str, **environment: str) -> tuple[int, str]:
    """Call the launcher and wait for it; gives its exit status and what it told."""
    with start(clone, *python, **environment) as launcher:
        _, told = launcher.communicate(timeout=100)
    return launcher.returncode, told


def test_a_registry_that_does_not_answer_is_one_clear_message_and_leaves_no_stamp(clone: Path) -> None:
    status, told = call(clone, PIP_INDEX_URL=NOBODY_LISTENS)

    last = told.rstrip().splitlines()[-1]
    assert status == 1
    assert last.startswith("Could not install uv: the Python package registry (http://127.0.0.1:1/simple) cannot be")
    assert "PIP_INDEX_URL=https://your-mirror/simple" in last
    assert "secret" not in told
    assert "Traceback" not in told
    assert not (clone / ".venv" / "anling-setup.json").exists()


def test_a_python_without_the_means_to_make_environments_names_the_package(clone: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"

    status, told = call(clone, "-c", WITHOUT_PIP, PATH="/nowhere")

    assert status == 1
    assert f"sudo apt install python{version}-venv" in told
    assert not (clone / ".venv").exists()


def test_a_folder_that_cannot_be_written_is_named(clone: Path) -> None:
    clone.chmod(0o555)

    status, told = call(clone)

    clone.chmod(0o755)
    assert status == 1
    assert (
        told.strip() == f"Cannot write in {clone}, into which the set-up installs. Make it yours, or clone elsewhere."
    )


def test_a_second_call_waits_for_the_first(clone: Path) -> None:
    (clone / ".cache").mkdir()
    with (clone / ".cache" / "setup.lock").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        with start(clone, PIP_INDEX_URL=NOBODY_LISTENS) as second:
            assert second.stderr is not None
            assert second.stderr.readline() == "Another ./anling is setting up this folder: waiting for it\n"

            fcntl.flock(first, fcntl.LOCK_UN)

            assert second.stderr.readline() == f"Setting up Anling in {clone}\n"
            second.kill()
