"""Who stands at either end of the broker in these tests: rows, receivers, and clients of three kinds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from hub.kit.clock import SetClock
from hub.kit.proxy_protocol import Network
from hub.mqtt.broker import Broker, listening_socket
from hub.mqtt.codec import Connack, Connect, Packet, Publish, Subscribe, Will
from hub.mqtt.encode import encode_packet
from hub.mqtt.model import AuthenticationUnavailable, Inbound, NotDurable, Principal, Receivers
from hub.mqtt.mosquitto import Listening, MosquittoAccount, hub_account, write_broker_files
from hub.mqtt.parser import Parser
from hub.mqtt.unknown_connections import UnknownLimits
from tests.integration.mqtt.taken_reports import Taken

T = TypeVar("T")
PATIENCE_SECONDS = 10.0
CENTRE = "anling/v1/jq"
PRESS = b'{"v":1,"id":"9f3c2a7be41d0c55-1042","seq":1042,"kind":"press"}'


def device(device_id: str, *also: str) -> Principal:
    """What the rows of a button allow, and `also` messages of other kinds: a card reader's are visits."""
    kinds = ("alarm", "tele", "status", "done", *also)
    return Principal(
        device_id,
        may_publish=tuple(f"{CENTRE}/{kind}/{device_id}" for kind in kinds),
        may_subscribe=tuple(f"{CENTRE}/{kind}/{device_id}" for kind in ("ack", "cue", "cmd")),
        stamp="1",
    )


@dataclass
class Rows:
    """An authenticator over a dictionary; each password is the device's id with `-secret` behind it.

    While `answers` is not set it has read who it is, and does not say so yet.
    """

    principals: dict[str, Principal]
    refused: list[str] = field(default_factory=list)
    readable: bool = True
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0
    asked_from: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.answers.set()

    async def authenticate(self, username: str, password: str, address: str) -> Principal | None:
        if not self.readable:
            raise AuthenticationUnavailable
        principal = self.principals.get(username)
        self.asked += 1
        self.asked_from.append(address)
        await self.answers.wait()
        if principal is not None and password == f"{username}-secret":
            return principal
        self.refused.append(username)
        return None

    async def stamp_of(self, device_id: str) -> str | None:
        if not self.readable:
            raise AuthenticationUnavailable
        principal = self.principals.get(device_id)
        return principal.stamp if principal else None

    def change(self, device_id: str) -> None:
        self.principals[device_id] = replace(self.principals[device_id], stamp="2")


class Lane:
    """A receiver that keeps what it got; while `shut` nothing becomes durable, while `broken` nothing ever does."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[Inbound] = asyncio.Queue()
        self.open = asyncio.Event()
        self.open.set()
        self.broken = False
        self.finished = 0

    async def __call__(self, inbound: Inbound) -> None:
        self.got.put_nowait(inbound)
        await self.open.wait()
        if self.broken:
            raise NotDurable
        self.finished += 1

    async def next(self) -> Inbound:
        return await within(self.got.get())


@dataclass
class Bench:
    """A running broker with everything around it."""

    broker: Broker
    rows: Rows
    alarm: Lane
    state: Lane
    telemetry: Taken
    clock: SetClock
    shed: int = 0

    def raw(self, device_id: str = "b-01", **changes: object) -> AbstractAsyncContextManager[RawClient]:
        return raw_client(self.broker.port, device_id, **changes)


@asynccontextmanager
async def running_broker(
    proxies: tuple[Network, ...] = (), unknown: UnknownLimits | None = None
) -> AsyncIterator[Bench]:
    observer = Principal("observer", (), ("anling/#",), "1", observer=True)
    rows = Rows({"b-01": device("b-01"), "b-02": device("b-02"), "observer": observer})
    alarm, state, telemetry = Lane(), Lane(), Taken()
    clock = SetClock(datetime(2026, 11, 23, 2, 14, 5, tzinfo=UTC))
    bench: Bench

    def count_shed(messages: int) -> None:
        bench.shed += messages

    broker = Broker(
        listening_socket("127.0.0.1", 0),
        authenticator=rows,
        receivers=Receivers(alarm, state),
        take_report=telemetry.take_report,
        clock=clock,
        count_shed=count_shed,
        proxies=proxies,
        unknown=unknown,
    )
    bench = Bench(broker, rows, alarm, state, telemetry, clock)
    async with running(broker.run):
        yield bench


@asynccontextmanager
async def running(run: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Something that runs until the block ends; what breaks in it breaks the test."""

    async def go() -> None:
        await run()

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(go())
        yield
        task.cancel()


async def within(awaited: Awaitable[T]) -> T:
    """What is awaited, or a failed test after ten seconds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await awaited


async def until(fact: Callable[[], bool]) -> None:
    """Returns when `fact` holds; a failed test after ten seconds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not fact():
            await asyncio.sleep(0.005)


class RawClient:
    """A client that says exactly the packets a test gives it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._parser = Parser()

    async def send(self, *packets: Packet) -> None:
        await self.write(b"".join(map(encode_packet, packets)))

    async def write(self, content: bytes) -> None:
        self._writer.write(content)
        await within(self._writer.drain())

    async def next(self) -> Packet | None:
        """The next packet from the broker; None when it closed the connection."""
        while (packet := next(self._parser.packets(), None)) is None:
            try:
                received = await within(self._reader.read(65536))
            except ConnectionResetError:
                return None
            if not received:
                return None
            self._parser.add(received)
        return packet

    async def is_shown_out(self) -> bool:
        """Whether the broker closes the connection, whatever else it still says."""
        while await self.next() is not None:
            pass
        return True

    def abort(self) -> None:
        self._writer.transport.abort()

    def pause(self) -> None:
        transport = self._writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        transport.pause_reading()


@asynccontextmanager
async def raw_client(port: int, device_id: str | None = "b-01", **changes: object) -> AsyncIterator[RawClient]:
    """A raw client, authenticated as this device (None: it has said nothing yet)."""
    reader, writer = await within(asyncio.open_connection("127.0.0.1", port))
    client = RawClient(reader, writer)
    try:
        if device_id is not None:
            await client.send(hello(device_id, **changes))
            answer = await client.next()
            assert isinstance(answer, Connack), answer
            assert answer.code == 0, answer
        yield client
    finally:
        writer.close()
        with suppress(ConnectionError):
            await within(writer.wait_closed())


def hello(device_id: str, **changes: object) -> Connect:
    plain = Connect(device_id, True, 0, None, device_id, f"{device_id}-secret")
    return replace(plain, **changes)  # type: ignore[arg-type]  # the fields of Connect, by name


def press(packet_id: int, device_id: str = "b-01", payload: bytes = PRESS, *, retain: bool = False) -> Publish:
    return Publish(f"{CENTRE}/alarm/{device_id}", payload, qos=1, retain=retain, packet_id=packet_id)


def reading(packet_id: int, device_id: str = "b-01") -> Publish:
    return Publish(f"{CENTRE}/tele/{device_id}", b'{"v":1}', qos=1, packet_id=packet_id)


class Paho:
    """A real paho-mqtt client in its own thread; what it hears comes into the event loop."""

    def __init__(
        self,
        port: int,
        device_id: str,
        *,
        password: str | None = None,
        clean: bool = True,
        will: Will | None = None,
        protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv311,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.messages: asyncio.Queue[MQTTMessage] = asyncio.Queue()
        self.connects: asyncio.Queue[tuple[ReasonCode, bool]] = asyncio.Queue()
        self.disconnects: asyncio.Queue[ReasonCode] = asyncio.Queue()
        self.published: asyncio.Queue[int] = asyncio.Queue()
        self.subscribed: asyncio.Queue[list[ReasonCode]] = asyncio.Queue()
        clean_session = clean if protocol is MQTTProtocolVersion.MQTTv311 else None
        self.client = Client(CallbackAPIVersion.VERSION2, device_id, clean_session=clean_session, protocol=protocol)
        self.client.username_pw_set(device_id, password or f"{device_id}-secret")
        self.client.reconnect_delay_set(60, 60)
        if will:
            self.client.will_set(will.topic, will.payload, will.qos, will.retain)
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = self._on_disconnect
        self.client.on_message = self._on_message
        self.client.on_publish = self._on_publish
        self.client.on_subscribe = self._on_subscribe
        self._port = port

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.client.connect, "127.0.0.1", self._port, 60)
        self.client.loop_start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.disconnect()
        await asyncio.to_thread(self.client.loop_stop)
        self.client._reset_sockets()  # paho leaves its wake-up sockets to the garbage collector, which warns

    async def subscribe(self, topic: str, qos: int = 1) -> list[ReasonCode]:
        self.client.subscribe(topic, qos)
        return await within(self.subscribed.get())

    async def next(self) -> MQTTMessage:
        return await within(self.messages.get())

    def _on_connect(
        self, client: Client, userdata: object, flags: ConnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        self._loop.call_soon_threadsafe(self.connects.put_nowait, (code, flags.session_present))

    def _on_disconnect(
        self, client: Client, userdata: object, flags: DisconnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        self._loop.call_soon_threadsafe(self.disconnects.put_nowait, code)

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        self._loop.call_soon_threadsafe(self.messages.put_nowait, message)

    def _on_publish(
        self, client: Client, userdata: object, mid: int, code: ReasonCode, properties: Properties | None
    ) -> None:
        self._loop.call_soon_threadsafe(self.published.put_nowait, mid)

    def _on_subscribe(
        self,
        client: Client,
        userdata: object,
        mid: int,
        codes: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self.subscribed.put_nowait, codes)


def account(device_id: str) -> MosquittoAccount:
    principal = device(device_id)
    return MosquittoAccount(device_id, f"{device_id}-secret", principal.may_publish, principal.may_subscribe)


class Mosquitto:
    """A real one, with our configuration, that a test may stop and start again."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        accounts = [hub_account("hub", "hub-secret"), account("b-01"), account("b-02")]
        self._configuration = write_broker_files(folder, Listening("127.0.0.1", port, run_as="root"), accounts)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            "mosquitto", "-c", str(self._configuration), stderr=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(10):
            while True:
                assert self._process.returncode is None, "mosquitto did not start"
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                await writer.wait_closed()
                return

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await within(self._process.wait())


def subscribe(*filters: str) -> Subscribe:
    return Subscribe(1, tuple((topic_filter, 1) for topic_filter in filters))
