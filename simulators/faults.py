"""What can go wrong between the simulated devices and their hub? The line is cut: connections end, new ones fail."""

import socket
import weakref
from contextlib import suppress

from devices.link import connect_socket


class CentreLine:
    """The line of a whole house. Devices dial through it; cutting it ends what is connected."""

    def __init__(self) -> None:
        self.is_cut = False
        self._connected: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    async def dial(self, host: str, port: int) -> socket.socket:
        """A connected socket. Raises OSError, also while the line is cut."""
        if self.is_cut:
            raise ConnectionRefusedError("the line is cut")
        connected = await connect_socket(host, port)
        self._connected.add(connected)
        return connected

    def cut(self) -> None:
        """End every connection without a word, and let no new one come about."""
        self.is_cut = True
        for connected in tuple(self._connected):
            with suppress(OSError):  # closed by its device already
                connected.shutdown(socket.SHUT_RDWR)
        self._connected.clear()

    def mend(self) -> None:
        """Let devices connect again; each tries when its pause is over."""
        self.is_cut = False
