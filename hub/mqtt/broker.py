"""How does a device reach the hub without another broker? An MQTT 3.1.1 endpoint that answers when it is durable.

What it leaves out of the standard, on purpose:
* QoS 2 ends the connection: the contract's ids make QoS 1 exact.
* PUBACKs keep their order within a lane, not between lanes (4.6 asks for one order): a press is not answered after
  the reading in front of it.
* Publishing what the rows forbid, and a Last Will on the alarm lane, end the connection.
* RETAIN on the alarm lane is a live press and is not stored.
* Sessions and retained messages live as long as the hub. Devices subscribe again, and the device outbox repeats.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

from hub.kit.clock import Clock
from hub.mqtt import codec
from hub.mqtt.codec import Connack, ConnackCode, Connect, Malformed, Packet, Publish
from hub.mqtt.conversation import (
    Admit,
    Answered,
    Conversation,
    Hear,
    Leave,
    Pong,
    Refuse,
    RefuseVersion,
    Stage,
    Step,
    Violation,
)
from hub.mqtt.exchange import MAX_SESSIONS_OF_A_DEVICE, Exchange, Member, Routed, may_publish
from hub.mqtt.model import CannotTell, Gatekeeper, Inbound, NotDurable, Principal, Receivers, Unreachable
from hub.mqtt.topics import Lane, lane_of

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 5000
MAX_UNKNOWN_CONNECTIONS = 200
MAX_UNANSWERED_ALARMS = 256
MAX_UNANSWERED_REPORTS = 500
"""Of one connection. Each is answered within a second, so that reading goes on within one: a press behind a backlog of
its own connection waits for as many seconds as there are 500 readings before it, while the database takes none."""
PACKETS_A_TURN = 50
"""Of one connection. The others have their turn before it goes on: no flood holds the loop for 10 ms."""
MAX_WRITE_BYTES = 256 * 1024
SWEEP_SECONDS = 0.5
FLUSH_SECONDS = 2.0
RECHECK_SECONDS = 1.0


class End(StrEnum):
    """Why a connection ended; the broker counts each."""

    LEFT = "left"
    LOST = "lost"
    TAKEN_OVER = "taken_over"
    CREDENTIALS = "credentials"
    REFUSED = "refused"
    FORBIDDEN = "forbidden"
    MALFORMED = "malformed"
    VIOLATION = "violation"
    SILENT = "silent"
    SLOW = "slow"
    NOT_DURABLE = "not_durable"
    SHUT = "shut"
    TOO_MANY = "too_many"


class Held(StrEnum):
    """Why the broker does not read from a connection for now."""

    ADMITTING = "admitting"
    UNANSWERED = "unanswered"
    TURN_OVER = "turn_over"


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens; connections wait in it until a broker runs. Port 0 takes a free one.

    Raises OSError when the port is occupied or may not be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=512)


class Broker:
    """The built-in broker: a Transport that serves `listening` with the rows that `gatekeeper` reads."""

    def __init__(self, listening: socket.socket, *, gatekeeper: Gatekeeper, receivers: Receivers, clock: Clock) -> None:
        self.counts: Counter[End] = Counter()
        self._listening = listening
        self._gatekeeper = gatekeeper
        self._receivers = receivers
        self._clock = clock
        self._exchange = Exchange()
        self._connections: set[_Connection] = set()
        self._by_member: dict[Member, _Connection] = {}
        self._by_device: dict[str, set[_Connection]] = {}
        self._tasks: asyncio.TaskGroup | None = None

    @property
    def port(self) -> int:
        port: int = self._listening.getsockname()[1]
        return port

    @property
    def connections(self) -> int:
        """How many there are now, let in or not."""
        return len(self._connections)

    async def run(self) -> None:
        """Serve until cancelled; then no message in hand is answered any more."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            server = await loop.create_server(lambda: _Connection(self), sock=self._listening)
            try:
                while True:
                    await asyncio.sleep(SWEEP_SECONDS)
                    self._sweep()
            finally:
                self._tasks = None
                server.close()
                for connection in tuple(self._connections):
                    connection.drop()

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Hand a message to the devices that subscribed to its topic. Raises Unreachable when none did."""
        message = Publish(topic, payload, qos=qos, retain=retain)
        if retain:
            self._exchange.retain(message)
        if not self._deliver(self._exchange.route(message)) and not retain:
            raise Unreachable(f"no device is subscribed to {topic}")

    def is_connected(self, device_id: str) -> bool:
        """Whether the device has a connection that was let in and is alive."""
        return bool(self._by_device.get(device_id))

    async def recheck(self, device_id: str) -> None:
        """The rows of a device changed: shut its connections when they were let in by other rows. Raises CannotTell."""
        stamp = await self._gatekeeper.stamp_of(device_id)
        for connection in tuple(self._by_device.get(device_id, ())):
            if connection.stamp != stamp:
                connection.end(End.SHUT, "its rows changed")

    async def recheck_all(self) -> None:
        """Changes may have been missed: look at every device that is connected. Raises CannotTell."""
        for device_id in tuple(self._by_device):
            await self.recheck(device_id)

    def _sweep(self) -> None:
        now = self._clock.monotonic()
        for connection in tuple(self._connections):
            connection.end_if_silent(now)
        self._exchange.forget_the_long_gone(now)

    def _deliver(self, routed: Routed) -> int:
        for member, messages in routed.deliveries:
            if connection := self._by_member.get(member):
                connection.send(*messages)
        return routed.takers

    # What connections ask of the broker.

    def opened(self, connection: _Connection) -> bool:
        """Whether there is room for one more, and the broker still runs."""
        if self._tasks is None:
            return False
        unknown = sum(1 for other in self._connections if other.stamp is None)
        if len(self._connections) >= MAX_CONNECTIONS or unknown >= MAX_UNKNOWN_CONNECTIONS:
            self.counts[End.TOO_MANY] += 1
            return False
        self._connections.add(connection)
        return True

    def closed(self, connection: _Connection, member: Member | None, why: End) -> None:
        """Forget a connection; its session may wait for the next one."""
        self.counts[why] += 1
        self._connections.discard(connection)
        if member is None:
            return
        if self._by_member.pop(member, None) is not None:
            self._exchange.part(member, self._clock.monotonic())
        of_device = self._by_device.get(member.principal.device_id, set())
        of_device.discard(connection)
        if not of_device:
            self._by_device.pop(member.principal.device_id, None)

    def start(self, connection: _Connection, connect: Connect) -> None:
        """Ask the gatekeeper about a connection while others go on."""
        self._task_group().create_task(self._admit(connection, connect))

    async def _admit(self, connection: _Connection, connect: Connect) -> None:
        try:
            principal = await self._gatekeeper.admit(connect.username or "", connect.password or "", connect.client_id)
        except CannotTell:
            connection.refuse(ConnackCode.UNAVAILABLE, End.REFUSED, "who it is cannot be looked up now")
            return
        if connection.is_ended:
            return
        if principal is None:
            connection.refuse(ConnackCode.WRONG_CREDENTIALS, End.CREDENTIALS, "wrong credentials")
        elif connect.will is not None and not may_publish(principal, connect.will.topic):
            connection.refuse(ConnackCode.NOT_AUTHORISED, End.FORBIDDEN, "a Last Will that its rows forbid")
        else:
            self._let_in(connection, connect, principal)
            await self._recheck_once_in(connection, principal.device_id)

    async def _recheck_once_in(self, connection: _Connection, device_id: str) -> None:
        """Its rows may have changed since the gatekeeper read them, when `recheck` could not see it yet."""
        while not connection.is_ended:
            try:
                await self.recheck(device_id)
            except CannotTell as error:
                log.warning("%s was let in and is looked at again later: %s", device_id, error)
                await asyncio.sleep(RECHECK_SECONDS)
            else:
                return

    def _let_in(self, connection: _Connection, connect: Connect, principal: Principal) -> None:
        client_id = connect.client_id or f"nameless-{secrets.token_hex(8)}"
        self._take_over(principal, client_id)
        if len(self._by_device.get(principal.device_id, ())) >= MAX_SESSIONS_OF_A_DEVICE:
            connection.refuse(ConnackCode.UNAVAILABLE, End.TOO_MANY, "too many connections of this device")
            return
        joined = self._exchange.join(principal, client_id, clean=connect.clean_session)
        if joined is None:
            connection.refuse(ConnackCode.UNAVAILABLE, End.TOO_MANY, "too many sessions")
            return
        member, kept = joined
        self._by_member[member] = connection
        self._by_device.setdefault(principal.device_id, set()).add(connection)
        connection.let_in(connect, member, session_present=kept)

    def _take_over(self, principal: Principal, client_id: str) -> None:
        member = self._exchange.members.get((principal.device_id, client_id))
        if member is not None and (before := self._by_member.get(member)) is not None:
            before.end(End.TAKEN_OVER, "the same client connected again")

    def hear(self, message: Publish, publisher: str, heard_by: _Connection | None, lane: Lane) -> None:
        """Pass a device's message to the hub, and to whoever watches; the connection is told when it is durable."""
        if message.retain and lane is not Lane.ALARM and not self._exchange.retain(message):
            log.warning("%s: no room to retain another topic", publisher)
        self._deliver(self._exchange.route(message))
        inbound = Inbound(
            topic=message.topic,
            payload=message.payload,
            qos=message.qos,
            publisher=publisher,
            live_retain=message.retain,
            replayed=False,
            received_at=self._clock.now(),
            received_monotonic=self._clock.monotonic(),
        )
        unanswered = heard_by.await_answer(message, lane) if heard_by else None
        self._task_group().create_task(self._receive(inbound, lane, heard_by, unanswered))

    async def _receive(
        self, inbound: Inbound, lane: Lane, heard_by: _Connection | None, unanswered: _Unanswered | None
    ) -> None:
        receiver = self._receivers.alarm if lane is Lane.ALARM else self._receivers.telemetry
        try:
            await receiver(inbound)
        except NotDurable:
            if heard_by is not None:
                heard_by.end(End.NOT_DURABLE, "a message could not be kept: the device has to repeat it")
            return
        if heard_by is not None and unanswered is not None:
            heard_by.answer(unanswered, lane)

    def subscribe(self, member: Member, wanted: tuple[tuple[str, int], ...], packet_id: int) -> tuple[Packet, ...]:
        """SUBACK, then what is retained."""
        codes = self._exchange.subscribe(member, wanted)
        return codec.Suback(packet_id, codes), *self._exchange.retained_for(member, wanted)

    def unsubscribe(self, member: Member, filters: tuple[str, ...], packet_id: int) -> Packet:
        self._exchange.unsubscribe(member, filters)
        return codec.Unsuback(packet_id)

    def now(self) -> float:
        return self._clock.monotonic()

    def _task_group(self) -> asyncio.TaskGroup:
        assert self._tasks is not None, "connections come only while the broker runs"
        return self._tasks


@dataclass(slots=True, eq=False)
class _Unanswered:
    """A PUBLISH whose PUBACK is owed; QoS 0 is owed none and only holds its place."""

    packet_id: int | None
    durable: bool = False


@dataclass(slots=True)
class _Lanes:
    """What is unanswered on each lane, oldest first."""

    alarm: deque[_Unanswered] = field(default_factory=deque)
    telemetry: deque[_Unanswered] = field(default_factory=deque)

    def of(self, lane: Lane) -> deque[_Unanswered]:
        return self.alarm if lane is Lane.ALARM else self.telemetry

    @property
    def are_full(self) -> bool:
        return len(self.alarm) >= MAX_UNANSWERED_ALARMS or len(self.telemetry) >= MAX_UNANSWERED_REPORTS

    @property
    def have_room(self) -> bool:
        """Half of it, so that reading does not stop and go on with every message."""
        return len(self.alarm) < MAX_UNANSWERED_ALARMS // 2 and len(self.telemetry) < MAX_UNANSWERED_REPORTS // 2


@runtime_checkable
class _Wire(Protocol):
    """What a connection needs of a transport. uvloop's have it and do not inherit from asyncio's."""

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def get_write_buffer_size(self) -> int: ...


class _Connection(asyncio.Protocol):
    """One client's connection: bytes in, steps done, bytes out."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._conversation = Conversation(broker.now())
        self._parser = codec.Parser()
        self._lanes = _Lanes()
        self._member: Member | None = None
        self._transport: _Wire | None = None
        self._held: set[Held] = set()
        self._name = "a connection"

    @property
    def stamp(self) -> str | None:
        """Of the principal that was let in; None before."""
        return self._member.principal.stamp if self._member else None

    @property
    def is_ended(self) -> bool:
        return self._conversation.stage is Stage.ENDED

    # From the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, _Wire)
        self._transport = transport
        self._name = "{}:{}".format(*(transport.get_extra_info("peername") or ("?", "?"))[:2])
        # A cable that was pulled is noticed even when the client asked for no keep-alive.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if not self._broker.opened(self):
            self.drop()

    def data_received(self, data: bytes) -> None:
        self._parser.add(data)
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self.end(End.LOST, f"lost ({exc})" if exc else "lost")

    # From the broker.

    def let_in(self, connect: Connect, member: Member, *, session_present: bool) -> None:
        self._member = member
        self._name = f"{member.principal.device_id} ({connect.client_id!r})"
        self._conversation.admitted(connect, self._broker.now())
        self.send(Connack(session_present, ConnackCode.ACCEPTED), *member.session.resume())
        self._read_on(Held.ADMITTING)

    def refuse(self, code: ConnackCode, why: End, reason: str) -> None:
        """Say why, and close."""
        self.send(Connack(session_present=False, code=code))
        self.end(why, reason)

    def await_answer(self, message: Publish, lane: Lane) -> _Unanswered:
        """Remember that a message waits for its receiver; reading pauses while too many of either lane do."""
        unanswered = _Unanswered(message.packet_id)
        self._lanes.of(lane).append(unanswered)
        if self._lanes.are_full:
            self._hold_back(Held.UNANSWERED)
        return unanswered

    def answer(self, unanswered: _Unanswered, lane: Lane) -> None:
        """A message is durable: send the PUBACKs whose turn has come on its lane."""
        unanswered.durable = True
        waiting = self._lanes.of(lane)
        due: list[Packet] = []
        while waiting and waiting[0].durable:
            packet_id = waiting.popleft().packet_id
            if packet_id is not None:
                due.append(codec.Puback(packet_id))
        self.send(*due)
        if self._lanes.have_room:
            self._read_on(Held.UNANSWERED)

    def send(self, *packets: Packet) -> None:
        """Write packets. A client that does not read them is dropped when 256 KiB wait for it."""
        if self.is_ended or self._transport is None or not packets:
            return
        self._transport.write(b"".join(map(codec.encode, packets)))
        if self._transport.get_write_buffer_size() > MAX_WRITE_BYTES:
            self._transport.abort()
            self.end(End.SLOW, "does not read what it is sent")

    def end_if_silent(self, now: float) -> None:
        if self._held and self._conversation.stage is Stage.OPEN:
            self._conversation.heard(now)  # it was the broker that did not listen
        if self._conversation.is_overdue(now):
            self.end(End.SILENT, "silent for too long")

    def end(self, why: End, reason: str) -> None:
        """Close, once; the will, unless it is void, is published as if the client had."""
        if self.is_ended:
            return
        member, will = self._member, self._conversation.end()
        log.log(logging.INFO if why in (End.LEFT, End.LOST) else logging.WARNING, "%s: %s", self._name, reason)
        self._broker.closed(self, member, why)
        if will is not None and member is not None:
            message = Publish(will.topic, will.payload, qos=will.qos, retain=will.retain)
            self._broker.hear(message, member.principal.device_id, None, lane_of(will.topic))
        self._let_go()

    def drop(self) -> None:
        """Close at once and without a will: it is the hub that goes, not the device."""
        self._conversation.end()
        if self._transport is not None:
            self._transport.abort()

    def _go_on(self) -> None:
        """Take the packets of one turn while reading; what is left stays in the parser until reading goes on."""
        try:
            for taken, packet in enumerate(self._reading_packets(), 1):
                self._do(self._conversation.receive(packet, self._broker.now()))
                if taken == PACKETS_A_TURN:
                    self._hold_back(Held.TURN_OVER)
                    asyncio.get_running_loop().call_soon(self._read_on, Held.TURN_OVER)
        except Malformed as malformed:
            self.end(End.MALFORMED, f"malformed packet: {malformed.reason}")

    def _reading_packets(self) -> Iterator[Packet]:
        packets = self._parser.packets()
        while not self._held and not self.is_ended and (packet := next(packets, None)) is not None:
            yield packet

    def _do(self, step: Step) -> None:
        match step:
            case Hear(publish, lane):
                self._hear(publish, lane)
            case Answered(packet_id):
                self.send(*self._known().session.answered(packet_id))
            case Pong():
                self.send(codec.Pingresp())
            case codec.Subscribe(packet_id, wanted):
                self.send(*self._broker.subscribe(self._known(), wanted, packet_id))
            case codec.Unsubscribe(packet_id, filters):
                self.send(self._broker.unsubscribe(self._known(), filters, packet_id))
            case Admit(connect):
                self._hold_back(Held.ADMITTING)
                self._broker.start(self, connect)
            case Refuse(code, reason):
                self.refuse(code, End.REFUSED, reason)
            case RefuseVersion(level):
                self._refuse_version(level)
            case Leave():
                self.end(End.LEFT, "left")
            case Violation(reason):
                self.end(End.VIOLATION, reason)

    def _hear(self, publish: Publish, lane: Lane) -> None:
        principal = self._known().principal
        if not may_publish(principal, publish.topic):
            self.end(End.FORBIDDEN, f"may not publish to {publish.topic!r}")
            return
        self._broker.hear(publish, principal.device_id, self, lane)

    def _refuse_version(self, level: int) -> None:
        if level >= 5 and self._transport is not None:
            self._transport.write(codec.refusal_of_version_5())
        elif level < 5:
            self.send(Connack(session_present=False, code=ConnackCode.WRONG_PROTOCOL))
        self.end(End.REFUSED, f"speaks protocol level {level}; this broker speaks 4 (MQTT 3.1.1)")

    def _known(self) -> Member:
        assert self._member is not None, "only a client that was let in gets this far"
        return self._member

    def _hold_back(self, why: Held) -> None:
        if self._transport is None or self.is_ended:
            return
        if not self._held:
            self._transport.pause_reading()
        self._held.add(why)

    def _read_on(self, held: Held) -> None:
        """This reason is over: read on when it was one and no other is left."""
        if held not in self._held or self._transport is None or self.is_ended:
            return
        self._held.discard(held)
        if not self._held:
            self._conversation.heard(self._broker.now())
            self._transport.resume_reading()
            self._go_on()

    def _let_go(self) -> None:
        """Close after what was written is out, or after two seconds if the peer does not take it."""
        if self._transport is not None:
            self._transport.close()
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._transport.abort)
