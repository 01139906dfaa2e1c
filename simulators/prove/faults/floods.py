"""What if one sends far too much? A device's presses, a sensor's readings, a header without an end."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from simulators.prove.faults.strangers import do_in_threads
from simulators.prove.field import Field, HubFault
from simulators.prove.proven_hub import LOOPBACK
from simulators.prove.prover_centre import CENTRE, FLOOD, SENSOR

_CONNECTIONS: Final = 8
_IN_FLIGHT: Final = 256
_READINGS_PER_TURN: Final = 250
_TURN_SECONDS: Final = 0.05


def connect_device(field: Field, device_id: str, client_id: str) -> Client:
    """A connection of this device, with its true password."""
    client = Client(CallbackAPIVersion.VERSION2, client_id)
    client.username_pw_set(device_id, field.ground.hub.password_of(device_id))
    client.max_inflight_messages_set(_IN_FLIGHT)
    client.connect(LOOPBACK, field.ground.hub.mqtt_port)
    client.loop_start()
    return client


@contextmanager
def flood_presses(field: Field) -> Iterator[None]:
    """One device with its true password, eight connections, 256 unanswered presses each, all the time."""

    def flood(over: threading.Event) -> int:
        with suppress(OSError):
            return _publish_presses(field, over)
        return 0

    with do_in_threads(flood, _CONNECTIONS) as counts:
        yield
    field.strikes += sum(counts)


def _publish_presses(field: Field, over: threading.Event) -> int:
    boot = f"{field.ground.random.getrandbits(64):016x}"
    client = connect_device(field, FLOOD, f"{FLOOD}-{boot[:4]}")
    seq = 0
    try:
        while not over.is_set():
            waiting = []
            for _ in range(_IN_FLIGHT):
                seq += 1
                body = {"v": 1, "id": f"{boot}-{seq}", "seq": seq, "kind": "press", "age_ms": 0}
                waiting.append(client.publish(f"anling/v1/{CENTRE}/alarm/{FLOOD}", json.dumps(body), qos=1))
            while not over.is_set() and not all(info.is_published() for info in waiting):
                time.sleep(_TURN_SECONDS)
    finally:
        client.disconnect()
        client.loop_stop()
    return seq


@contextmanager
def flood_readings(field: Field) -> Iterator[None]:
    """Five thousand readings a second of one sensor."""

    def flood(over: threading.Event) -> int:
        with suppress(OSError):
            return _publish_readings(field, over)
        return 0

    with do_in_threads(flood, 1) as counts:
        yield
    field.strikes += sum(counts)


def _publish_readings(field: Field, over: threading.Event) -> int:
    sent, client = 0, connect_device(field, SENSOR, SENSOR)
    try:
        while not over.wait(_TURN_SECONDS):
            for _ in range(_READINGS_PER_TURN):
                sent += 1
                client.publish(f"anling/v1/{CENTRE}/tele/{SENSOR}", _write_reading(sent), qos=0)
    finally:
        client.disconnect()
        client.loop_stop()
    return sent


def _write_reading(number: int) -> str:
    readings = [{"name": "temperature", "value": 20 + number % 7, "unit": "Cel"}]
    return json.dumps({"v": 1, "id": f"0123456789abcdef-{number}", "seq": number, "age_ms": 0, "readings": readings})


@contextmanager
def flood_header(field: Field) -> Iterator[None]:
    """One HTTP header line that never ends, of somebody without an account."""
    sent: list[int] = []

    def flood(over: threading.Event) -> int:
        times = 0
        while not over.wait(0.2):
            with suppress(OSError), socket.create_connection((LOOPBACK, field.ground.hub.http_port), timeout=5) as page:
                times += 1
                page.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
                sent.append(_send_without_end(page, over))
        return times

    with do_in_threads(flood, 1) as counts:
        yield
    field.strikes += sum(counts)
    field.facts["taken_kib"] = max(sent, default=0) // 1024


def _send_without_end(page: socket.socket, over: threading.Event) -> int:
    """How many bytes were taken before the connection ended; 64 MiB at most."""
    taken = 0
    with suppress(OSError):
        while taken < 64 << 20 and not over.is_set():
            taken += page.send(b"a" * 65536)
    return taken


FAULTS: Final = (
    HubFault("flood-presses", "one device floods the alarm lane", flood_presses, hold_seconds=4),
    HubFault("flood-readings", "a sensor sends 5,000 readings a second", flood_readings, hold_seconds=8),
    HubFault("flood-header", "an HTTP header line that never ends", flood_header, hold_seconds=8),
)
