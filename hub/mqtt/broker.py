"""How does a device reach the hub without another broker? An MQTT 3.1.1 endpoint that answers when it is durable.

What it leaves out of the standard, on purpose:
* QoS 2 ends the connection: the contract's ids make QoS 1 exact.
* PUBACKs keep their order within a lane, not between lanes (4.6 asks for one order): a press is not answered after
  the reading in front of it.
* Readings and visits are handed over to telemetry, which is another process, and answered when it has settled them.
* Publishing what the rows forbid, and a Last Will on the alarm lane, end the connection.
* RETAIN on the alarm lane is a live press and is not stored.
* Sessions and retained messages live as long as the hub. Devices subscribe again, and the device outbox repeats.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from hub.kit.clock import Clock
from hub.kit.descriptors import places_for_clients
from hub.kit.proxy_protocol import Network
from hub.mqtt import codec, frames
from hub.mqtt.admission import Admission
from hub.mqtt.codec import ConnackCode, Connect, ForeignConnect, Packet, Publish, Will
from hub.mqtt.connection import Connection
from hub.mqtt.exchange import MAX_SESSIONS_OF_A_DEVICE, Exchange, Member, Routed, may_publish
from hub.mqtt.in_flight import DeviceInFlight, Unanswered
from hub.mqtt.model import (
    AuthenticationUnavailable,
    Authenticator,
    DeviceRefusal,
    End,
    Inbound,
    NotDurable,
    NoteRefusal,
    Principal,
    Receivers,
    ReportRoute,
    TakeReport,
    Unreachable,
)
from hub.mqtt.topics import Lane, lane_of
from hub.mqtt.unknown_connections import UnknownLimits

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 5000
SWEEP_SECONDS = 0.5
RECHECK_SECONDS = 1.0


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens; connections wait in it until a broker runs. Port 0 takes a free one.

    Raises OSError when the port is occupied or may not be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=512)


class Broker:
    """The built-in broker: a Transport that serves `listening` with the rows that `authenticator` reads."""

    def __init__(
        self,
        listening: socket.socket,
        *,
        authenticator: Authenticator,
        receivers: Receivers,
        take_report: TakeReport,
        clock: Clock,
        count_shed: Callable[[int], None] = lambda _messages: None,
        note_refusal: NoteRefusal = lambda _device_id, _refusal, _reason: None,
        proxies: tuple[Network, ...] = (),
        unknown: UnknownLimits | None = None,
    ) -> None:
        """`count_shed` gets the number of reports that the broker itself answered without handing them over.

        `proxies`: whose connections begin with a PROXY header; nobody else's may.
        """
        self.note_refusal = note_refusal
        self.counts: Counter[End] = Counter()
        self.take_report = take_report
        self.count_shed = count_shed
        self._listening = listening
        self._authenticator = authenticator
        self._receivers = receivers
        self._clock = clock
        self._exchange = Exchange()
        self._max_connections = places_for_clients(MAX_CONNECTIONS)
        self.admission = Admission[Connection](clock, proxies, unknown or UnknownLimits())
        self._connections: set[Connection] = set()
        self._by_member: dict[Member, Connection] = {}
        self._by_device: dict[str, set[Connection]] = {}
        self._in_flight: dict[str, DeviceInFlight] = {}
        self._with_answers: set[Connection] = set()
        self._wills: dict[str, Will] = {}
        """Of connections that ended while another one of their device lived: the last of each device."""
        self._tasks: asyncio.TaskGroup | None = None

    @property
    def port(self) -> int:
        port: int = self._listening.getsockname()[1]
        return port

    @property
    def connections(self) -> int:
        """How many there are now, authenticated or not."""
        return len(self._connections)

    async def run(self) -> None:
        """Serve until cancelled; then no message in flight is answered any more."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            server = await loop.create_server(lambda: Connection(self), sock=self._listening)
            try:
                while True:
                    await asyncio.sleep(SWEEP_SECONDS)
                    self._end_overdue()
            finally:
                self._tasks = None
                server.close()
                for connection in tuple(self._connections):
                    connection.drop()

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Hand a message to the devices that subscribed to its topic. Raises Unreachable when none did."""
        self.publish_now(topic, payload, qos=qos, retain=retain)

    def publish_now(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """`publish` for callers outside of a task."""
        message = Publish(topic, payload, qos=qos, retain=retain)
        if retain:
            self._exchange.retain_message(message)
        if not self._deliver_routed(self._exchange.route_message(message)) and not retain:
            raise Unreachable(f"no device is subscribed to {topic}")

    def is_connected(self, device_id: str) -> bool:
        """Whether the device has an authenticated connection that is alive."""
        return bool(self._by_device.get(device_id))

    async def revalidate_device(self, device_id: str) -> None:
        """Close the device's connections that other rows authenticated. Raises AuthenticationUnavailable."""
        stamp = await self._authenticator.stamp_of(device_id)
        for connection in tuple(self._by_device.get(device_id, ())):
            if connection.stamp != stamp:
                connection.end(End.SHUT, "its rows changed")

    async def revalidate_all(self) -> None:
        """Changes may have been missed: look at every device that is connected. Raises AuthenticationUnavailable."""
        for device_id in tuple(self._by_device):
            await self.revalidate_device(device_id)

    def _end_overdue(self) -> None:
        now = self._clock.monotonic()
        within = self.admission.connect_within_seconds
        for connection in tuple(self._connections):
            connection.end_if_silent(now, within)
        self._exchange.forget_the_long_gone(now)
        gone = [device for device in self._in_flight.keys() - self._by_device.keys() if self._in_flight[device].is_idle]
        for device in gone:
            del self._in_flight[device]

    def _deliver_routed(self, routed: Routed) -> int:
        for member, messages in routed.deliveries:
            if connection := self._by_member.get(member):
                connection.send(*messages)
        return routed.takers

    # What connections ask of the broker.

    @property
    def subscriptions(self) -> int:
        """Changes with every subscription: who listens to a topic is the same as long as this is."""
        return self._exchange.changes

    def answers_wait(self, connection: Connection) -> None:
        """A connection has PUBACKs of reports to write: one write for all of this turn."""
        if not self._with_answers:
            asyncio.get_running_loop().call_soon(self._write_answers)
        self._with_answers.add(connection)

    def _write_answers(self) -> None:
        connections, self._with_answers = self._with_answers, set()
        for connection in connections:
            connection.write_answers()

    def connection_opened(self, connection: Connection, address: str) -> bool:
        """Whether there is room for one more, and the broker still runs; `""` for a proxy, which has no share."""
        if self._tasks is None:
            return False
        is_full = len(self._connections) >= self._max_connections
        self._connections.add(connection)
        return self.admission.open(connection, address, is_full=is_full)

    def connection_closed(self, connection: Connection, member: Member | None, why: End) -> None:
        """Forget a connection; its session may wait for the next one."""
        self.counts[why] += 1
        self._connections.discard(connection)
        self.admission.ended(connection)
        if member is None:
            return
        if self._by_member.pop(member, None) is not None:
            self._exchange.disconnect_client(member, self._clock.monotonic())
        of_device = self._by_device.get(member.principal.device_id, set())
        of_device.discard(connection)
        if not of_device:
            self._by_device.pop(member.principal.device_id, None)

    def settle_will(self, device_id: str, will: Will | None, *, is_taken_over: bool) -> None:
        """A connection of the device ended, and left a will or none. It counts once no connection of the device lives.

        An old connection that hung is noticed long after its device came back on another (or takes this one over).
        """
        if is_taken_over or self.is_connected(device_id):
            if will is not None:
                self._wills[device_id] = will
            return
        kept = self._wills.pop(device_id, None)
        if (due := will or kept) is not None:
            message = Publish(due.topic, due.payload, qos=due.qos, retain=due.retain)
            self.receive_message(message, device_id, None, lane_of(due.topic))

    def start_authentication(self, connection: Connection, connect: Connect) -> None:
        """Ask the authenticator about a connection while others go on."""
        self.admission.waits_for_answer(connection)
        self._task_group().create_task(self._authenticate(connection, connect))

    def name_refused(self, connect: Connect | ForeignConnect | None, refusal: DeviceRefusal, reason: str) -> None:
        """A client is refused whoever it is; one that proves whose it is has its device noticed."""
        if connect is not None and connect.username is not None and connect.password is not None:
            self._task_group().create_task(self._name_refused(connect.username, connect.password, refusal, reason))

    async def _name_refused(self, username: str, password: str, refusal: DeviceRefusal, reason: str) -> None:
        with suppress(AuthenticationUnavailable):  # it tries again, and is named then
            if await self._authenticator.authenticate(username, password, "") is not None:
                self.note_refusal(username, refusal, reason)

    async def _authenticate(self, connection: Connection, connect: Connect) -> None:
        try:
            principal = await self._authenticator.authenticate(
                connect.username or "", connect.password or "", self.admission.address_of(connection)
            )
        except AuthenticationUnavailable:
            connection.refuse(ConnackCode.UNAVAILABLE, End.REFUSED, "the database that authenticates it is down")
            return
        if connection.is_ended:
            return
        if principal is None:
            connection.refuse(ConnackCode.WRONG_CREDENTIALS, End.CREDENTIALS, "wrong credentials")
        elif connect.will is not None and not may_publish(principal, connect.will.topic):
            reason = "a Last Will that its rows forbid"
            self.note_refusal(principal.device_id, DeviceRefusal.LAST_WILL, reason)
            connection.refuse(ConnackCode.NOT_AUTHORISED, End.FORBIDDEN, reason)
        else:
            self._accept_client(connection, connect, principal)
            await self._recheck_once_in(connection, principal.device_id)

    async def _recheck_once_in(self, connection: Connection, device_id: str) -> None:
        """Its rows may have changed since they were read, when `revalidate_device` could not see it yet."""
        while not connection.is_ended:
            try:
                await self.revalidate_device(device_id)
            except AuthenticationUnavailable as error:
                log.warning("%s stays connected and is revalidated later: %s", device_id, error)
                await asyncio.sleep(RECHECK_SECONDS)
            else:
                return

    def _accept_client(self, connection: Connection, connect: Connect, principal: Principal) -> None:
        client_id = connect.client_id or f"nameless-{secrets.token_hex(8)}"
        self._take_over(principal, client_id)
        if len(self._by_device.get(principal.device_id, ())) >= MAX_SESSIONS_OF_A_DEVICE:
            connection.refuse(ConnackCode.UNAVAILABLE, End.TOO_MANY, "too many connections of this device")
            return
        joined = self._exchange.connect_client(principal, client_id, clean=connect.clean_session)
        if joined is None:
            connection.refuse(ConnackCode.UNAVAILABLE, End.TOO_MANY, "too many sessions")
            return
        member, kept = joined
        self._by_member[member] = connection
        self._by_device.setdefault(principal.device_id, set()).add(connection)
        self.admission.authenticated(connection)
        in_flight = self._in_flight.setdefault(principal.device_id, DeviceInFlight())
        connection.accept_client(connect, member, in_flight, session_present=kept)

    def _take_over(self, principal: Principal, client_id: str) -> None:
        member = self._exchange.members.get((principal.device_id, client_id))
        if member is not None and (before := self._by_member.get(member)) is not None:
            before.end(End.TAKEN_OVER, "the same client connected again")

    def receive_message(self, message: Publish, publisher: str, heard_by: Connection | None, lane: Lane) -> None:
        """Pass a device's message to the hub, and to observers; the connection acknowledges it when it is durable.

        Without a connection it is a Last Will: nobody waits for its answer.
        """
        if message.retain and lane is not Lane.ALARM and not self._exchange.retain_message(message):
            log.warning("%s: no room to retain another topic", publisher)
        self._deliver_routed(self._exchange.route_message(message))
        if lane is Lane.TELEMETRY:
            self._hear_report(message, publisher, heard_by)
            return
        inbound = Inbound(
            topic=message.topic,
            payload=message.payload,
            qos=message.qos,
            publisher=publisher,
            live_retain=message.retain,
            replayed=False,
            received_at=self._clock.now(),
            dup=message.dup,
        )
        unanswered = heard_by.await_answer(message, lane) if heard_by else None
        self._task_group().create_task(self._receive_durably(inbound, lane, heard_by, unanswered))

    def _hear_report(self, message: Publish, publisher: str, heard_by: Connection | None) -> None:
        route = ReportRoute(message.topic, publisher, frames.encode_label(message.topic, publisher))
        if heard_by is None:
            self.take_report(route, message.payload, _settle_last_will, None)
            return
        if not self._exchange.is_watched(message.topic):
            heard_by.remember_route(route)
        heard_by.take_report(route, message.payload, message.packet_id)

    async def _receive_durably(
        self, inbound: Inbound, lane: Lane, heard_by: Connection | None, unanswered: Unanswered | None
    ) -> None:
        receiver = self._receivers.alarm if lane is Lane.ALARM else self._receivers.state
        try:
            await receiver(inbound)
        except NotDurable:
            if heard_by is not None:
                heard_by.end_not_durable(lane)
            return
        if heard_by is not None and unanswered is not None:
            heard_by.acknowledge(unanswered, lane)

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


def _settle_last_will(packet_id: int | None) -> None:
    """Nobody waits for an answer: a Last Will has no connection any more."""
    assert packet_id is None, "a Last Will has no packet id"
