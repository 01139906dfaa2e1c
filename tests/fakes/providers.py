"""Providers for tests: a real HTTP server and a real SMTP server on free ports, which do what their paths say."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request as it came: the path, the headers, the exact body."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> dict[str, dict[str, object]]:
        read: dict[str, dict[str, object]] = json.loads(self.body)
        return read


@dataclass(slots=True)
class WebhookProvider:
    """Answers `/ok` as it should, and other paths in ways that real providers have."""

    url: str
    deliveries: asyncio.Queue[Delivery] = field(default_factory=asyncio.Queue)
    failures: int = 0
    hold: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: Request) -> Response:
        body = (await request.body()).decode()
        await self.deliveries.put(Delivery(request.url.path, dict(request.headers), body))
        match request.url.path.split("/")[1]:
            case "error-in-200":
                return JSONResponse({"errcode": 93000, "errmsg": "invalid webhook url"})
            case "redirect":
                return RedirectResponse(f"{self.url}/ok", 307)
            case "undecodable":
                return Response("not gzip", headers={"Content-Encoding": "gzip"})
            case "nested":
                return Response("[" * 16_000)
            case "id-with-a-zero":
                return Response(r'{"code": 0, "provider_id": "a\u0000b"}')
            case "id-of-half-a-sign":
                return Response(r'{"code": 0, "provider_id": "\ud800"}')
            case "gone":
                return Response(status_code=410)
            case "slow":
                await self.hold.wait()
            case "fails-first" if self.failures:
                self.failures -= 1
                return Response(status_code=500)
        return JSONResponse({"code": 0, "provider_id": f"m-{self.deliveries.qsize()}"})


@asynccontextmanager
async def webhook_provider() -> AsyncIterator[WebhookProvider]:
    """A provider that listens on a port of its own until the block ends."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        provider = WebhookProvider(f"http://127.0.0.1:{listening.getsockname()[1]}")
        app = Starlette(routes=[Route("/{path:path}", provider.answer, methods=["GET", "POST"])])
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve(sockets=[listening]))
            try:
                yield provider
            finally:
                provider.hold.set()
                server.should_exit = True


@dataclass
class MailProvider:
    """Keeps what it gets; refuses recipients whose name says so.

    Without slots: aiosmtpd asks for every attribute, and before Python 3.11.4 one of theirs cannot be read.
    """

    url: str = ""
    mails: asyncio.Queue[EmailMessage] = field(default_factory=asyncio.Queue)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 no such mailbox"
        if address.startswith("busy"):
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        await self.mails.put(mail)
        return "250 OK"


@asynccontextmanager
async def mail_provider() -> AsyncIterator[MailProvider]:
    """A mail server that listens on a port of its own until the block ends."""
    provider = MailProvider()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(provider, hostname="mail.example.org", loop=loop), "127.0.0.1", 0)
    async with server:
        provider.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}?from=anling@example.org"
        yield provider
