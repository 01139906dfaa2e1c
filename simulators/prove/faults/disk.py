"""What if the disk is full? The data folder lies on a file system of its own, which a file fills to the last block.

Only root may mount one (a loop device with ext4). For anybody else the server's processes get a limit on the size of
files (RLIMIT_FSIZE): each write beyond it fails as on a full disk, with EFBIG.
"""

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from simulators.prove.field import Field, HubFault
from simulators.prove.processes import list_family, send_signal

_DISK_MEGABYTES: Final = 900
_CHUNK: Final = bytes(1 << 20)


def can_mount() -> bool:
    """Whether this account may mount a file system, and the tools are there."""
    return os.geteuid() == 0 and shutil.which("mkfs.ext4") is not None and shutil.which("mount") is not None


@contextmanager
def mounted_disk(folder: Path) -> Iterator[bool]:
    """A small disk at `folder`, where that is possible; whether it is."""
    image = folder.with_name("disk.img")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not can_mount():
        yield False
        return
    with image.open("wb") as file:
        file.truncate(_DISK_MEGABYTES << 20)
    made = subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], check=False, capture_output=True).returncode == 0
    mounted = made and subprocess.run(["mount", "-o", "loop", str(image), str(folder)], check=False).returncode == 0
    try:
        if mounted:
            folder.chmod(0o700)
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=False)
        image.unlink(missing_ok=True)


@contextmanager
def fill_disk(field: Field) -> Iterator[None]:
    """Not a byte is left where the hub keeps its data."""
    data_dir = field.ground.hub.data_dir
    if os.path.ismount(data_dir):
        filler = data_dir / "filler"
        field.strikes += _fill_with(filler)
        field.facts["filled"] = "disk"
        try:
            yield
        finally:
            filler.unlink(missing_ok=True)
        return
    family = list_family(field.ground.hub.pid_of("postgres"))
    for pid in family:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    field.strikes += 1
    field.facts["filled"] = "limit"
    try:
        yield
    finally:
        for pid in family:
            if Path(f"/proc/{pid}").exists():
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        send_signal([], signal.SIGCONT)


def _fill_with(filler: Path) -> int:
    """Write until the disk takes nothing more; 1 when it came to that."""
    with filler.open("wb", buffering=0) as file:
        for size in (len(_CHUNK), 4096, 1):
            try:
                while True:
                    file.write(_CHUNK[:size])
            except OSError:
                continue
    return int(shutil.disk_usage(filler.parent).free < 4096)


FAULTS: Final = (HubFault("disk-full", "the disk of the data folder is full", fill_disk, hold_seconds=10),)
