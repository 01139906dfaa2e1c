"""When does the supervisor back up? Each night everything, every five minutes what changed, in other processes."""

import asyncio
import logging
import os
import sys
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from hub.embedded import backup_files
from hub.embedded.environment import hub_environment
from hub.kit.bulkhead import run_in_bulkhead
from hub.kit.clock import Clock
from hub.settings import Settings

log = logging.getLogger(__name__)

_EVERY_SECONDS: Final = 300.0
_WITHIN_SECONDS: Final = 7200.0
_NICE: Final = 10
NEEDS_ALL: Final = 3
"""The exit status of `backup-changes` when the changes no longer follow a backup and a new one of everything is due."""


async def keep_backups(settings: Settings, folder: Path, clock: Clock) -> None:
    """Back up until cancelled. What fails is noticed by the program that failed, and tried again in five minutes."""
    while True:
        await run_in_bulkhead("a backup", partial(_back_up_what_is_due, settings, folder, clock), expected=())
        await asyncio.sleep(_EVERY_SECONDS)


async def _back_up_what_is_due(settings: Settings, folder: Path, clock: Clock) -> None:
    backups = backup_files.list_backups(folder) if folder.is_dir() else []
    newest = backups[-1].made_at if backups else None
    is_due = backup_files.is_backup_due(newest, clock.now(), _local_hour(clock.now()))
    if is_due or await _run_backup(settings, "backup-changes") == NEEDS_ALL:
        await _run_backup(settings, "backup")


def _local_hour(now: datetime) -> int:
    return now.astimezone().hour


def _without_simulation(settings: Settings) -> Settings:
    """What a command takes from no environment, because only the simulation's own command sets it."""
    return settings.model_copy(update={"simulation": None, "simulation_urls": (), "lan": False})


async def _run_backup(settings: Settings, command: str) -> int:
    """The command as a process of its own, behind all others: it reads and compresses the whole database."""
    process = await asyncio.create_subprocess_exec(
        *("nice", "-n", str(_NICE), sys.executable, "-P", "-m", "hub.cli", command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=hub_environment(_without_simulation(settings)) | {"PATH": os.environ.get("PATH", os.defpath)},
    )
    try:
        async with asyncio.timeout(_WITHIN_SECONDS):
            _, said = await process.communicate()
    except TimeoutError:
        log.error("a backup took longer than %d s and was ended", _WITHIN_SECONDS)
        return 1
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode not in (0, NEEDS_ALL):
        log.error("no backup: %s", said.decode(errors="replace").strip()[-500:])
    return process.returncode or 0
