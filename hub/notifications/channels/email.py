"""How does a notification reach a mailbox? One mail in Chinese and English over SMTP."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from hub.kit.urls import MAILBOX
from hub.notifications.channels import SEND_WITHIN, AcceptUrls, Result, SendAccepted, SendRefused, SendRetry
from hub.notifications.model import LeasedNotification
from hub.notifications.texts import LANGUAGES, render_subject, render_texts

_TAKE_IT: Final = {"zh-CN": "我来处理", "en": "I'll take it"}
_STILL_COMING: Final = {"zh-CN": "我还在路上", "en": "I'm still on my way"}


@dataclass(frozen=True, slots=True)
class Mailserver:
    """Where mail goes out: `smtps://` speaks TLS from the first byte, `smtp://` takes STARTTLS where it is offered.

    With a password STARTTLS is required, except to this machine.
    """

    host: str
    port: int
    tls: bool
    starttls: bool | None
    sender: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def parse_mailserver(url: str) -> Mailserver:
    """Read `smtp://user:password@host:587?from=anling@example.org`. Raises ValueError with what is wrong."""
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("should be a URL such as smtps://user:password@mail.example.org?from=anling@example.org")
    tls = parts.scheme == "smtps"
    username = unquote(parts.username) if parts.username else None
    return Mailserver(
        host=parts.hostname,
        port=parts.port or (465 if tls else 25),
        tls=tls,
        starttls=False if tls else True if username and not _is_this_machine(parts.hostname) else None,
        sender=parse_qs(parts.query.replace("+", "%2B")).get("from", [f"anling@{parts.hostname}"])[0],
        username=username,
        password=unquote(parts.password) if parts.password else None,
    )


class EmailChannel:
    """Sends each message over a connection of its own."""

    def __init__(self, server: Mailserver, *, within: float = SEND_WITHIN) -> None:
        """`within`: seconds that one message may take."""
        self._server = server
        self._within = within

    async def send(self, outgoing: LeasedNotification, accept: AcceptUrls | None, now: datetime) -> Result:
        if not MAILBOX.fullmatch(outgoing.to.address):
            return SendRefused("bad-address")
        mail = build_mail(outgoing, accept, self._server.sender, now)
        try:
            async with asyncio.timeout(self._within):
                await self._submit(mail)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _classify_refusal(error.recipients[0].code)
        except aiosmtplib.SMTPResponseException as error:
            return _classify_refusal(error.code)
        except (TimeoutError, aiosmtplib.SMTPTimeoutError):
            return SendRetry("timeout")
        except (aiosmtplib.SMTPException, OSError):
            return SendRetry("unreachable")
        return SendAccepted(mail["Message-ID"])

    async def _submit(self, mail: EmailMessage) -> None:
        await aiosmtplib.send(
            mail,
            hostname=self._server.host,
            port=self._server.port,
            use_tls=self._server.tls,
            start_tls=self._server.starttls,
            username=self._server.username,
            password=self._server.password,
            timeout=self._within,
        )


def build_mail(outgoing: LeasedNotification, accept: AcceptUrls | None, sender: str, now: datetime) -> EmailMessage:
    """The mail: a part in each language, the recipient's own first. Repeated attempts carry the same Message-ID."""
    own = outgoing.to.language
    words = render_texts(outgoing.template, outgoing.facts, outgoing.n, outgoing.to.account_id)
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"] = sender
    mail["To"] = outgoing.to.address
    mail["Subject"] = render_subject(outgoing.template, outgoing.facts, own)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{outgoing.id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    if outgoing.asks:
        mail["Importance"] = "high"
    mail.make_mixed()
    answer = _TAKE_IT if outgoing.template.rings else _STILL_COMING
    for language in sorted(LANGUAGES, key=lambda language: language != own):
        link = f"\n\n{answer[language]}: {accept.page}" if accept else ""
        part = EmailMessage(policy=SMTP_POLICY)
        part.set_content(f"{words[language]}{link}\n")
        part["Content-Language"] = language
        mail.attach(part)
    return mail


def _classify_refusal(code: int) -> Result:
    """RFC 5321, 4.2.1: 4yz may work later, 5yz never will."""
    return SendRetry(f"smtp-{code}") if 400 <= code < 500 else SendRefused(f"smtp-{code}")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
