"""How is one session at another broker kept? paho-mqtt with MQTT 5, inside the event loop.

paho runs inside the event loop (`add_reader`), so that acknowledging and losing a connection cannot overlap. What that
takes is here: paho does not reconnect by itself in this mode, and a ConnectionError escapes from its reading.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from hub.kit.clock import Clock
from hub.mqtt.model import Inbound, NotDurable, Receiver, Unreachable

log = logging.getLogger(__name__)

SESSION_SECONDS: Final = 7 * 24 * 3600
KEEP_ALIVE_SECONDS: Final = 15
CONNECT_SECONDS: Final = 5.0
PUBLISH_SECONDS: Final = 5.0
FIRST_WAIT_SECONDS: Final = 0.25
LONGEST_WAIT_SECONDS: Final = 15.0
MISC_SECONDS: Final = 1.0
NO_SUBSCRIBERS: Final = 0x10
"""Reason code of a PUBACK for a message that nobody subscribed to (MQTT 5, 3.4.2.1)."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who the hub is there. `client_id` stays the same for ever: it names the sessions."""

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None


class BrokerSession:
    """A client, its session, and what is in flight."""

    def __init__(
        self,
        address: BrokerAddress,
        name: str,
        filters: tuple[str, ...],
        receiver: Receiver,
        clock: Clock,
        *,
        in_flight: int,
        kept: int = 0,
        not_any_more: tuple[str, ...] = (),
    ) -> None:
        """`in_flight`: at most so many on a connection; `kept`: of these so many, the oldest, when it is lost.

        `not_any_more`: filters that an earlier version subscribed to in this session.
        """
        self.is_up = False
        self.lost_sessions = 0
        self._address = address
        self._name = name
        self._filters = filters
        self._receiver = receiver
        self._clock = clock
        self._most_in_flight = in_flight
        self._kept_in_flight = kept
        self._not_any_more = not_any_more
        self._had_session = False
        self._epoch = 0
        self._attached = False
        self._settled = asyncio.Event()  # up, or over before it was
        self._ended = asyncio.Event()
        self._in_flight: dict[asyncio.Task[None], None] = {}  # oldest first
        self._unconfirmed: dict[int, asyncio.Future[ReasonCode]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._client = self._new_client()

    async def run(self) -> None:
        """Be connected, or be trying, until cancelled."""
        wait = FIRST_WAIT_SECONDS
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self._run_keep_alive())
            try:
                while True:
                    was_up = await self._connect_and_stay()
                    wait = FIRST_WAIT_SECONDS if was_up else min(wait * 2, LONGEST_WAIT_SECONDS)
                    await asyncio.sleep(wait)
            finally:
                self._disconnect()

    async def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> None:
        if not self.is_up:
            raise Unreachable("the broker is down")
        sent = self._client.publish(topic, payload, qos, retain)
        if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise Unreachable(f"the broker does not take more now ({sent.rc.name})")
        if qos == 0:
            return
        confirmed = asyncio.get_running_loop().create_future()
        self._unconfirmed[sent.mid] = confirmed
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                reason: ReasonCode = await confirmed
        except TimeoutError as error:
            raise Unreachable("the broker does not answer") from error
        finally:
            self._unconfirmed.pop(sent.mid, None)
        if reason.is_failure or (reason.value == NO_SUBSCRIBERS and not retain):
            raise Unreachable(f"{topic}: {reason}")

    # One connection.

    async def _connect_and_stay(self) -> bool:
        """Connect, and return when the connection is over: whether it had been up."""
        self._settled.clear()
        self._ended.clear()
        try:
            await self._open()
        except OSError as error:
            log.warning("the broker at %s:%d is down: %s", self._address.host, self._address.port, error)
            return False
        self._attach_socket()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._settled.wait()
        except TimeoutError:
            log.warning("the broker at %s:%d accepted the connection and is unresponsive", *self._where())
            self._break_connection()
        was_up = self.is_up
        await self._ended.wait()
        return was_up

    async def _open(self) -> None:
        """Connect the socket in a thread; a cancellation waits until that is over, so that no socket is left behind."""
        opening = asyncio.get_running_loop().run_in_executor(None, self._connect)
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            with suppress(OSError):
                await opening
            raise

    def _connect(self) -> None:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # so is paho
        properties.SessionExpiryInterval = SESSION_SECONDS
        properties.ReceiveMaximum = self._most_in_flight
        host, port = self._where()
        self._client.connect(host, port, KEEP_ALIVE_SECONDS, clean_start=False, properties=properties)

    def _where(self) -> tuple[str, int]:
        return self._address.host, self._address.port

    def _attach_socket(self) -> None:
        sock = self._client.socket()
        if sock is None:
            self._connection_lost()
            return
        self._attached = True
        self._epoch += 1
        loop = asyncio.get_running_loop()
        loop.add_reader(sock, self._read)
        if self._client.want_write():
            loop.add_writer(sock, self._write)

    def _connection_lost(self) -> None:
        """The connection is over: what is in flight and will be delivered again is dropped, what was sent is uncertain.

        The broker has answered the device of a press in flight and may lose it in a crash: it is kept, and counts once
        when it is delivered again.
        """
        self.is_up = False
        for task in tuple(self._in_flight)[self._kept_in_flight :]:
            task.cancel()
        for confirmed in self._unconfirmed.values():
            if not confirmed.done():
                confirmed.set_exception(Unreachable("the connection to the broker was lost"))
        self._settled.set()
        self._ended.set()

    def _break_connection(self) -> None:
        """Close without DISCONNECT: the session stays, and what was not acknowledged is delivered again."""
        self._client._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)  # noqa: SLF001 - paho has no public way
        self._connection_lost()

    def _disconnect(self) -> None:
        with self._connection_may_break():
            self._client.disconnect()
            self._client.loop_write()
        self._client._reset_sockets()  # noqa: SLF001 - paho leaves its sockets to the garbage collector
        self._connection_lost()

    def _read(self) -> None:
        with self._connection_may_break():
            self._client.loop_read()
            # What TLS has already decrypted does not make the socket readable again.
            while isinstance(sock := self._client.socket(), ssl.SSLSocket) and sock.pending():
                self._client.loop_read()

    def _write(self) -> None:
        with self._connection_may_break():
            self._client.loop_write()

    async def _run_keep_alive(self) -> None:
        while True:
            await asyncio.sleep(MISC_SECONDS)
            if self._attached:
                with self._connection_may_break():
                    self._client.loop_misc()

    def _connection_may_break(self) -> _MayBreak:
        return _MayBreak(self._break_connection)

    # What paho calls; all but the first connection's writing happens in the event loop.

    def _new_client(self) -> Client:
        address = self._address
        client = Client(
            CallbackAPIVersion.VERSION2, f"{address.client_id}-{self._name}", protocol=MQTTProtocolVersion.MQTTv5
        )
        client.manual_ack_set(on=True)
        client.connect_timeout = CONNECT_SECONDS
        client.max_queued_messages_set(1000)
        if address.username is not None:
            client.username_pw_set(address.username, address.password)
        if address.tls is not None:
            client.tls_set_context(address.tls)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_register_write
        client.on_socket_unregister_write = self._on_unregister_write
        return client

    def _on_connect(
        self, client: Client, _: object, flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            log.error("the broker at %s:%d refuses the hub: %s", *self._where(), reason)
            return
        if self._had_session and not flags.session_present:
            self.lost_sessions += 1
            log.warning("the broker lost the session of the %s lane: messages may be lost", self._name)
        self._had_session = True
        if flags.session_present and self._not_any_more:
            client.unsubscribe(list(self._not_any_more))
        options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
        client.subscribe([(topic_filter, options) for topic_filter in self._filters])

    def _on_subscribe(
        self, _client: Client, _: object, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            log.error("the broker refuses the hub a subscription to %s", ", ".join(self._filters))
            return
        self.is_up = True
        self._settled.set()

    def _on_disconnect(
        self, _client: Client, _: object, _flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        log.warning("the connection of the %s lane to the broker is over: %s", self._name, reason)
        self._connection_lost()

    def _on_message(self, _client: Client, _: object, message: MQTTMessage) -> None:
        inbound = Inbound(
            topic=message.topic,
            payload=bytes(message.payload),
            qos=message.qos,
            publisher=None,
            live_retain=False,
            replayed=message.retain,  # only set when a subscription made the broker send it (MQTT 5, 3.3.1.3)
            received_at=self._clock.now(),
            dup=message.dup,
        )
        assert self._tasks is not None
        task = self._tasks.create_task(self._receive(inbound, message.mid, self._epoch))
        if message.qos:  # the others are not delivered again
            self._in_flight[task] = None
            task.add_done_callback(self._in_flight.pop)

    async def _receive(self, inbound: Inbound, mid: int, epoch: int) -> None:
        """Acknowledge when durable, on the connection it came from: on another its packet id is somebody else's."""
        try:
            await self._receiver(inbound)
        except NotDurable as error:
            log.warning("a message of the %s lane is not durable and has to be delivered again: %s", self._name, error)
            if epoch == self._epoch and self._attached:
                self._break_connection()
            return
        if inbound.qos and epoch == self._epoch and self._attached:
            with self._connection_may_break():
                self._client.ack(mid, inbound.qos)

    def _on_publish(
        self, _client: Client, _: object, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        confirmed = self._unconfirmed.get(mid)
        if confirmed is not None and not confirmed.done():
            confirmed.set_result(reason)

    def _on_socket_close(self, _client: Client, _: object, sock: object) -> None:
        if self._attached:
            self._attached = False
            loop = asyncio.get_running_loop()
            loop.remove_reader(_find_file_descriptor(sock))
            loop.remove_writer(_find_file_descriptor(sock))

    def _on_register_write(self, _client: Client, _: object, sock: object) -> None:
        if self._attached:
            asyncio.get_running_loop().add_writer(_find_file_descriptor(sock), self._write)

    def _on_unregister_write(self, _client: Client, _: object, sock: object) -> None:
        if self._attached:
            asyncio.get_running_loop().remove_writer(_find_file_descriptor(sock))


class _MayBreak:
    """Runs `broken` when the connection breaks inside the block; what else goes wrong goes on."""

    def __init__(self, broken: Callable[[], None]) -> None:
        self._broken = broken

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, OSError):
            return False
        self._broken()
        return True


def _find_file_descriptor(sock: object) -> int:
    fileno = getattr(sock, "fileno", None)
    assert callable(fileno)
    number = fileno()
    assert isinstance(number, int)
    return number
