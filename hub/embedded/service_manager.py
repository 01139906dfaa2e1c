"""What does systemd hear of the supervisor? That it is ready, lives, and stops (sd_notify(3)); nothing elsewhere."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

_ADDRESS: Final = "NOTIFY_SOCKET"
_WATCHDOG: Final = "WATCHDOG_USEC"
_SHORTEST_PAUSE: Final = 0.05


class ServiceManager:
    """Whoever started this process and wants to be notified; without one, what is said goes nowhere."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Takes the variables that systemd sets. Those of a watchdog that is meant for another process are ignored."""
        self._address = environment.get(_ADDRESS, "")
        watched = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environment.get(_WATCHDOG, "") if watched else ""
        self.watchdog_seconds = int(microseconds) / 1_000_000 if microseconds.isdecimal() else 0.0

    def notify(self, state: str) -> None:
        """Say this state, such as READY=1; what cannot be said is lost, and nothing depends on it here."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as one:
            one.settimeout(0)
            one.sendto(state.encode(), address)

    @asynccontextmanager
    async def notified(self) -> AsyncIterator[None]:
        """Say that this process is ready, then that it lives, for as long as this lasts, and that it stops."""
        self.notify("READY=1")
        async with asyncio.TaskGroup() as tasks:
            beating = tasks.create_task(self._beat())
            try:
                yield
            finally:
                beating.cancel()
                self.notify("STOPPING=1")

    async def _beat(self) -> None:
        while self.watchdog_seconds:
            self.notify("WATCHDOG=1")
            await asyncio.sleep(max(self.watchdog_seconds / 6, _SHORTEST_PAUSE))
