"""What do other people's clients get at the broker? mosquitto_pub, mosquitto_sub, and a socket that says nonsense."""

import json
import os
import re
import socket
import subprocess
from uuid import uuid4

import pytest
from pydantic import TypeAdapter

from hub.ingest.api import QuarantinedMessage
from tests.fakes.demo import Demo
from tests.fakes.waiting import wait_until

TOPIC = "anling/v1/jiuquan-road"
REFUSED = 4  # CONNACK "bad user name or password" (MQTT 3.1.1, 3.2.2.3), which mosquitto's clients exit with

pytestmark = pytest.mark.mosquitto


def publish(centre: Demo, device_id: str, kind: str, payload: str, password: str | None = None) -> int:
    """What `mosquitto_pub` ends with after one message of this device at QoS 1: 0 when the broker answered for it."""
    return subprocess.run(
        [
            "mosquitto_pub", "-h", "127.0.0.1", "-p", str(centre.mqtt_port), "-q", "1",
            "-u", device_id, "-P", password or centre.password_of(device_id),
            "-t", f"{TOPIC}/{kind}/{device_id}", "-m", payload,
        ],
        capture_output=True,
        timeout=20,
        check=False,
    ).returncode  # fmt: skip


def press(seq: int = 1) -> str:
    return json.dumps({"v": 1, "id": f"{uuid4().hex[:16]}-{seq}", "seq": seq, "kind": "press", "age_ms": 0})


def test_a_press_of_a_foreign_client_reaches_the_phone_and_is_answered_when_it_is_durable(centre: Demo) -> None:
    caller, message = centre.free.senior(), press()
    assert publish(centre, caller.button, "alarm", message) == 0

    # The exit status above is the PUBACK: from then on the press is in the database, whatever happens.
    assert centre.free.presses_of(caller) == [json.loads(message)["id"]]
    kept = "SELECT kind, senior_id FROM press WHERE message_id = %s"
    assert centre.rows(kept, json.loads(message)["id"]) == [("press", caller.id)]
    assert centre.ringing("sw-1", caller).priority == "P1"


def test_the_observer_sees_the_traffic_and_says_nothing(centre: Demo) -> None:
    button = centre.free.senior().button
    printed = re.search(r"XDG_CONFIG_HOME=(\S+) mosquitto_sub -v -t 'anling/#'", centre.printed)
    assert printed is not None, "the line that shows the traffic is on the terminal"
    watching = subprocess.Popen(
        ["mosquitto_sub", "-v", "-W", "20", "-t", f"{TOPIC}/+/{button}"],
        env={**os.environ, "XDG_CONFIG_HOME": printed[1]},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert watching.stdout is not None
        first = watching.stdout.readline()  # its status, which is retained: from now on it hears
        centre.press(button)
        heard = {line.split(" ", 1)[0]: json.loads(line.split(" ", 1)[1]) for line in _lines(watching, 3)}
    finally:
        watching.kill()
        watching.communicate()

    assert first.startswith(f"{TOPIC}/status/{button} ")
    assert heard[f"{TOPIC}/alarm/{button}"]["kind"] == "press"
    assert heard[f"{TOPIC}/ack/{button}"]["status"] == "committed"
    assert heard[f"{TOPIC}/cue/{button}"]["text"] == "听到了，有人来"
    publish(centre, "observer", "alarm", press())
    assert not centre.rows("SELECT FROM press WHERE device_id = 'observer'")


def _lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline() for _ in range(count)]


def test_wrong_credentials_are_refused_and_noticed_when_they_come_again_and_again(centre: Demo) -> None:
    somebody = centre.free.senior()
    assert publish(centre, somebody.button, "alarm", press(), password="guessed") == REFUSED
    assert publish(centre, "b-99", "alarm", press(), password="guessed") == REFUSED
    for _ in range(9):
        publish(centre, somebody.button, "alarm", press(), password="guessed")

    noticed = "SELECT subject FROM notice WHERE code = 'wrong-credentials'"
    assert wait_until(lambda: centre.rows(noticed)) == [(f"device:{somebody.button}",)]
    assert not centre.free.presses_of(somebody)
    assert not centre.rows("SELECT FROM press WHERE device_id = 'b-99'")


def test_a_device_cannot_press_for_another(centre: Demo) -> None:
    mine, hers = centre.free.seniors(2)
    subprocess.run(
        [
            "mosquitto_pub", "-h", "127.0.0.1", "-p", str(centre.mqtt_port), "-q", "1", "-u", mine.button,
            "-P", centre.password_of(mine.button), "-t", f"{TOPIC}/alarm/{hers.button}", "-m", press(),
        ],
        capture_output=True,
        timeout=20,
        check=False,
    )  # fmt: skip

    assert publish(centre, mine.button, "alarm", press()) == 0, "it may press for its own"
    assert not centre.free.presses_of(hers)


def test_a_malformed_packet_closes_that_connection_and_no_other(centre: Demo) -> None:
    with socket.create_connection(("127.0.0.1", centre.mqtt_port), timeout=10) as nonsense:
        nonsense.sendall(b"\xff\xff\xff\xff\xff\xff")

        assert nonsense.recv(100) == b"", "it was closed"
    now = centre.simulated()
    assert now.connected == len(now.buttons)
    caller = centre.free.senior()
    centre.press(caller.button)
    centre.ringing("sw-1", caller)


def test_an_undecodable_message_is_quarantined_where_staff_see_it_with_its_reason(centre: Demo) -> None:
    assert publish(centre, "t-barber", "tele", '{"v":1,"readings":[{"name":"temperature","value":"warm"}]}') == 0

    def aside() -> list[QuarantinedMessage]:
        answer = centre.staff("admin").get("/api/quarantine")
        read = TypeAdapter(list[QuarantinedMessage]).validate_json(answer.content)
        return [one for one in read if one.device_id == "t-barber"]

    found = wait_until(aside)[0]
    assert found.topic == f"{TOPIC}/tele/t-barber"
    assert found.reason
    assert "warm" not in found.detail, "the reason names the field, never what somebody sent"


def test_an_undecodable_message_is_an_alarm_on_the_alarm_lane(centre: Demo) -> None:
    caller = centre.free.senior()
    assert publish(centre, caller.button, "alarm", "help") == 0

    shown = centre.ringing("sw-1", caller)
    assert (centre.alarm(shown.alarm_id).klass, shown.priority) == ("help", "P1")
    pressed = "SELECT press.unreadable_reason FROM press JOIN alarm_press ON press_id = press.id WHERE alarm_id = %s"
    [(reason,)] = centre.rows(pressed, shown.alarm_id)
    assert reason
