"""A viewer of live video without a browser: aiortc offers, decodes, and writes down what it saw."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.jitterbuffer import JitterBuffer
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket
from av import VideoFrame

from simulators.rtsp.pattern import Stamp, read_stamp

SEQUENCE_PARAMETER_SET = 7
STAP_A = 24


@dataclass(slots=True)
class Seen:
    """One picture as a viewer decoded it; `at` in monotonic seconds, the stamp None where none can be read."""

    at: float
    stamp: Stamp | None


@dataclass(slots=True)
class Viewer:
    """A browser without the browser: offers, decodes, and writes down what it saw."""

    pc: RTCPeerConnection
    seen: list[Seen] = field(default_factory=list)
    packets_at: list[float] = field(default_factory=list)
    packets: list[RtpPacket] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _last: int | None = None
    _missing: set[int] = field(default_factory=set)
    _lost: set[int] = field(default_factory=set)
    _to_lose: int = 0

    async def offer(self) -> str:
        self.pc.addTransceiver("video", direction="recvonly")
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return str(self.pc.localDescription.sdp)

    async def take(self, answer: str) -> None:
        self._count_packets()
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def watch(self) -> None:
        """Decode until the connection ends."""
        track = self.pc.getReceivers()[0].track
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            assert isinstance(frame, VideoFrame)
            luma = np.asarray(frame.to_ndarray(format="yuv420p")[: frame.height], dtype=np.uint8)
            self.seen.append(Seen(time.monotonic(), read_stamp(luma)))
            self.arrived.set()

    async def sees(self, count: int, timeout: float = 10) -> list[Seen]:
        """The next `count` pictures."""
        start = len(self.seen)
        async with asyncio.timeout(timeout):
            while len(self.seen) < start + count:
                self.arrived.clear()
                await self.arrived.wait()
        return self.seen[start : start + count]

    async def goes_dark(self, quiet: float = 0.5, timeout: float = 10) -> float:
        """Wait until no packet of the picture has come for `quiet` seconds; the moment of the last one."""
        async with asyncio.timeout(timeout):
            while not self.packets_at or time.monotonic() - self.packets_at[-1] < quiet:
                await asyncio.sleep(0.05)
        return self.packets_at[-1]

    async def asks_again(self, packet: RtpPacket) -> None:
        """Say that this packet was lost (RFC 4585): it should be sent again."""
        await self.pc.getReceivers()[0]._send_rtcp_nack(packet.ssrc, [packet.sequence_number])

    def loses(self, count: int) -> None:
        """The next packets never arrive, sent again or not."""
        self._to_lose = count

    def _count_packets(self) -> None:
        """Note the moment of each packet of the picture, decoded or not: the proof of what reached the viewer."""
        receiver = self.pc.getReceivers()[0]
        handle = receiver._handle_rtp_packet

        async def noted(packet: RtpPacket, arrival_time_ms: int) -> None:
            self.packets_at.append(time.monotonic())
            self.packets.append(copy(packet))
            if self._never_arrives(packet):
                return
            is_repeat = packet.ssrc != self.packets[0].ssrc
            if not is_repeat and self._missing and _begins_a_key_picture(packet):
                # As browsers do: aiortc would wait for what is missing until 512 more have come.
                receiver._RTCRtpReceiver__jitter_buffer = JitterBuffer(capacity=512, is_video=True)  # type: ignore[attr-defined]
                self._missing.clear()
            await handle(packet, arrival_time_ms=arrival_time_ms)

        receiver._handle_rtp_packet = noted  # type: ignore[method-assign]

    def _never_arrives(self, packet: RtpPacket) -> bool:
        """Whether the network loses this packet; notes what is missing up to here."""
        if packet.ssrc != self.packets[0].ssrc:  # sent again (RFC 4588): its own number stands in front
            number = int.from_bytes(packet.payload[:2], "big")
            self._missing -= {number} - self._lost
            return number in self._lost
        if self._last is not None:
            skipped = (packet.sequence_number - self._last - 1) % 65536
            if skipped > 32768:  # it is a late one, and has skipped nothing
                self._missing.discard(packet.sequence_number)
                return False
            self._missing |= {(self._last + 1 + n) % 65536 for n in range(skipped)}
        if self._to_lose:
            self._to_lose -= 1
            self._lost.add(packet.sequence_number)
            return True
        self._last = packet.sequence_number
        return False


def _begins_a_key_picture(packet: RtpPacket) -> bool:
    """The packet begins with a sequence parameter set, alone or first of several (RFC 6184, 5.6 and 5.7.1)."""
    kind = packet.payload[0] & 0x1F
    return (packet.payload[3] & 0x1F if kind == STAP_A else kind) == SEQUENCE_PARAMETER_SET


@asynccontextmanager
async def open_viewer() -> AsyncIterator[Viewer]:
    """A viewer, until the block ends. Take the answer to her `offer`, and she watches."""
    one = Viewer(RTCPeerConnection(RTCConfiguration(iceServers=[])))
    async with asyncio.TaskGroup() as group:

        async def watching() -> None:
            while not (receivers := one.pc.getReceivers()) or receivers[0].track is None:
                await asyncio.sleep(0.005)
            await one.watch()

        task = group.create_task(watching())
        try:
            yield one
        finally:
            await one.pc.close()
            task.cancel()
