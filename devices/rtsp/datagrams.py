"""How is a camera read that sends pictures over UDP alone? As frames, as if they had come in its connection."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import Final

_TRIES: Final = 20
_LARGEST: Final = 65_535
_RECEIVED_AT_ONCE: Final = 64
# A key picture of 1 MB comes at once; the kernel's usual 200 kB would lose its end. It grants what it allows.
_BUFFER: Final = 2 << 20
_VERSION: Final = 2
_PUNCH: Final = b"\x80\x00\x00\x00" + bytes(8), b"\x80\xc9\x00\x01" + bytes(4)
"""An RTP packet and a receiver report without content: what opens a firewall on the way for the camera's packets."""


class Datagrams:
    """A pair of UDP ports (RFC 3550 clause 11), for what one host sends: an even one for RTP, the next one for RTCP."""

    def __init__(self, ours: str, camera: str, family: int) -> None:
        """`ours` is the address that the camera knows us by. Raises OSError when no pair is free."""
        self._camera = camera
        self.sockets = _bind_pair(ours, family)
        self.ports: tuple[int, int] = (self.sockets[0].getsockname()[1], self.sockets[1].getsockname()[1])

    def open_way(self, server_ports: tuple[int, int]) -> None:
        """Send something first to where the camera's packets come from."""
        for one, port, packet in zip(self.sockets, server_ports, _PUNCH, strict=True):
            self._send(one, packet, port)

    def send_report(self, report: bytes, port: int) -> None:
        """RTCP for the camera; lost where it cannot be sent, as on any network."""
        self._send(self.sockets[1], report, port)

    def receive(self, one: socket.socket) -> bytes:
        """What has come, as frames; what another host sends, and what is no packet of RTP or RTCP, is dropped."""
        channel = self.sockets.index(one)
        frames = []
        for _ in range(_RECEIVED_AT_ONCE):
            try:
                packet, (host, *_) = one.recvfrom(_LARGEST)
            except OSError:  # nothing more now; or an answer that a packet of ours did not arrive
                break
            if host == self._camera and len(packet) >= 8 and packet[0] >> 6 == _VERSION:
                frames.append(struct.pack("!cBH", b"$", channel, len(packet)) + packet)
        return b"".join(frames)

    def close(self) -> None:
        for one in self.sockets:
            one.close()

    def _send(self, one: socket.socket, packet: bytes, port: int) -> None:
        if 0 < port <= _LARGEST:
            with suppress(OSError):
                one.sendto(packet, (self._camera, port))


def _bind_pair(host: str, family: int) -> tuple[socket.socket, socket.socket]:
    for _ in range(_TRIES):
        first, second = (socket.socket(family, socket.SOCK_DGRAM) for _ in range(2))
        try:
            first.bind((host, 0))
            port = first.getsockname()[1]
            if port % 2 == 0:
                second.bind((host, port + 1))
                for one in (first, second):
                    one.settimeout(0)
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
                return first, second
        except OSError:  # the next port is somebody else's
            pass
        first.close()
        second.close()
    raise OSError("no pair of free UDP ports")
