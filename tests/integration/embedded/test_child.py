"""What a program that a supervisor starts cannot reach: folders that are hidden from it, root's rights."""

import codecs
import ctypes
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hub.embedded import child
from hub.video.media.account import OWN_UID
from tests.integration.video.conftest import media_running

SOMEBODY = 61_200
PR_SET_DUMPABLE = 4


@pytest.fixture
def secrets() -> Iterator[Path]:
    """A folder that every account may enter, with a password in it."""
    with TemporaryDirectory(prefix="anling-") as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "password").write_text("x")
        yield Path(folder)


def names_seen_in(folder: Path, without: tuple[str, ...]) -> list[str]:
    """What `ls` says, started through child.py by an account that is not root."""
    supervisor = os.getpid()
    codecs.lookup("ascii")  # child.py writes with it, and that account may not be able to read where Python is
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        try:
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            if os.geteuid() == 0:
                os.setresgid(SOMEBODY, SOMEBODY, SOMEBODY)
                os.setresuid(SOMEBODY, SOMEBODY, SOMEBODY)
                # Else /proc/self stays root's until the next program, which is too late for its maps.
                ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
            child.exec_program(child.Start(supervisor, signal.SIGTERM, False, without, ("/bin/ls", str(folder))))
        finally:
            os._exit(99)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as said:
        lines = said.read().splitlines()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, lines
    return lines


@pytest.mark.skipif(sys.platform != "linux", reason="mount namespaces are Linux's")
def test_a_folder_that_is_hidden_is_empty_for_the_program_and_for_nobody_else(secrets: Path) -> None:
    seen = names_seen_in(secrets, ())
    hidden = names_seen_in(secrets, (str(secrets), str(secrets / "missing")))

    refused = any("hides no folders" in line for line in hidden)
    assert seen == ["password"]
    assert refused or hidden == []
    assert (secrets / "password").read_text() == "x"


def status_of(pid: int, name: str) -> list[str]:
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(line for line in lines if line.startswith(f"{name}:")).split()[1:]


def test_the_media_process_is_not_root_once_it_listens() -> None:
    own = OWN_UID if os.geteuid() == 0 else os.getuid()
    groups = [] if os.geteuid() == 0 else status_of(os.getpid(), "Groups")
    with media_running() as run:
        assert status_of(run.process.pid, "Uid") == [str(own)] * 4
        assert status_of(run.process.pid, "Groups") == groups
        assert status_of(run.process.pid, "CapEff") == ["0000000000000000"]


def test_the_media_process_ends_with_its_supervisor_though_it_became_another_account(tmp_path: Path) -> None:
    with TemporaryDirectory(prefix="anling-") as folder:
        socket = Path(folder) / "media.sock"
        media = (sys.executable, "-P", "-m", "hub.video.media", "--socket", str(socket))
        script = (
            "import os, subprocess, sys; from hub.embedded import child\n"
            f"p = subprocess.Popen(child.wrap_command({media!r}, parent=os.getpid()), stdout=subprocess.PIPE)\n"
            "p.stdout.readline(); print(p.pid, flush=True); sys.stdin.read()"
        )
        with subprocess.Popen(
            [sys.executable, "-P", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as supervisor:
            assert supervisor.stdout is not None
            pid = int(supervisor.stdout.readline())
            descriptor = os.pidfd_open(pid)
            supervisor.kill()

        with os.fdopen(descriptor, "rb"):
            assert ends(descriptor)


def ends(descriptor: int) -> bool:
    """Whether the process behind it ends within 20 s."""
    return bool(select.select([descriptor], [], [], 20)[0])
