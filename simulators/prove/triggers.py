"""How are presses sent? Simulated triggers of both kinds, each a paho client with a thread of its own.

A trigger keeps what it pressed until it is answered: paho sends an unanswered publish again after each reconnect, and a
repeating trigger publishes the same id again after 1, 2, 4, 8 and then every 15 s.
"""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Final

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage, MQTTMessageInfo, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from simulators.prove.ledger import Ledger, Pressed, TriggerKind
from simulators.prove.prover_centre import CENTRE

REPEATS_AFTER: Final = (1.0, 2.0, 4.0, 8.0)
REPEATS_EVERY: Final = 15.0
SPOOLED_REPEATS_EVERY: Final = 60.0
KEEP_ALIVE: Final = 10
_CONNECT_SECONDS: Final = 5.0
_IN_FLIGHT: Final = 200


@dataclass(frozen=True, slots=True)
class Door:
    """Where triggers connect: the broker itself, or a proxy before it."""

    host: str
    port: int


@dataclass(slots=True)
class _KeptPress:
    """A press that its trigger still has, and when it is published again."""

    payload: dict[str, object]
    pressed_at: float
    due_at: float
    tries: int = 0
    spooled: bool = False


class Trigger:
    """One simulated trigger. `on_answer` hears the id and what the answer was, in the trigger's own thread."""

    def __init__(
        self,
        door: Door,
        device_id: str,
        password: str,
        kind: TriggerKind,
        on_answer: Callable[[str, str], None],
        *,
        random: Random,
        version: MQTTProtocolVersion = MQTTv311,
        keep_alive: int = KEEP_ALIVE,
    ) -> None:
        """`keep_alive` in seconds of the hub's clock; 0 where that clock runs faster than the one that paho goes by."""
        self.device_id = device_id
        self.kind = kind
        self._door = door
        self._keep_alive = keep_alive
        self._on_answer = on_answer
        self._password = password
        self._bodies: dict[str, dict[str, object]] = {}
        self._boot = f"{random.getrandbits(64):016x}"
        self._seq = 0
        self._waiting: dict[str, _KeptPress] = {}
        self._of_packet: dict[int, str] = {}
        self._lock = threading.RLock()
        self._client = self._build_client(password, version)

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted its CONNECT."""
        return bool(self._client.is_connected())

    @property
    def unanswered(self) -> int:
        """How many of its presses have no answer yet."""
        return len(self._waiting)

    def start(self) -> None:
        """Connect, and connect again whenever that ends."""
        self._client.connect_async(self._door.host, self._door.port, keepalive=self._keep_alive)
        self._client.loop_start()

    def stop(self) -> None:
        """End the connection for good."""
        self._client.disconnect()
        self._client.loop_stop()

    def press(self, ledger: Ledger) -> str:
        """Press now; gives the id. It is in the ledger before it is sent."""
        now = time.monotonic()
        with self._lock:
            self._seq += 1
            press_id = f"{self._boot}-{self._seq}"
            ledger.note_press(Pressed(press_id, self.device_id, self.kind, now))
            payload: dict[str, object] = {"v": 1, "id": press_id, "seq": self._seq, "kind": "press"}
            self._bodies[press_id] = payload
            self._waiting[press_id] = _KeptPress(payload, now, now)
        self.repeat_due()
        if self.is_connected:
            ledger.note_sent(press_id, now)
        return press_id

    def press_at_both(self, ledger: Ledger, other: Door) -> str:
        """Press at the door and, with the same bytes, at another one."""
        second = self._build_client(self._password, MQTTv311)
        second.on_connect = second.on_publish = second.on_message = None
        second.connect(other.host, other.port, keepalive=KEEP_ALIVE)
        second.loop_start()
        press_id = self.press(ledger)
        info = second.publish(self._topic("alarm"), json.dumps({**self._bodies[press_id], "age_ms": 0}), qos=1)
        with suppress(ValueError, RuntimeError):
            info.wait_for_publish(5)
        second.disconnect()
        second.loop_stop()
        return press_id

    def repeat_due(self) -> None:
        """Publish what is due again; called a few times a second."""
        now = time.monotonic()
        with self._lock:
            for press_id, waiting in self._waiting.items():
                if waiting.due_at <= now and self._may_publish(waiting):
                    self._publish(press_id, waiting, now)

    def repeat_answered(self, press_id: str) -> None:
        """Publish an id again although it was answered, as a trigger does that has not heard its `ack`."""
        self._client.publish(self._topic("alarm"), json.dumps({**self._bodies[press_id], "age_ms": 0}), qos=1)

    def publish(self, topic: str, payload: bytes, *, qos: int = 1) -> MQTTMessageInfo:
        """Anything else that this device says."""
        return self._client.publish(topic, payload, qos=qos)

    def _may_publish(self, waiting: _KeptPress) -> bool:
        """A PUBACK trigger leaves the repeating to MQTT; the other repeats while its connection stands."""
        if self.kind is TriggerKind.PUBACK:
            return waiting.tries == 0
        return self.is_connected

    def _publish(self, press_id: str, waiting: _KeptPress, now: float) -> None:
        body = {**waiting.payload, "age_ms": round((now - waiting.pressed_at) * 1000)}
        info = self._client.publish(self._topic("alarm"), json.dumps(body), qos=1)
        self._of_packet[info.mid] = press_id
        waiting.tries += 1
        waiting.due_at = now + self._pause(waiting)

    @staticmethod
    def _pause(waiting: _KeptPress) -> float:
        if waiting.spooled:
            return SPOOLED_REPEATS_EVERY
        return REPEATS_AFTER[waiting.tries - 1] if waiting.tries <= len(REPEATS_AFTER) else REPEATS_EVERY

    def _build_client(self, password: str, version: MQTTProtocolVersion) -> Client:
        clean = True if version == MQTTv311 else None
        client = Client(CallbackAPIVersion.VERSION2, self.device_id, clean, protocol=version)
        client.username_pw_set(self.device_id, password)
        client.max_inflight_messages_set(_IN_FLIGHT)
        client.reconnect_delay_set(1, 2)
        client.connect_timeout = _CONNECT_SECONDS
        client.on_connect = self._start_session
        client.on_publish = self._note_puback
        client.on_message = self._receive_ack
        return client

    def _start_session(
        self, client: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if code.is_failure or self.kind is not TriggerKind.REPEATING:
            return
        client.subscribe(self._topic("ack"), qos=1)
        with self._lock:  # the line is back: everything is due now
            for waiting in self._waiting.values():
                waiting.due_at, waiting.tries = 0.0, 0

    def _note_puback(
        self, _client: Client, _data: object, packet: int, code: ReasonCode, _properties: Properties | None
    ) -> None:
        with self._lock:
            press_id = self._of_packet.pop(packet, None)
        if press_id is None or self.kind is not TriggerKind.PUBACK or code.is_failure:
            return
        with self._lock:
            self._waiting.pop(press_id, None)
        self._on_answer(press_id, "puback")

    def _receive_ack(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        try:
            ack = json.loads(message.payload)
            press_id, status, of = str(ack["id"]), str(ack["status"]), str(ack.get("of"))
        except (ValueError, KeyError, TypeError):
            return
        with self._lock:
            waiting = self._waiting.get(press_id)
            if waiting is None:
                return
            if "committed" in (status, of):
                del self._waiting[press_id]
            elif "spooled" in (status, of):
                waiting.spooled = True
                waiting.due_at = time.monotonic() + SPOOLED_REPEATS_EVERY
            else:
                return
        self._on_answer(press_id, status)

    def _topic(self, kind: str) -> str:
        return _topic_of(kind, self.device_id)


class Canary:
    """Asks whether the hub answers: a connection and a press for each question, so that nothing old helps.

    `kind` says what its answer is: behind a broker that is not the hub's own a PUBACK proves nothing.
    """

    def __init__(self, door: Door, device_id: str, password: str, random: Random, kind: TriggerKind) -> None:
        self._door = door
        self._device_id = device_id
        self._password = password
        self._kind = kind
        self._boot = f"{random.getrandbits(64):016x}"
        self._seq = 0

    def press_until_answered(self, within: float) -> float | None:
        """Seconds until the hub has answered a press that is made now; None when it has not within so many."""
        began = time.monotonic()
        while time.monotonic() - began < within:
            if self.press_once(min(2.0, within)) is not None:
                return time.monotonic() - began
            time.sleep(0.05)
        return None

    def press_once(self, within: float) -> float | None:
        """Seconds from one publish to its answer; None without one in so many, or without a connection."""
        self._seq += 1
        client = Client(CallbackAPIVersion.VERSION2, self._device_id, clean_session=True)
        client.username_pw_set(self._device_id, self._password)
        client.connect_timeout = within
        connected, answered = threading.Event(), threading.Event()
        if self._kind is TriggerKind.PUBACK:
            client.on_connect = lambda *_: connected.set()
            client.on_publish = lambda *_: answered.set()
        else:
            client.on_connect = self._subscribe
            client.on_subscribe = lambda *_: connected.set()
            client.on_message = lambda *_: answered.set()
        try:
            client.connect(self._door.host, self._door.port, keepalive=KEEP_ALIVE)
        except OSError:
            return None
        client.loop_start()
        try:
            return self._press(client, answered, within) if connected.wait(within) else None
        finally:
            client.disconnect()
            client.loop_stop()

    def _subscribe(self, client: Client, *_: object) -> None:
        client.subscribe(_topic_of("ack", self._device_id), qos=1)

    def _press(self, client: Client, answered: threading.Event, within: float) -> float | None:
        body = {"v": 1, "id": f"{self._boot}-{self._seq}", "seq": self._seq, "kind": "press", "age_ms": 0}
        began = time.monotonic()
        client.publish(_topic_of("alarm", self._device_id), json.dumps(body), qos=1)
        return time.monotonic() - began if answered.wait(within) else None


def _topic_of(kind: str, device_id: str) -> str:
    return f"anling/v1/{CENTRE}/{kind}/{device_id}"
