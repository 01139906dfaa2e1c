"""Is the media process bounded by itself, whoever starts it?"""

import os
import re
from pathlib import Path

import pytest

from hub.video.media.limits import MOST_DESCRIPTORS, MOST_MEMORY
from tests.integration.video.conftest import MediaRun

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="only Linux says what a process may take"),
]


def limit(pid: int, name: str) -> tuple[str, str]:
    """The soft and the hard limit of a process, as proc(5) writes them."""
    found = re.search(rf"^{name}\s+(\S+)\s+(\S+)", Path(f"/proc/{pid}/limits").read_text("ascii"), re.MULTILINE)
    assert found is not None
    return found[1], found[2]


def test_memory_descriptors_and_core_files_are_bounded_and_no_right_is_gained_again(shared_media_run: MediaRun) -> None:
    pid = shared_media_run.process.pid

    assert limit(pid, "Max data size") == (str(MOST_MEMORY), str(MOST_MEMORY))
    assert limit(pid, "Max core file size") == ("0", "0")
    assert limit(pid, "Max open files") in {(str(number),) * 2 for number in (MOST_DESCRIPTORS, allowed())}
    assert "NoNewPrivs:\t1" in Path(f"/proc/{pid}/status").read_text("ascii")


def allowed() -> int:
    """What this machine allows, where that is less."""
    return min(MOST_DESCRIPTORS, int(limit(os.getpid(), "Max open files")[1]))
