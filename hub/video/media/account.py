"""Which account does this process act as? What reads the streams of cameras that are not ours is not root."""

import asyncio
import codecs
import ctypes
import logging
import os
import sys
from contextlib import suppress
from typing import Final

log = logging.getLogger(__name__)

OWN_UID: Final = 64_718
"""In the range that systemd keeps for accounts that stand in no file (61184 to 65519), so nobody else is it."""
_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_PR_GET_PDEATHSIG: Final = 2


async def drop_privileges() -> None:
    """When root started this process, become an account that owns no file and is in no group; for others nothing.

    Called when everything is imported and the socket listens: neither the program nor the data folder has to be
    readable for that account. Where root may not become another account, as in some containers, a line says so.
    """
    if os.geteuid() != 0 or sys.platform != "linux":
        return
    await _preload_late_imports()
    ends_with_parent = _death_signal()
    try:
        os.setgroups([])
        os.setresgid(OWN_UID, OWN_UID, OWN_UID)
        os.setresuid(OWN_UID, OWN_UID, OWN_UID)
    except OSError as error:
        log.warning("this process stays root, which may not become another account here: %s", error.strerror)
        return
    # A change of credentials clears it (prctl(2)).
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(ends_with_parent), 0, 0, 0)


async def _preload_late_imports() -> None:
    """Codecs, and the thread in which names of cameras are looked up: later their files may be out of reach."""
    for codec in ("ascii", "latin-1", "idna", "utf-16", "unicode_escape"):
        codecs.lookup(codec)
    with suppress(OSError):
        await asyncio.get_running_loop().getaddrinfo("localhost", None)


def _death_signal() -> int:
    """The signal that the kernel sends when the supervisor ends; 0 for none."""
    number = ctypes.c_int(0)
    ctypes.CDLL(None).prctl(_PR_GET_PDEATHSIG, ctypes.byref(number), 0, 0, 0)
    return number.value
