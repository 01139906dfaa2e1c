"""How does one viewer get the picture? Passed through as it came, each packet past her gate."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from ipaddress import ip_address

import av
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.sdp import SessionDescription, candidate_from_sdp
from av.packet import Packet
from av.stream import Stream

from hub.kit.bulkhead import Defect, call_in_bulkhead, run_in_bulkhead
from hub.video.engine import EngineRefused, ViewingStats
from hub.video.media import gate as gates
from hub.video.media import internals
from hub.video.media.frames import Frame, compress_timestamps
from hub.video.media.gate import Gate
from hub.video.media.offers import VideoOffer, take_video
from hub.video.media.sources import CameraSource
from hub.video.media.timeline import CLOCK_RATE
from hub.video.model import Ending, Picture, PlayCode

log = logging.getLogger(__name__)

MOST_WAITING = 36
"""Pictures a viewer may be behind, three seconds at 12 a second; then she goes on at the next key picture."""
MOST_REMEMBERED = 256
"""Timestamps of sent pictures: more than the 128 packets that aiortc keeps to send again."""
BURST_BYTES = 100_000
"""Sent at once to a late joiner; more would outrun what is kept for sending again."""
BURST_PAUSE = 0.02
OLDEST_SECONDS = 2.0
"""A camera that has said nothing for longer has no picture to begin with."""
CLOSE_SECONDS = 2.0
TIME_BASE = Fraction(1, CLOCK_RATE)

NONSENSE = (AssertionError, AttributeError, IndexError, KeyError, RuntimeError, StopIteration, TypeError, ValueError)
"""What aiortc raises for descriptions that are none, found by trying 20,000 damaged ones."""

_CANDIDATE = "a=candidate:"


class Viewer:
    """One viewing's peer connection."""

    def __init__(self, viewing_id: str, source: CameraSource, gate: Gate) -> None:
        self.viewing_id = viewing_id
        self.source = source
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.opened_at = time.monotonic()
        self._gate = gate
        self._outlet = _Outlet(self)
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._sender: RTCRtpSender | None = None
        self._moments: OrderedDict[int, float] = OrderedDict()
        self._packets = self._bytes = self._refused = 0
        self._last_sent_at: float | None = None
        self._heard = (0, self.opened_at)

    async def answer(self, offer: str, hosts: Sequence[str]) -> str:
        """Answer the offer with one H.264 track, and no sound. Raises EngineRefused for one without use for that."""
        wanted_video = _check_offer(offer)
        transceiver = self._pc.addTransceiver(self._outlet, direction="sendonly")
        # Before the offer is looked at: afterwards H.264 would go out labelled VP8.
        codecs = RTCRtpSender.getCapabilities("video").codecs
        wanted = [codec for codec in codecs if codec.mimeType.lower() in ("video/h264", "video/rtx")]
        transceiver.setCodecPreferences(wanted)
        self._sender = transceiver.sender
        internals.guard_sender(self._sender, self._may_leave)
        internals.offer_only(self._pc, hosts)
        self._pc.on("connectionstatechange", self._state_changed)
        try:
            await self._pc.setRemoteDescription(
                RTCSessionDescription(remove_named_candidates(wanted_video.sdp), "offer")
            )
            await self._pc.setLocalDescription(await self._pc.createAnswer())
        except OperationError as error:
            raise EngineRefused(PlayCode.NO_H264, "the viewer does not offer to receive H.264") from error
        except (*NONSENSE, InvalidStateError, InvalidAccessError) as error:
            raise EngineRefused(PlayCode.BAD_OFFER, f"the offer cannot be answered: {error}") from error
        return wanted_video.complete_answer(self._pc.localDescription.sdp)

    async def add_candidates(self, fragment: str) -> None:
        """Try these addresses of the viewer as well. Names are passed over."""
        for line in remove_named_candidates(fragment).splitlines():
            if not line.startswith(_CANDIDATE):
                continue
            try:
                candidate = candidate_from_sdp(line.removeprefix(_CANDIDATE))
                candidate.sdpMLineIndex = 0
                await self._pc.addIceCandidate(candidate)
            except NONSENSE as error:
                raise EngineRefused(PlayCode.BAD_CANDIDATE, f"not a candidate: {error}") from error

    def renew(self, picture: Picture, as_of: float) -> None:
        """The hub found at `as_of` that the grant still holds, for this picture."""
        self._gate = gates.renew_gate(self._gate, picture, as_of, time.monotonic())

    def shut(self, why: str) -> None:
        """Nothing leaves any more from here on, and nothing is kept."""
        self._gate = gates.shut_gate(self._gate)
        self._moments.clear()
        self._outlet.stop()
        if self._sender is not None:
            internals.clear_retransmissions(self._sender)
        if not self.ended.done():
            self.ended.set_result(why)

    async def close(self, why: str) -> None:
        """Shut the gate, then take the connection down; that it hangs changes nothing for what is sent."""
        self.shut(why)
        sent = self._packets
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._pc.close()
        except (TimeoutError, ConnectionError):
            log.warning("viewing %s: its connection did not close within %g s", self.viewing_id, CLOSE_SECONDS)
        assert self._packets == sent, f"viewing {self.viewing_id}: packets left after it was shut"

    def passes(self, frame: Frame) -> bool:
        """Whether this picture may be sent now."""
        return self._gate.passes(self.source.picture, frame.captured_at, time.monotonic())

    def is_unheard(self, seconds: float) -> bool:
        """Whether the other side has sent nothing for so long; ours does not end before that."""
        now = time.monotonic()
        heard = internals.count_received_packets(self._sender) if self._sender is not None else 0
        if heard != self._heard[0]:
            self._heard = (heard, now)
        return now - self._heard[1] > seconds

    def has_waited_for_key(self, seconds: float) -> bool:
        """Whether pictures have come for so long, all hers to see, and none with which she could have begun."""
        since = self._outlet.waiting_since
        return since is not None and self.source.state == "playing" and time.monotonic() - since > seconds

    @property
    def leaseless_seconds(self) -> float:
        """For how long there has been no lease; negative while there is one."""
        return time.monotonic() - self._gate.lease_until

    @property
    def is_connected(self) -> bool:
        return self._pc.connectionState == "connected"

    @property
    def stats(self) -> ViewingStats:
        return ViewingStats(
            camera_id=self.source.camera_id,
            connected=self.is_connected,
            leased=self._gate.is_leased(time.monotonic()),
            packets=self._packets,
            bytes=self._bytes,
            refused=self._refused,
            last_sent_at=self._last_sent_at,
        )

    def _may_leave(self, timestamp: int, size: int) -> bool:
        """The last thing asked of a packet, first sending or not: its timestamp tells which picture it is part of."""
        captured_at = self._moments.get(timestamp)
        if captured_at is None and self._outlet.leaving is not None:
            captured_at = self._moments[timestamp] = self._outlet.leaving
            if len(self._moments) > MOST_REMEMBERED:
                self._moments.popitem(last=False)
        now = time.monotonic()
        if captured_at is None or not self._gate.passes(self.source.picture, captured_at, now):
            self._refused += 1
            return False
        self._packets += 1
        self._bytes += size
        self._last_sent_at = now
        return True

    def _state_changed(self) -> None:
        if self._pc.connectionState in ("failed", "closed"):
            self.shut(Ending.VIEWER_GONE)


class _Outlet(MediaStreamTrack):
    """What the sender takes pictures from: kept ones first, then as they come, whole and from a key picture on."""

    kind = "video"

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self.leaving: float | None = None
        self.waiting_since: float | None = None
        """Since when only a key picture is missing; monotonic."""
        self._viewer = viewer
        self._pictures: deque[tuple[Frame, int]] = deque()
        self._arrived = asyncio.Event()
        self._begun = False
        self._needs_key = True
        self._catching_up = 0
        self._burst = 0

    async def recv(self) -> Packet[Stream]:
        """The next picture, when there is one. A defect of ours ends this viewing and no other."""
        whose = f"viewing {self._viewer.viewing_id}"
        picture = await run_in_bulkhead(whose, self._picture, expected=(MediaStreamError,))
        if isinstance(picture, Defect):
            self._viewer.shut(Ending.OUR_MISTAKE)
            raise MediaStreamError
        return picture

    async def _picture(self) -> Packet[Stream]:
        """The first call comes when the connection stands: join then."""
        if not self._begun:
            self._join()
        while not self._pictures:
            if self.readyState != "live":
                raise MediaStreamError
            self._burst = 0
            self._arrived.clear()
            await self._arrived.wait()
        if self._burst > BURST_BYTES:
            self._burst = 0
            await asyncio.sleep(BURST_PAUSE)
        return self._next() or await self._picture()

    def stop(self) -> None:
        """No picture any more; the camera does not know this viewer from here on."""
        super().stop()
        self._viewer.source.listeners.discard(self._take)
        self._pictures.clear()
        self.leaving = None
        self._arrived.set()

    def _next(self) -> Packet[Stream] | None:
        if not self._pictures:  # dropped while a burst was paced
            return None
        frame, timestamp = self._pictures.popleft()
        self._catching_up = max(0, self._catching_up - 1)
        self._burst += len(frame.coded)
        self.leaving = frame.captured_at
        packet: Packet[Stream] = av.Packet(frame.coded)
        packet.pts, packet.time_base = timestamp, TIME_BASE
        return packet

    def _join(self) -> None:
        self._begun = True
        if self.readyState != "live":
            return
        kept = self._viewer.source.gop.frames
        if kept and self._viewer.passes(kept[0]) and time.monotonic() - kept[-1].captured_at < OLDEST_SECONDS:
            self._pictures.extend(compress_timestamps(kept))
            self._catching_up = len(kept)
            self._needs_key = False
        self._viewer.source.listeners.add(self._take)

    def _take(self, frame: Frame) -> None:
        if isinstance(call_in_bulkhead(f"viewing {self._viewer.viewing_id}", partial(self._offer, frame)), Defect):
            self._viewer.shut(Ending.OUR_MISTAKE)

    def _offer(self, frame: Frame) -> None:
        passes = self._viewer.passes(frame)
        if not passes or (len(self._pictures) - self._catching_up >= MOST_WAITING and self._begun):
            self._pictures.clear()
            self._catching_up = 0
            self._needs_key = True
        if not passes or (self._needs_key and not frame.is_key):
            self.waiting_since = (self.waiting_since or time.monotonic()) if passes else None
            return
        self._needs_key = False
        self.waiting_since = None
        self._pictures.append((frame, frame.moment.timestamp))
        self._arrived.set()


def remove_named_candidates(description: str) -> str:
    """The description without candidates that are no literal address, and open for more to follow.

    A name is never resolved: what only her own network knows costs a second, and any other is not ours to ask for.
    """
    lines = description.splitlines()  # as aiortc does it: what is judged here is what it would read
    kept = [line for line in lines if not line.startswith("a=end-of-candidates") and not _is_named(line)]
    return "".join(f"{line}\r\n" for line in kept)


def _is_named(line: str) -> bool:
    if not line.startswith(_CANDIDATE):
        return False
    try:
        candidate = candidate_from_sdp(line.removeprefix(_CANDIDATE))
    except NONSENSE:
        return False  # whoever reads it will say so
    try:
        ip_address(candidate.ip)
    except ValueError:
        return True
    return False


def _check_offer(offer: str) -> VideoOffer:
    """What of it is answered. Raises EngineRefused unless it wants exactly one picture; sound beside it is refused."""
    wanted = take_video(offer)
    try:
        media = SessionDescription.parse(offer if wanted is None else wanted.sdp).media
    except NONSENSE as error:
        raise EngineRefused(PlayCode.BAD_OFFER, f"not an SDP offer: {error}") from error
    if wanted is None or [one.kind for one in media] != ["video"]:
        raise EngineRefused(PlayCode.VIDEO_ONLY, "offer exactly one video track to receive")
    if not any(codec.mimeType.lower() == "video/h264" for codec in media[0].rtp.codecs):
        raise EngineRefused(PlayCode.NO_H264, "the viewer does not offer to receive H.264")
    if media[0].dtls is None or not media[0].dtls.fingerprints:
        raise EngineRefused(PlayCode.BAD_OFFER, "the offer has no fingerprint")
    return wanted
