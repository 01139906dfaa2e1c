"""What does a press notice of the other processes? Killed, stopped or flooded, they keep no call for help waiting.

No seconds are measured: the supervisor replaces a process that stands still, and what has happened before it did has
not waited for it. Pages are replaced after five seconds, telemetry after ten.
"""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from hub.mqtt.codec import Connect, Publish
from hub.mqtt.encode import encode_packet
from tests.fakes.demo import Demo
from tests.fakes.free import FreeSenior
from tests.fakes.waiting import wait_until
from tests.journeys.test_kill_9 import is_on_the_phone, runs_again

FLOOD = 20_000
STRANGERS = 16


@contextmanager
def standing_still(centre: Demo, name: str) -> Iterator[int]:
    """A process that is stopped where it is; at the end the supervisor has put another in its place."""
    pid = centre.pid_of(name)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield pid
    finally:
        runs_again(centre, name, pid)


def stands_still(pid: int) -> bool:
    """Whether that process is still there and stopped (proc(5), T)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0] == "T"
    except FileNotFoundError:
        return False


def heard(centre: Demo, caller: FreeSenior) -> bool:
    return centre.light(caller.button).text == "听到了，有人来"


@pytest.mark.parametrize("name", ["telemetry", "pages", "media"])
def test_a_press_waits_for_no_process_that_stands_still_and_the_supervisor_replaces_it(centre: Demo, name: str) -> None:
    caller = centre.free.senior()
    with standing_still(centre, name) as pid:
        centre.press(caller.button)
        wait_until(lambda: heard(centre, caller), what=f"a press is heard while {name} stands still")
        assert stands_still(pid), "it was killed before the press had arrived"

    is_on_the_phone(centre, caller)


WAITS = """
    SELECT pid
      FROM pg_stat_activity
     WHERE application_name = 'anling pages' AND state = 'active' AND wait_event_type = 'Lock'
"""


def test_pages_that_stand_still_within_a_transaction_keep_no_press_waiting_and_answers_by_phone_are_taken(
    centre: Demo,
) -> None:
    """They have locked an alarm, and are given the ledger's head, in the moment in which they stop."""
    first, second = centre.free.seniors(2)
    centre.press(first.button)
    shown = centre.ringing("sw-1", first)
    pid, staff = centre.pid_of("pages"), centre.staff()
    with ThreadPoolExecutor(1) as aside, psycopg.connect(centre.database_url) as conn:
        conn.execute("SELECT FROM ledger_head FOR UPDATE")
        answering = aside.submit(staff.post, f"/api/alarms/{shown.alarm_id}/accept")
        wait_until(lambda: centre.rows(WAITS), what="the pages wait for the ledger's head")
        os.kill(pid, signal.SIGSTOP)
        conn.commit()
        try:
            centre.press(second.button)
            wait_until(lambda: heard(centre, second), what="another press is heard")
            assert stands_still(pid), "they were killed before the press had arrived"
            # A tap waits until the pages are replaced; a phone that does not wait so long is tapped again.
            wait_until(lambda: centre.take("sw-1", shown)["code"] == "accepted", within=30, what="the tap is taken")
        finally:
            runs_again(centre, "pages", pid)
        assert isinstance(answering.exception(), httpx.TransportError), "nobody was told that it had been written"

    assert centre.alarm(shown.alarm_id).state == "accepted"
    is_on_the_phone(centre, second)


def test_a_press_passes_a_flood_of_readings(centre: Demo) -> None:
    caller = centre.free.senior()
    reading = encode_packet(Publish("anling/v1/jiuquan-road/tele/t-gym", b'{"v":1,"readings":[]}'))
    hello = encode_packet(Connect("flood", username="t-gym", password=centre.password_of("t-gym")))
    with ThreadPoolExecutor(1) as aside, socket.create_connection(("127.0.0.1", centre.mqtt_port)) as flooding:
        flooding.sendall(hello)
        assert flooding.recv(4) == b"\x20\x02\x00\x00"
        sending = aside.submit(flooding.sendall, reading * FLOOD)

        centre.press(caller.button)
        wait_until(lambda: heard(centre, caller), what="a press is heard during a flood")

        sending.result(60)
    is_on_the_phone(centre, caller)


def test_a_press_passes_a_flood_of_requests_at_the_pages(centre: Demo) -> None:
    """Each of them asks the database, and there are always more of them than the pages answer at a time."""
    caller, is_over, all_ask = centre.free.senior(), threading.Event(), threading.Barrier(STRANGERS + 1)

    def ask_again_and_again() -> None:
        with httpx.Client(base_url=centre.url, timeout=60) as stranger:
            stranger.get("/readyz")
            all_ask.wait(60)
            while not is_over.is_set():
                stranger.get("/readyz")

    with ThreadPoolExecutor(STRANGERS) as aside:
        asking = [aside.submit(ask_again_and_again) for _ in range(STRANGERS)]
        try:
            all_ask.wait(60)
            centre.press(caller.button)
            wait_until(lambda: heard(centre, caller), what="a press is heard during a flood")
        finally:
            is_over.set()

        for one in asking:
            one.result(60)
    is_on_the_phone(centre, caller)


def test_what_telemetry_found_before_it_was_killed_is_an_alarm_once(centre: Demo) -> None:
    alarms = "SELECT count(*) FROM alarm WHERE rule_id = 'found'"
    with psycopg.connect(centre.database_url) as conn:
        conn.execute(
            "INSERT INTO finding (centre_id, rule_id, priority, klass, at, room_id, summary, params, late, "
            "time_uncertain, cleared, made_at) "
            "VALUES ('jiuquan-road', 'found', 'P2', 'found', now(), 'gym', '{}', '{}', false, false, false, now())"
        )
        killed = centre.kill("telemetry")
        conn.commit()
    wait_until(lambda: centre.rows(alarms) == [(1,)], what="the finding is an alarm")
    runs_again(centre, "telemetry", killed)

    assert centre.rows(alarms) == [(1,)]
    assert centre.rows("SELECT count(*) FROM finding") == [(0,)]
