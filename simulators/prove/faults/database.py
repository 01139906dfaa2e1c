"""What if the database is lost for a while? A backend is killed, or the whole server is away."""

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from simulators.prove.faults.freezing import freeze_postgres
from simulators.prove.field import Field, HubFault
from simulators.prove.ground import ProvingGround
from simulators.prove.processes import send_signal
from simulators.prove.prover_centre import CENTRE, SIREN, name_senior
from simulators.prove.waiting import NotWithin, wait_for

RINGS_WITHIN: Final = 2.0
"""Seconds from a press to siren and first tier while the database is away (the degraded ringing)."""
_LOOKS_FOR: Final = 10.0


@contextmanager
def kill_backend(field: Field) -> Iterator[None]:
    """PostgreSQL ends every other backend then, and recovers."""
    rows = field.ground.observer.rows("SELECT pid FROM pg_stat_activity WHERE usename = 'anling_alarms' LIMIT 1")
    field.strikes += send_signal([int(str(pid)) for (pid,) in rows], signal.SIGKILL)
    yield


@contextmanager
def database_away(field: Field) -> Iterator[None]:
    """The server answers nobody: the hub rings by itself, within two seconds of a press, and spools."""
    with _listen_to_siren(field.ground) as sounded, freeze_postgres(field):
        time.sleep(1)
        trigger = field.ground.centre.trigger_ids[-1]
        _measure_ringing(field, trigger, sounded)
        yield


def _measure_ringing(field: Field, trigger: str, sounded: list[float]) -> None:
    heard_before = len(field.ground.sinks.messages())
    pressed_at = time.monotonic()
    field.pressing.press(trigger)

    def told() -> float:
        found = [one.at for one in field.ground.sinks.messages(heard_before) if name_senior(trigger) in one.text]
        return found[0] if found else 0.0

    for name, what, look in (
        ("siren_s", "the room's siren", lambda: next((at for at in sounded if at > pressed_at), 0.0)),
        ("told_s", "the first tier's channels", told),
    ):
        try:
            took = wait_for(look, _LOOKS_FOR * field.profile.hold_share, what) - pressed_at
            field.facts[name] = round(took, 2)
        except NotWithin:
            took = _LOOKS_FOR
        if took > RINGS_WITHIN:
            field.report("not_rung", f"{what}: nothing within {RINGS_WITHIN:g} s of a press while the database is away")


@contextmanager
def _listen_to_siren(ground: ProvingGround) -> Iterator[list[float]]:
    """When the siren was told to sound; it proves each command, as a siren does."""
    sounded: list[float] = []
    subscribed = threading.Event()
    client = Client(CallbackAPIVersion.VERSION2, SIREN)
    client.username_pw_set(SIREN, ground.hub.password_of(SIREN))

    def take_command(_client: Client, _data: object, message: MQTTMessage) -> None:
        command = json.loads(message.payload)
        if command.get("args", {}).get("on", True) is not False:
            sounded.append(time.monotonic())
        done = {"v": 1, "nonce": command["nonce"], "state": "sounding"}
        client.publish(f"anling/v1/{CENTRE}/done/{SIREN}", json.dumps(done), qos=1)

    client.on_connect = lambda *_: (client.subscribe(f"anling/v1/{CENTRE}/cmd/{SIREN}", qos=1), None)[1]
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = take_command
    client.connect(ground.door.host, ground.door.port)
    client.loop_start()
    subscribed.wait(10)
    try:
        yield sounded
    finally:
        client.disconnect()
        client.loop_stop()


FAULTS: Final = (
    HubFault("kill-backend", "kill -9 of a backend of the alarm path", kill_backend, hold_seconds=5, mends_itself=True),
    HubFault("database-lost", "the database answers nobody", database_away, hold_seconds=35),
)
