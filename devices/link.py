"""How does a device stay connected to its hub? One paho-mqtt client per connection, driven by asyncio.

paho in this mode reconnects nothing by itself, so a lost connection is replaced by a fresh one after a pause. Nothing
is left to paho's own queue: what must arrive is repeated from the outbox, so that no press ever waits behind a reading.
"""

import asyncio
import logging
import random
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from devices.contract.messages import ConnectionState, StatusMessage, serialize_message
from devices.contract.topics import Kind, build_topic, parse_topic
from devices.retries import pause_before_connecting

log = logging.getLogger(__name__)

FIRMWARE: Final = "0.1.0"
KEEP_ALIVE: Final = 20  # seconds
HEARTBEAT: Final = 100.0  # seconds, at most, between two things that a device says: a third of what a hub waits for
_LOOK_EVERY: Final = 5.0  # seconds between two looks at the keep-alive
_CONNECT_WITHIN: Final = 5.0
MOST_READINGS_IN_FLIGHT: Final = 5
"""Readings without a PUBACK; one more is dropped."""
_MOST_IN_FLIGHT: Final = 200
"""Messages without a PUBACK that paho sends before it queues (20 by itself): room for every repeated press."""

OFFLINE: Final = serialize_message(StatusMessage(state=ConnectionState.OFFLINE))

Dial = Callable[[str, int], Awaitable[socket.socket]]
TakePayload = Callable[[bytes], None]


async def connect_socket(host: str, port: int) -> socket.socket:
    """A connected, non-blocking socket. Raises OSError."""
    loop = asyncio.get_running_loop()
    problem: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(0)
        try:
            await loop.sock_connect(connection, address)
        except OSError as error:
            connection.close()
            problem = error
        except asyncio.CancelledError:
            connection.close()
            raise
        else:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
    raise problem


@dataclass(frozen=True, slots=True)
class BrokerEndpoint:
    """Where devices connect, and in which version of MQTT."""

    host: str
    port: int
    version: Literal["3.1.1", "5"] = "3.1.1"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a device is; its password is None only at a broker that asks for none."""

    centre: str
    device: str
    password: str | None = field(default=None, repr=False)


class DeviceLink:
    """The connection of one device. `hears` says which subtopics it subscribes to and who is told."""

    def __init__(
        self,
        broker: BrokerEndpoint,
        identity: Identity,
        *,
        hears: Mapping[Kind, TakePayload],
        on_connected: Callable[[], None] = lambda: None,
        dial: Dial = connect_socket,
        firmware: str = FIRMWARE,
    ) -> None:
        self.identity = identity
        self.refused: str | None = None
        self._broker = broker
        self._hears = dict(hears)
        self._on_connected = on_connected
        self._dial = dial
        self._firmware = firmware
        self._connection: _LinkConnection | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted our CONNECT and we have not heard otherwise."""
        return self._connection is not None and self._connection.is_up

    async def run(self) -> None:
        """Connect, and connect again whenever that ends, until cancelled."""
        failures = 0
        while True:
            up = await self._one_connection()
            failures = 0 if up else failures + 1
            # Jitter, not a secret.
            await asyncio.sleep(pause_before_connecting(failures, random.random()))  # noqa: S311

    def send(self, kind: Kind, payload: bytes, *, retain: bool = False) -> bool:
        """Publish with QoS 1 now; False when there is no connection. The broker's PUBACK proves nothing."""
        if self._connection is None or not self._connection.is_up:
            return False
        return self._connection.publish(self._topic(kind), payload, qos=1, retain=retain) is not None

    async def send_heartbeats(self) -> None:
        """Say `online` now and then, for a device that may have nothing else to say for days: until cancelled.

        That a connection stands says nothing of the device behind it: a gateway keeps one up as well.
        """
        while True:
            await asyncio.sleep(HEARTBEAT * random.uniform(0.8, 1.0))  # noqa: S311 - spreads devices, no secret
            self.send(Kind.STATUS, self._online_message(), retain=True)

    def send_reading(self, payload: bytes) -> bool:
        """Publish readings with QoS 1; False when there is no connection or five are still without an answer."""
        return self._connection is not None and self._connection.publish_reading(self._topic(Kind.TELE), payload)

    async def _one_connection(self) -> bool:
        """One connection from its beginning to its end; whether the broker ever accepted the CONNECT."""
        host, port = self._broker.host, self._broker.port
        try:
            async with asyncio.timeout(_CONNECT_WITHIN):
                connected = await self._dial(host, port)
        except (OSError, TimeoutError) as error:
            log.debug("%s cannot reach %s:%s (%s)", self.identity.device, host, port, type(error).__name__)
            return False
        self._connection = connection = _LinkConnection(
            self._build_client(), connected, self._start_session, self._receive_message
        )
        try:
            await connection.wait_closed()
        finally:
            connection.close(last_message=(self._topic(Kind.STATUS), OFFLINE))
            self._connection = None
        if connection.refusal is not None:
            log.warning("%s was refused by %s:%s: %s", self.identity.device, host, port, connection.refusal)
        self.refused = connection.refusal
        return connection.was_up

    def _build_client(self) -> "_Client":
        version = MQTTv5 if self._broker.version == "5" else MQTTv311
        clean = True if version == MQTTv311 else None
        client = _Client(CallbackAPIVersion.VERSION2, self.identity.device, clean, protocol=version)
        client.username_pw_set(self.identity.device, self.identity.password)
        client.will_set(self._topic(Kind.STATUS), OFFLINE, qos=1, retain=True)
        return client

    def _start_session(self, connection: "_LinkConnection") -> None:
        self.refused = None
        connection.subscribe([self._topic(kind) for kind in self._hears])
        connection.publish(self._topic(Kind.STATUS), self._online_message(), qos=1, retain=True)
        self._on_connected()

    def _online_message(self) -> bytes:
        return serialize_message(StatusMessage(state=ConnectionState.ONLINE, fw=self._firmware))

    def _receive_message(self, message: MQTTMessage) -> None:
        parsed = parse_topic(message.topic)
        hear = self._hears.get(parsed.kind) if parsed else None
        if hear is not None:
            hear(bytes(message.payload))

    def _topic(self, kind: Kind) -> str:
        return build_topic(self.identity.centre, kind, self.identity.device)


class _Client(Client):
    """A paho client that takes a connected socket instead of blocking the loop while it connects."""

    connected: socket.socket | None = None

    def _create_socket_connection(self) -> socket.socket:
        assert self.connected is not None
        return self.connected

    def end_lost_connection(self) -> None:
        """End the connection as paho does when it notices itself."""
        self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)


class _LinkConnection:
    """One paho client on one socket, from CONNECT to the end."""

    def __init__(
        self,
        client: _Client,
        connected: socket.socket,
        entered: Callable[["_LinkConnection"], None],
        heard: Callable[[MQTTMessage], None],
    ) -> None:
        self.was_up = False
        self.is_up = False
        self.refusal: str | None = None
        self._client = client
        self._entered = entered
        self._readings: set[int] = set()
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._socket = client.connected = connected
        client.on_socket_open = lambda *_: self._loop.add_reader(connected, self._read)
        client.on_socket_close = self._socket_closes
        client.on_socket_register_write = lambda *_: self._loop.add_writer(connected, self._write)
        client.on_socket_unregister_write = lambda *_: self._writes_no_more()
        client.on_connect = self._connack
        client.on_disconnect = self._disconnected
        client.on_message = lambda _client, _userdata, message: heard(message)
        client.on_publish = lambda _client, _userdata, mid, _reason, _properties: self._readings.discard(mid)
        client.max_inflight_messages = _MOST_IN_FLIGHT
        client.suppress_exceptions = False
        client.connect("connected", 1, keepalive=KEEP_ALIVE)

    async def wait_closed(self) -> None:
        """Return when the connection is over."""
        waited = 0.0
        while not self._over.is_set():
            try:
                async with asyncio.timeout(_LOOK_EVERY):
                    await self._over.wait()
            except TimeoutError:
                waited += _LOOK_EVERY
                self._run_guarded(self._client.loop_misc)
                if not self.was_up and waited >= _CONNECT_WITHIN:
                    self._client.end_lost_connection()

    def close(self, *, last_message: tuple[str, bytes]) -> None:
        """Publish `last_message`, disconnect if possible, close; a broker drops the Will of a client that leaves so."""
        if self.is_up:
            self.publish(*last_message, qos=1, retain=True)
            self._client.disconnect()
            self._run_guarded(self._client.loop_write)
        self._client.end_lost_connection()

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool = False) -> int | None:
        """Give a message to paho; its packet id, or None when the connection is over."""
        sent = self._client.publish(topic, payload, qos=qos, retain=retain)
        return sent.mid if sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def publish_reading(self, topic: str, payload: bytes) -> bool:
        """The same for a reading, of which only a few may be without an answer."""
        if not self.is_up or len(self._readings) >= MOST_READINGS_IN_FLIGHT:
            return False
        mid = self.publish(topic, payload, qos=1)
        if mid is not None:
            self._readings.add(mid)
        return mid is not None

    def subscribe(self, topics: list[str]) -> None:
        if topics:
            self._client.subscribe([(topic, 1) for topic in topics])

    def _read(self) -> None:
        self._run_guarded(self._client.loop_read)

    def _write(self) -> None:
        self._run_guarded(self._client.loop_write)

    def _run_guarded(self, step: Callable[[], MQTTErrorCode]) -> None:
        """Take one step of paho's. A reset connection escapes from some of them as an exception (2.2)."""
        try:
            step()
        except OSError:
            self._client.end_lost_connection()

    def _connack(
        self, _client: Client, _userdata: object, _flags: ConnectFlags, reason: ReasonCode, _more: Properties | None
    ) -> None:
        if reason.is_failure:
            self.refusal = str(reason)
            self._over.set()
            return
        self.is_up = self.was_up = True
        self._entered(self)

    def _disconnected(
        self, _client: Client, _userdata: object, _flags: DisconnectFlags, _reason: ReasonCode, _more: Properties | None
    ) -> None:
        self.is_up = False
        self._over.set()

    def _socket_closes(self, *_: object) -> None:
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)

    def _writes_no_more(self) -> None:
        self._loop.remove_writer(self._socket)
