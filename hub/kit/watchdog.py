"""How does a process show whoever watches over it that its event loop turns? And what if it turns no more?

The supervisor reads the pulse from a pipe and ends a process without one. Where nobody reads it, as in a container, and
for a loop that holds everything up inside this process, a thread of C's ends it and prints where it stood.
"""

import asyncio
import faulthandler
import os
from contextlib import suppress
from typing import Final

PULSE_SECONDS: Final = 0.5
STANDS_STILL_SECONDS: Final = 10.0
"""Twice what the supervisor allows the pages, which then ends them itself; a machine that is only slow is not meant."""
VARIABLE: Final = "ANLING_PULSE_FD"


async def write_pulse() -> None:
    """Show that this process is ready and lives, until cancelled."""
    pulse = os.environ.get(VARIABLE)
    descriptor = int(pulse) if pulse else None
    try:
        while True:
            faulthandler.dump_traceback_later(STANDS_STILL_SECONDS, exit=True)
            if descriptor is not None:
                with suppress(BlockingIOError, BrokenPipeError):
                    os.write(descriptor, b".")
            await asyncio.sleep(PULSE_SECONDS)
    finally:
        faulthandler.cancel_dump_traceback_later()
