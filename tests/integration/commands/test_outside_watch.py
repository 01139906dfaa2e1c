"""The one file that watches the hub from another machine, run there by a plain Python, with real servers around it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from hub.commands import outside_watch
from tests.fakes.providers import mail_provider
from tests.fakes.waiting import wait_until

FILE = Path(outside_watch.__file__)
PATIENCE = 60.0


class Box:
    """A hub that answers what a test says, and an organisation that hears what is told."""

    def __init__(self) -> None:
        self.status, self.body = 200, json.dumps({"ready": True, "parts": {"broker": True}})
        self.looks = 0
        self.told: list[dict[str, str]] = []
        self.refuses = False
        self.url = ""

    def not_ready(self) -> None:
        self.status, self.body = 503, json.dumps({"ready": False, "parts": {"broker": False, "database": True}})

    def ready(self) -> None:
        self.status, self.body = 200, json.dumps({"ready": True, "parts": {"broker": True}})

    def states(self) -> list[str]:
        return [one["state"] for one in self.told]


@contextmanager
def serving(box: Box) -> Iterator[ThreadingHTTPServer]:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            box.looks += 1
            self._say(box.status, box.body)

        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if box.refuses:
                self._say(500, "")
            else:
                box.told.append(said)
                self._say(200, "ok")

        def _say(self, status: int, body: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            return None

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        box.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def watching(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    program = [sys.executable, "-I", "-S", str(FILE), *arguments, "--every", "0.05"]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def until(fact: Callable[[], bool]) -> None:
    wait_until(fact, within=PATIENCE)


def test_a_hub_that_is_not_ready_and_comes_back_is_told() -> None:
    box = Box()
    with serving(box), watching(box.url, "--webhook", f"{box.url}/hook"):
        until(lambda: box.states() == ["watching"] and box.looks > 3)
        box.not_ready()
        until(lambda: box.states() == ["watching", "down"])
        box.ready()
        until(lambda: box.states() == ["watching", "down", "back"])

    assert "not ready: broker" in box.told[1]["text"]
    assert {one["url"] for one in box.told} == {f"{box.url}/readyz"}


def test_a_hub_that_is_gone_is_told_over_a_program_too(tmp_path: Path) -> None:
    box, kept = Box(), tmp_path / "told"
    program = f"sh -c 'cat >> {kept}; echo \" $0\" >> {kept}'"
    with serving(Box()) as gone:
        address = f"http://127.0.0.1:{gone.server_port}"
    with serving(box), watching(address, "--webhook", box.url, "--command", program, "--again", "0.2"):
        until(lambda: box.states()[:3] == ["watching", "down", "still"])
        until(lambda: kept.read_text("utf-8").count(" still") > 0)

    assert "no answer" in box.told[1]["text"]
    assert kept.read_text("utf-8").count(" down") == 1


@pytest.mark.parametrize(
    "body", ["", "hello", "[]", '{"ready": 1}', '{"parts": {}}', "\ud800".encode("utf-8", "replace").decode()]
)
def test_what_is_no_hub_is_not_ready(body: str) -> None:
    box = Box()
    box.body = body
    with serving(box):
        asked = subprocess.run(
            [sys.executable, "-I", "-S", str(FILE), box.url, "--once"], capture_output=True, text=True, check=False
        )

    assert asked.returncode == 1
    assert "no word of a hub" in asked.stdout


@pytest.mark.parametrize("path", ["", "/", "/readyz"])
def test_once_asks_once(path: str) -> None:
    box = Box()
    with serving(box):
        asked = subprocess.run(
            [sys.executable, "-I", "-S", str(FILE), box.url + path, "--once"],
            capture_output=True,
            text=True,
            check=False,
        )

    assert (asked.returncode, asked.stdout, box.looks) == (0, "ready\n", 1)


def test_a_channel_that_takes_nothing_is_found_at_the_start() -> None:
    box = Box()
    box.refuses = True
    with serving(box), watching(box.url, "--webhook", f"{box.url}/secret-hook") as process:
        assert process.wait(PATIENCE) == 3
        assert process.stderr is not None
        said = process.stderr.read()

    assert "no channel took the first message" in said
    assert "secret-hook" not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["https://care.example.org"], "nobody would be told"),
        (["care.example.org", "--webhook", "https://x"], "should be a URL"),
        (["https://care.example.org", "--webhook", "example.org"], "--webhook should be a URL"),
        (["https://care.example.org", "--smtp", "smtps://mail.example.org"], "--smtp should be such as"),
        (["https://care.example.org", "--command", " "], "--command should name a program"),
        (["https://care.example.org", "--every", "0", "--once"], "should be between"),
    ],
)
def test_what_cannot_work_is_said_at_once(arguments: list[str], said: str) -> None:
    asked = subprocess.run(
        [sys.executable, "-I", "-S", str(FILE), *arguments], capture_output=True, text=True, check=False
    )

    assert asked.returncode == 2
    assert said in asked.stderr


async def test_it_is_told_by_mail() -> None:
    async with mail_provider() as mailboxes:
        arguments = ["http://127.0.0.1:9", "--smtp", f"{mailboxes.url}&to=li@example.org&to=zhang@example.org"]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", str(FILE), *arguments, "--every", "0.05"
        )
        try:
            async with asyncio.timeout(PATIENCE):
                first, second = await mailboxes.mails.get(), await mailboxes.mails.get()
        finally:
            process.kill()
            await process.wait()

    assert [first["Subject"], second["Subject"]] == ["安铃 Anling: watching", "安铃 Anling: down"]
    assert second["To"] == "li@example.org, zhang@example.org"
    assert "no answer" in second.get_content()
