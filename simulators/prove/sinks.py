"""Where do the hub's messages to people arrive? A webhook receiver and a mail server of the prover's own.

Each notes what came when, on the monotonic clock, and can lie, be slow, hang or refuse as real providers do. What such
a provider was sent has reached nobody, and does not count.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from simulators.prove.proven_hub import LOOPBACK, take_free_port

_SLOW_SECONDS: Final = 4.0
_HANG_SECONDS: Final = 120.0
_ALARM_ID: Final = re.compile(r"a-[0-9a-hjkmnp-tv-z]{26}")


class Provider(StrEnum):
    """How the webhook receiver answers."""

    HONEST = "honest"
    LYING = "lying"
    SLOW = "slow"
    HANGING = "hanging"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class ReachedMessage:
    """One message that reached somebody. `at` is monotonic; `alarm_id` is empty where it names none."""

    at: float
    channel: str
    account_id: str
    alarm_id: str
    text: str
    accept_url: str = ""


@dataclass
class Sinks:
    """Everything that arrived, and how the webhook receiver behaves now."""

    hooks_url: str
    smtp_url: str
    provider: Provider = Provider.HONEST
    released: threading.Event = field(default_factory=threading.Event)
    refused: int = 0
    _messages: list[ReachedMessage] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def messages(self, since: int = 0) -> list[ReachedMessage]:
        """What arrived, the oldest first; `since` so many."""
        with self._lock:
            return self._messages[since:]

    def note_message(self, message: ReachedMessage) -> None:
        """One message reached somebody."""
        with self._lock:
            self._messages.append(message)

    def behave(self, provider: Provider) -> None:
        """Answer so from now on; whoever hangs is released."""
        self.provider = provider
        self.released.set()
        self.released = threading.Event()


@contextmanager
def open_sinks() -> Iterator[Sinks]:
    """Both receivers on free ports, until the block ends."""
    http = _WebhookServer((LOOPBACK, 0), _WebhookReceiver)
    smtp_port = take_free_port()
    sinks = Sinks(f"http://{LOOPBACK}:{http.server_port}", f"smtp://{LOOPBACK}:{smtp_port}?from=hub@proving.example")
    http.sinks = sinks
    serving = threading.Thread(target=http.serve_forever, name="webhooks", daemon=True)
    mail = Controller(_MailReceiver(sinks.note_message), hostname=LOOPBACK, port=smtp_port)
    serving.start()
    mail.start()
    try:
        yield sinks
    finally:
        sinks.behave(Provider.HONEST)
        mail.stop()
        http.shutdown()
        http.server_close()


class _WebhookServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    sinks: Sinks

    def handle_error(self, request: object, client_address: object) -> None:
        """A hub that was killed has ended its connection: nothing on the terminal."""


class _WebhookReceiver(BaseHTTPRequestHandler):
    """Answers each POST as the provider does now."""

    server: _WebhookServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """One delivery of the hub."""
        sinks = self.server.sinks
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        provider, released = sinks.provider, sinks.released
        if provider is Provider.HANGING:
            released.wait(_HANG_SECONDS)
            self.close_connection = True
            return
        if provider is Provider.SLOW:
            released.wait(_SLOW_SECONDS)
        if provider in (Provider.HONEST, Provider.SLOW):
            self._note_body(body)
        status, answer = _ANSWERS[provider]
        self._send_answer(status, answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Nothing on the terminal."""

    def _note_body(self, body: bytes) -> None:
        try:
            said = json.loads(body)["data"]
            alarm, text = str(said["alarm"]["id"]), json.dumps(said.get("text", ""), ensure_ascii=False)
            accept_url = str(said.get("accept_url") or "")
        except (ValueError, KeyError, TypeError):  # a message that names no alarm, such as the last resort's
            alarm, text, accept_url = "", body.decode("utf-8", "replace"), ""
        account = self.path.rpartition("/")[2]
        self.server.sinks.note_message(ReachedMessage(time.monotonic(), "hook", account, alarm, text, accept_url))

    def _send_answer(self, status: int, answer: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


_ANSWERS: Final = {
    Provider.HONEST: (200, b'{"code": 0}'),
    Provider.SLOW: (200, b'{"code": 0}'),
    Provider.LYING: (200, b'{"errcode": 93000, "errmsg": "invalid webhook url"}'),
    Provider.FAILING: (503, b"{}"),
    Provider.HANGING: (504, b"{}"),
}


class _MailReceiver:
    """An aiosmtpd handler."""

    def __init__(self, note: Callable[[ReachedMessage], None]) -> None:
        self._note = note

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 - aiosmtpd's
        """One mail (RFC 5321 DATA)."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = message_from_bytes(content, policy=default)
        body = message.get_body(("plain",))
        text = f"{message.get('subject', '')}\n{body.get_content() if body is not None else ''}"
        found = _ALARM_ID.search(text)
        for recipient in envelope.rcpt_tos:
            account = recipient.partition("@")[0]
            self._note(ReachedMessage(time.monotonic(), "mail", account, found[0] if found else "", text))
        return "250 OK"
