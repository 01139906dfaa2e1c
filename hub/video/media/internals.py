"""What do we need of aiortc and aioice that they do not offer? All of it is here, and proven when the process starts.

Written against aiortc 1.16 and aioice 0.13. Two things are replaced on the objects of one connection: where its packets
leave (so that nothing passes by the gate, retransmissions included), and which addresses it offers (aioice never uses
127.0.0.1, and by itself offers every address of the machine).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import partial

from aioice import Connection
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtp import is_rtcp


class Changed(Exception):
    """aiortc or aioice is not what this module was written for: the process must not start."""


def offer_only(pc: RTCPeerConnection, hosts: Sequence[str]) -> None:
    """Let this connection listen at and offer these addresses and no others; nobody else is asked for one."""
    for transceiver in pc.getTransceivers():
        connection = transceiver.receiver.transport.transport.iceGatherer._connection  # noqa: SLF001
        connection.gather_candidates = partial(_gather_candidates, connection, list(hosts))  # type: ignore[method-assign]


async def _gather_candidates(connection: Connection, hosts: list[str]) -> None:
    if not connection._local_candidates_start:  # noqa: SLF001
        connection._local_candidates_start = True  # noqa: SLF001
        connection._local_candidates += await connection.get_component_candidates(1, hosts)  # noqa: SLF001
        connection._local_candidates_end = True  # noqa: SLF001


def guard_sender(sender: RTCRtpSender, may_leave: Callable[[int, int], bool]) -> None:
    """Ask `may_leave(RTP timestamp, size)` before each packet with picture in it; a refused one is not sent."""
    transport = sender.transport
    send = transport._send_rtp  # noqa: SLF001

    async def send_guarded(data: bytes) -> None:
        if is_rtcp(data) or may_leave(struct.unpack_from("!I", data, 4)[0], len(data)):
            await send(data)

    transport._send_rtp = send_guarded  # type: ignore[method-assign]  # noqa: SLF001


def clear_retransmissions(sender: RTCRtpSender) -> None:
    """Drop what is kept for retransmission."""
    sender._RTCRtpSender__rtp_history.clear()  # type: ignore[attr-defined]  # noqa: SLF001


def count_received_packets(sender: RTCRtpSender) -> int:
    """How many packets have come from the other side: one that stops rising means that nobody is there."""
    for stats in sender.transport._get_stats().values():  # noqa: SLF001
        return int(stats.packetsReceived)
    return 0


async def verify_internals(hosts: Sequence[str]) -> None:
    """Raises Changed unless the replaced parts are still used, and OSError when none of `hosts` can be listened at."""
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    try:
        sender = pc.addTransceiver(_NoPicture(), direction="sendonly").sender
        offer_only(pc, hosts)
        await pc.setLocalDescription(await pc.createOffer())
        offered = {line.split()[4] for line in pc.localDescription.sdp.splitlines() if line.startswith("a=candidate:")}
        if not offered:
            raise OSError(f"no address to offer for pictures: ANLING_MEDIA_HOSTS={','.join(hosts)}")
        if not offered <= set(hosts):
            raise Changed("aioice offers addresses that it was not told to")
        await _verify_guard(sender)
    finally:
        await pc.close()


class _NoPicture(MediaStreamTrack):
    kind = "video"

    async def recv(self) -> None:  # type: ignore[override]
        raise AssertionError("nothing is sent in a proof")


async def _verify_guard(sender: RTCRtpSender) -> None:
    """The sender must send, and send again, by `_send_rtp` of its transport: the name that `guard` replaces."""
    names = {*RTCRtpSender._run_rtp.__code__.co_names, *RTCRtpSender._retransmit.__code__.co_names}  # noqa: SLF001
    other_ways = {"_send", "sendto", "send_data"} & names
    asked: list[int] = []

    def refuse(timestamp: int, _size: int) -> bool:
        asked.append(timestamp)
        return False

    guard_sender(sender, refuse)
    await sender.transport._send_rtp(struct.pack("!BBHII", 0x80, 96, 1, 4711, 1))  # noqa: SLF001
    if "_send_rtp" not in names or other_ways or asked != [4711]:
        raise Changed("aiortc sends pictures in another way than by RTCDtlsTransport._send_rtp")
    if not hasattr(sender, "_RTCRtpSender__rtp_history") or not hasattr(RTCDtlsTransport, "_get_stats"):
        raise Changed("aiortc keeps sent packets or its counters somewhere else")
