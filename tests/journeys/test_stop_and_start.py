"""What is left after Ctrl-C, and after `kill -9` of the supervisor itself? A centre that stops, and goes on."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.fakes.demo import Demo
from tests.fakes.waiting import wait_until


@contextmanager
def somebody_else() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with any of this."""
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as other:
        try:
            yield other
        finally:
            other.kill()


def kept_secrets(centre: Demo) -> dict[str, bytes]:
    """What is in the files of secrets; an invitation of the daughter's is made at each start, and all of them work."""
    files = (centre.data_dir / "secrets").iterdir()
    return {file.name: file.read_bytes() for file in files if file.name != "demo-invitation"}


def accounts(centre: Demo) -> list[tuple[object, ...]]:
    return centre.rows("SELECT id, password_hash FROM account ORDER BY id")


def starts_again(centre: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    """Start it again and print what that took: under ten seconds, where nothing else keeps the machine busy."""
    began = time.monotonic()
    centre.start_again()
    with capsys.disabled():
        sys.stdout.write(f" [second start: {time.monotonic() - began:.1f} s] ")


def test_ctrl_c_stops_what_was_started_and_nothing_else_and_the_next_start_keeps_everything(
    centre: Demo, capsys: pytest.CaptureFixture[str]
) -> None:
    caller = centre.free.senior()
    centre.press(caller.button)
    shown = centre.ringing("sw-1", caller)
    known, secrets, invitation = accounts(centre), kept_secrets(centre), centre.invitation
    with somebody_else() as other:
        status = centre.stop(signal.SIGINT)

        assert centre.pids() == {}
        assert other.poll() is None
    assert status == 0
    assert "Stopping" in centre.printed

    starts_again(centre, capsys)

    assert accounts(centre) == known
    assert kept_secrets(centre) == secrets
    assert centre.browser().get(f"/api/family/invitations/{invitation}").is_success
    assert centre.rows("SELECT state FROM alarm WHERE id = %s", shown.alarm_id) == [("open",)]
    assert centre.staff().get(f"/api/alarms/{shown.alarm_id}").is_success, "whoever was signed in still is"
    centre.wind(10)
    assert centre.ringing("sw-2", caller).alarm_id == shown.alarm_id


def test_a_killed_supervisor_takes_everything_with_it_and_the_next_start_goes_on_at_another_port_if_need_be(
    centre: Demo, capsys: pytest.CaptureFixture[str]
) -> None:
    caller = centre.free.senior()
    centre.press(caller.button)
    shown = centre.ringing("sw-1", caller)
    with somebody_else() as other:
        os.kill(centre.process.pid, signal.SIGKILL)
        centre.process.wait(10)

        wait_until(lambda: not centre.pids(), within=30, what="nothing of it is left")
        assert other.poll() is None
    wanted = int(centre.environment["ANLING_HTTP_PORT"])
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", wanted))
        stranger.listen(1)

        starts_again(centre, capsys)

    assert wanted < int(centre.url.rpartition(":")[2]) <= wanted + 50
    assert centre.rows("SELECT state FROM alarm WHERE id = %s", shown.alarm_id) == [("open",)]
    centre.wind(10)
    assert centre.ringing("sw-2", caller).alarm_id == shown.alarm_id
    centre.make_quiet()
    another = centre.free.senior()
    centre.press(another.button)
    centre.ringing("sw-1", another)


def test_a_second_start_on_a_folder_that_is_in_use_is_one_line(centre: Demo) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "hub.cli", "demo"],
        env=dict(centre.environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    line = f"Anling runs already on {centre.data_dir} (process {centre.process.pid}): stop it, or set "
    assert second.returncode == 1
    assert second.stderr == f"{line}ANLING_DATA_DIR to another folder\n"
    assert centre.is_ready()
