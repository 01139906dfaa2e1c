"""How much may this process take? What cameras send is read by a library in C: it takes its own bounds, and no more."""

from __future__ import annotations

import ctypes
import logging
import resource
import sys
from typing import Final

log = logging.getLogger(__name__)

MOST_MEMORY: Final = 1 << 30
"""Bytes of data (heap, stacks, anonymous maps); 72 MB of it are taken before anybody looks, measured."""
MOST_DESCRIPTORS: Final = 4096
"""A viewer has a socket for each address that is offered to her, a camera six: 250 viewers at 8 addresses fit."""
_PR_SET_NO_NEW_PRIVS: Final = 38  # linux/prctl.h


def limit_resources() -> None:
    """Bound memory and descriptors, leave no core file, and gain no right again.

    What asks for more memory is refused: Python raises MemoryError and FFmpeg ENOMEM at the one camera or viewer that
    asked. Pictures and cameras' passwords would be in a core file.
    """
    _lower_limit(resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":  # elsewhere it does not count anonymous maps, or refuses
        _lower_limit(resource.RLIMIT_DATA, MOST_MEMORY)
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0)))
    _set_descriptors()


def _lower_limit(which: int, most: int) -> None:
    """Bound a resource for ever, unless it is bounded lower already."""
    _, hard = resource.getrlimit(which)
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (bound, bound))


def _set_descriptors() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    bound = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(MOST_DESCRIPTORS, hard)
    if bound < MOST_DESCRIPTORS:
        log.warning("only %d descriptors are allowed here: fewer viewers than usual have room", bound)
    resource.setrlimit(resource.RLIMIT_NOFILE, (bound, bound))
