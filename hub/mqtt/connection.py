"""What does the broker do with one client's connection? Bytes in, steps done, bytes out."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

from hub.kit.proxy_protocol import SIGNATURE, BadProxyHeader, ProxyHeaderReader
from hub.mqtt import codec
from hub.mqtt.codec import Connack, ConnackCode, Connect, Malformed, Packet, Publish
from hub.mqtt.connection_reports import ConnectionReports, ReportFlow
from hub.mqtt.conversation import (
    Admit,
    Answered,
    Conversation,
    ConversationStage,
    Leave,
    PacketAction,
    Pong,
    Refuse,
    RefuseVersion,
    TakePublish,
    Violation,
)
from hub.mqtt.encode import encode_packet, encode_version_5_refusal
from hub.mqtt.exchange import Member, may_publish
from hub.mqtt.in_flight import DeviceInFlight, Unanswered, UnansweredLanes
from hub.mqtt.model import ClientWire, DeviceRefusal, End, ReportRoute
from hub.mqtt.parser import Parser
from hub.mqtt.topics import Lane

if TYPE_CHECKING:
    from hub.mqtt.broker import Broker

log = logging.getLogger(__name__)

PACKETS_A_TURN = 50
"""Of one connection. The others have their turn before it goes on: no flood holds the loop for 10 ms."""
MAX_WRITE_BYTES = 256 * 1024
MAX_UNKNOWN_BYTES = 64 * 1024
"""What a connection may send before it is authenticated: presses behind its CONNECT, and no flood."""
MAX_ROUTES = 16
"""Routes that are cached for one connection; a device of ours reports to two topics."""
FLUSH_SECONDS = 2.0
_QOS_0 = 0x30
_PLAIN_PUBLISH = frozenset({_QOS_0, 0x32, 0x3A})
"""First bytes of PUBLISH without RETAIN: QoS 0, QoS 1, and QoS 1 once more (DUP)."""


class PauseReason(StrEnum):
    """Why the broker does not read from a connection for now."""

    ADMITTING = "admitting"
    UNANSWERED = "unanswered"
    REPORT_WINDOW = "report_window"
    TURN_OVER = "turn_over"


class Connection(asyncio.Protocol):
    """One client's connection: bytes in, steps done, bytes out."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._conversation = Conversation(broker.now())
        self._parser = Parser()
        self._lanes = UnansweredLanes()
        self._in_flight = DeviceInFlight()
        self._reports = self._build_reports()
        self._member: Member | None = None
        self._transport: ClientWire | None = None
        self._held: set[PauseReason] = set()
        self._routes: dict[bytes, ReportRoute] = {}
        self._routes_of = 0
        self._pubacks = bytearray()
        self._name = "a connection"
        self._proxy: ProxyHeaderReader | None = None
        """While the header is waited for that a proxy begins with."""

    @property
    def stamp(self) -> str | None:
        """Of the authenticated principal; None before."""
        return self._member.principal.stamp if self._member else None

    @property
    def is_ended(self) -> bool:
        return self._conversation.stage is ConversationStage.ENDED

    # From the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, ClientWire)
        self._transport = transport
        address, port = (transport.get_extra_info("peername") or ("?", 0))[:2]
        self._name = f"{address}:{port}"
        self._proxy = ProxyHeaderReader() if self._broker.admission.is_proxy(address) else None
        # A cable that was pulled is noticed even when the client asked for no keep-alive.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if not self._broker.connection_opened(self, "" if self._proxy else address):
            self.drop()

    def data_received(self, data: bytes) -> None:
        if self._proxy is not None:
            data = self._read_proxy_header(self._proxy, data)
        elif self._conversation.stage is ConversationStage.NEW and data.startswith(SIGNATURE):
            self.end(End.PROXY, "begins with a PROXY header, and ANLING_PROXY_PROTOCOL does not name its address")
        self._parser.add(data)
        if self._member is None and self._parser.pending_bytes > MAX_UNKNOWN_BYTES:
            self.end(End.MALFORMED, f"sent more than {MAX_UNKNOWN_BYTES} bytes before it was authenticated")
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self.end(End.LOST, f"lost ({exc})" if exc else "lost")

    def _read_proxy_header(self, reader: ProxyHeaderReader, received: bytes) -> bytes:
        """Take what the proxy says first, and give what the client itself sent behind it."""
        try:
            read = reader.add(received)
        except BadProxyHeader as bad:
            self.end(End.PROXY, f"{bad}, and ANLING_PROXY_PROTOCOL names this address")
            return b""
        if read is None:
            return b""
        self._proxy, (header, behind) = None, read
        if header.address is not None:
            self._name = f"{header.address} through {self._name}"
            self._broker.admission.address_told(self, header.address)
        return behind

    # From the broker.

    def accept_client(
        self, connect: Connect, member: Member, in_flight: DeviceInFlight, *, session_present: bool
    ) -> None:
        """The client is authenticated; `in_flight` is what its device has on other connections, too."""
        self._member = member
        self._in_flight = in_flight
        self._reports = self._build_reports()
        self._name = f"{member.principal.device_id} ({connect.client_id!r})"
        self._conversation.admitted(connect, self._broker.now())
        self.send(Connack(session_present, ConnackCode.ACCEPTED), *member.session.resume())
        self._pause_if_full()
        self._read_on(PauseReason.ADMITTING)

    def refuse(self, code: ConnackCode, why: End, reason: str) -> None:
        """Say why, and close."""
        self.send(Connack(session_present=False, code=code))
        self.end(why, reason)

    def await_answer(self, message: Publish, lane: Lane) -> Unanswered:
        """Count a message as in flight; reading pauses (backpressure) while its device has too many on any lane."""
        unanswered = Unanswered(message.packet_id)
        self._lanes.of(lane).append(unanswered)
        self._in_flight.counts[lane] += 1
        self._pause_if_full()
        return unanswered

    def acknowledge(self, unanswered: Unanswered, lane: Lane) -> None:
        """A message is durable: send the PUBACKs whose turn has come on its lane."""
        unanswered.durable = True
        waiting = self._lanes.of(lane)
        due: list[Packet] = []
        while waiting and waiting[0].durable:
            packet_id = waiting.popleft().packet_id
            if packet_id is not None:
                due.append(codec.Puback(packet_id))
        self.send(*due)
        self._in_flight.settle_one(lane)

    def end_not_durable(self, lane: Lane) -> None:
        """A message could not be kept: the device has to connect again and repeat it."""
        self.end(End.NOT_DURABLE, "a message could not be kept: the device has to repeat it")
        self._in_flight.settle_one(lane)

    def take_report(self, route: ReportRoute, payload: bytes, packet_id: int | None) -> None:
        """Hand a report over. With QoS 1 it waits for a place in its device's window."""
        if packet_id is not None:
            self._reports.take_report(route, payload, packet_id)
            return
        self._in_flight.counts[Lane.TELEMETRY] += 1
        self._pause_if_full()
        self._broker.take_report(route, payload, self._settle_unconfirmed, None)

    def _build_reports(self) -> ConnectionReports:
        flow = ReportFlow(
            self._broker.take_report,
            self._broker.count_shed,
            answer=self._answer_reports,
            pause=lambda: self._pause_reading(PauseReason.REPORT_WINDOW),
            read_on=lambda: self._read_on(PauseReason.REPORT_WINDOW),
        )
        return ConnectionReports(flow, self._in_flight)

    def _answer_reports(self, packet_ids: Iterator[int]) -> None:
        """PUBACKs go out with all others of this turn."""
        for packet_id in packet_ids:
            self._pubacks += codec.PUBACK_HEAD + packet_id.to_bytes(2, "big")
        self._broker.answers_wait(self)

    def _settle_unconfirmed(self, packet_id: int | None) -> None:
        """A report of QoS 0 is committed or shed."""
        assert packet_id is None, "a report with packet id has a place in the window"
        self._in_flight.settle_one(Lane.TELEMETRY)

    def _pause_if_full(self) -> None:
        if self._in_flight.is_full and not self.is_ended:
            self._pause_reading(PauseReason.UNANSWERED)
            self._in_flight.paused.add(self._has_room)

    def _has_room(self) -> None:
        """The device has room again: read on in a turn of its own."""
        asyncio.get_running_loop().call_soon(self._read_on, PauseReason.UNANSWERED)

    def write_answers(self) -> None:
        """Write the PUBACKs of settled reports."""
        pubacks, self._pubacks = self._pubacks, bytearray()
        if pubacks:
            self._write(bytes(pubacks))

    def send(self, *packets: Packet) -> None:
        """Write packets. A client that does not read them is dropped when 256 KiB wait for it."""
        if packets:
            self._write(b"".join(map(encode_packet, packets)))

    def _write(self, content: bytes) -> None:
        if self.is_ended or self._transport is None:
            return
        self._transport.write(content)
        if self._transport.get_write_buffer_size() > MAX_WRITE_BYTES:
            self._transport.abort()
            self.end(End.SLOW, "does not read what it is sent")

    def end_if_silent(self, now: float, connect_within_seconds: float) -> None:
        if self._held and self._conversation.stage is ConversationStage.OPEN:
            self._conversation.note_activity(now)  # it was the broker that did not listen
        if self._conversation.is_overdue(now, connect_within_seconds):
            self.end(End.SILENT, "silent for too long")

    def shed(self) -> None:
        """Nobody has authenticated it, and its place is needed."""
        self.end(End.TOO_MANY, "shed for a newer connection: too many are not authenticated")
        if self._transport is not None:
            self._transport.abort()

    def end(self, why: End, reason: str) -> None:
        """Close, once; the will is published as if the client had, when no other connection of the device lives."""
        if self.is_ended:
            return
        member, will = self._member, self._conversation.end()
        self._in_flight.paused.discard(self._has_room)
        self._reports.close()
        if member is None:
            self._broker.admission.log_end(f"{self._name}: {reason}")
        else:
            log.log(logging.INFO if why in (End.LEFT, End.LOST) else logging.WARNING, "%s: %s", self._name, reason)
        self._broker.connection_closed(self, member, why)
        if member is not None:
            self._broker.settle_will(member.principal.device_id, will, is_taken_over=why is End.TAKEN_OVER)
        self._close_after_flush()

    def drop(self) -> None:
        """Close at once and without a will: it is the hub that goes, not the device."""
        self._conversation.end()
        self._reports.close()
        if self._transport is not None:
            self._transport.abort()

    def _go_on(self) -> None:
        """Take the packets of one turn while reading; what is left stays in the parser until reading goes on."""
        taken, now = 0, self._broker.now()
        try:
            while not self._held and not self.is_ended and (frame := self._parser.next_frame()) is not None:
                if not self._take_known_report(*frame, now):
                    self._take_step(self._conversation.receive(codec.decode_packet(*frame), now))
                taken += 1
                if taken == PACKETS_A_TURN:
                    self._pause_reading(PauseReason.TURN_OVER)
                    asyncio.get_running_loop().call_soon(self._read_on, PauseReason.TURN_OVER)
        except Malformed as malformed:
            self._end_refused(End.MALFORMED, malformed.refusal, f"malformed packet: {malformed.reason}")

    def _take_known_report(self, head: int, body: bytes, now: float) -> bool:
        """Take a PUBLISH to a topic that this connection has reported to before and that nobody else listens to.

        False: whatever it is, it is read from the beginning. This is most of what a house says, and costs the least.
        """
        if head not in _PLAIN_PUBLISH or len(body) < 2:
            return False
        end = 2 + (body[0] << 8 | body[1])
        route = self._routes.get(body[:end])
        if route is None or self._routes_of != self._broker.subscriptions:
            return False
        packet_id = None
        if head != _QOS_0:
            packet_id = int.from_bytes(body[end : end + 2], "big")
            end += 2
            if not packet_id or len(body) < end:
                return False
        self._conversation.note_activity(now)
        self.take_report(route, body[end:], packet_id)
        return True

    def remember_route(self, route: ReportRoute) -> None:
        """Reports to this topic are allowed, as long as this connection lasts, and nobody else listens to it now."""
        if self._routes_of != self._broker.subscriptions or len(self._routes) >= MAX_ROUTES:
            self._routes.clear()
            self._routes_of = self._broker.subscriptions
        topic = route.topic.encode()
        self._routes[len(topic).to_bytes(2, "big") + topic] = route

    def _take_step(self, step: PacketAction) -> None:
        match step:
            case TakePublish(publish, lane):
                self._pass_on(publish, lane)
            case Answered(packet_id):
                self.send(*self._authenticated_member().session.acknowledge(packet_id))
            case Pong():
                self.send(codec.Pingresp())
            case codec.Subscribe(packet_id, wanted):
                self.send(*self._broker.subscribe(self._authenticated_member(), wanted, packet_id))
            case codec.Unsubscribe(packet_id, filters):
                self.send(self._broker.unsubscribe(self._authenticated_member(), filters, packet_id))
            case Admit(connect):
                self._pause_reading(PauseReason.ADMITTING)
                self._broker.start_authentication(self, connect)
            case Refuse(code, reason, refusal, connect):
                self._broker.name_refused(connect, refusal, reason)
                self.refuse(code, End.REFUSED, reason)
            case RefuseVersion():
                self._refuse_version(step)
            case Leave():
                self.end(End.LEFT, "left")
            case Violation(reason, refusal):
                self._end_refused(End.VIOLATION, refusal, reason)

    def _pass_on(self, publish: Publish, lane: Lane) -> None:
        principal = self._authenticated_member().principal
        if not may_publish(principal, publish.topic):
            self._end_refused(End.FORBIDDEN, DeviceRefusal.WRONG_TOPIC, f"may not publish to {publish.topic!r}")
            return
        self._broker.receive_message(publish, principal.device_id, self, lane)

    def _end_refused(self, why: End, refusal: DeviceRefusal, reason: str) -> None:
        """End it, and have its device noticed: what it sent is lost, perhaps a press, and only a person can mend it."""
        if self._member is not None:
            self._broker.note_refusal(self._member.principal.device_id, refusal, reason)
        self.end(why, reason)

    def _refuse_version(self, refused: RefuseVersion) -> None:
        self._broker.name_refused(refused.connect, DeviceRefusal.PROTOCOL_VERSION, refused.reason)
        if refused.level >= 5:
            self._write(encode_version_5_refusal())
        else:
            self.send(Connack(session_present=False, code=ConnackCode.WRONG_PROTOCOL))
        self.end(End.REFUSED, refused.reason)

    def _authenticated_member(self) -> Member:
        assert self._member is not None, "only an authenticated client gets this far"
        return self._member

    def _pause_reading(self, why: PauseReason) -> None:
        if self._transport is None or self.is_ended:
            return
        if not self._held:
            self._transport.pause_reading()
        self._held.add(why)

    def _read_on(self, held: PauseReason) -> None:
        """This reason is over: read on when it was one and no other is left."""
        if held not in self._held or self._transport is None or self.is_ended:
            return
        self._held.discard(held)
        if not self._held:
            self._conversation.note_activity(self._broker.now())
            self._transport.resume_reading()
            self._go_on()

    def _close_after_flush(self) -> None:
        """Close after what was written is out, or after two seconds if the peer does not take it."""
        if self._transport is not None:
            self._transport.close()
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._transport.abort)
