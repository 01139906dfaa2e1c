"""What if strangers knock? Wrong passwords, and connections that say nothing."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from simulators.prove.field import Field, HubFault
from simulators.prove.proven_hub import LOOPBACK

SILENT_CONNECTIONS: Final = 220
_KNOCKING: Final = 6
IN_WITHIN: Final = 2.0
"""Seconds in which a button gets in and is answered beside silent connections, from their begin on."""


@contextmanager
def do_in_threads(work: Callable[[threading.Event], int], threads: int) -> Iterator[list[int]]:
    """Do `work` in so many threads until the block ends; gives how often each did it, filled at the end."""
    over, counts = threading.Event(), list[int]()
    running = [threading.Thread(target=lambda: counts.append(work(over)), daemon=True) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield counts
    finally:
        over.set()
        for thread in running:
            thread.join(15)


@contextmanager
def wrong_passwords(field: Field) -> Iterator[None]:
    """Devices that do not know theirs, over and over."""
    port = field.ground.hub.mqtt_port

    def knock(over: threading.Event) -> int:
        times = 0
        while not over.wait(0.02):
            refused = threading.Event()
            client = Client(CallbackAPIVersion.VERSION2, "stranger")
            client.username_pw_set(field.ground.centre.trigger_ids[0], "wrong")
            client.on_disconnect = lambda *_, refused=refused: refused.set()
            with suppress(OSError):
                client.connect(LOOPBACK, port)
                client.loop_start()
                refused.wait(3)
                times += 1
            client.loop_stop()
        return times

    with do_in_threads(knock, _KNOCKING) as counts:
        yield
    field.strikes += sum(counts)


@contextmanager
def silent_connections(field: Field) -> Iterator[None]:
    """TCP connections to the broker that say nothing; a button has to get in beside them."""
    with ExitStack() as opened:
        for _ in range(SILENT_CONNECTIONS):
            with suppress(OSError):
                opened.enter_context(socket.create_connection((LOOPBACK, field.ground.hub.mqtt_port), timeout=3))
                field.strikes += 1
        took = field.ground.canary().press_until_answered(20)
        field.facts["in_s"] = -1 if took is None else round(took, 2)
        if took is None or took > IN_WITHIN:
            field.report("kept_out", f"a button beside {field.strikes} silent connections was answered after {took} s")
        yield


FAULTS: Final = (
    HubFault("strangers-wrong-password", "devices with wrong passwords", wrong_passwords, hold_seconds=8),
    HubFault(
        "strangers-silent", f"{SILENT_CONNECTIONS} connections that say nothing", silent_connections, hold_seconds=6
    ),
)
