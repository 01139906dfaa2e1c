"""How does a notification reach a mailbox? One mail in Chinese and English over SMTP."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from functools import partial
from ipaddress import ip_address
from typing import Final, assert_never
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
import idna

from hub.kit.mailboxes import MAILBOX
from hub.notifications.channels import HUNG, SEND_WITHIN, AcceptUrls, Result, SendAccepted, SendRefused, SendRetry
from hub.notifications.model import LeasedNotification, OutageMessage
from hub.notifications.texts import LANGUAGES, render_outage, render_subject, render_texts

_TAKE_IT: Final = {"zh-CN": "我来处理", "en": "I'll take it"}
_QUIT_WITHIN: Final = 1.0
"""Seconds for a server that has taken a mail to end the session."""
_OF_THE_TIME: Final = 0.4
"""So much of a message's time may an upgrade to TLS take that nobody insists on; the rest is for sending it without."""
_STILL_COMING: Final = {"zh-CN": "我还在路上", "en": "I'm still on my way"}


@dataclass(frozen=True, slots=True)
class Mailserver:
    """Where mail goes out: `smtps://` speaks TLS from the first byte, `smtp://` takes STARTTLS where it is offered.

    With a password STARTTLS is required, and a certificate that this machine trusts, except to this machine.
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

    def __init__(self, server: Mailserver, *, within: float = SEND_WITHIN, tls: ssl.SSLContext | None = None) -> None:
        """`within`: seconds that one message may take. `tls`: whose certificates are trusted; None: this machine's."""
        self._server = server
        self._within = within
        self._verifying = tls or ssl.create_default_context()
        self._encrypting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._encrypting.check_hostname = False
        self._encrypting.verify_mode = ssl.CERT_NONE

    async def send(self, outgoing: LeasedNotification, accept: AcceptUrls | None, now: datetime) -> Result:
        return await self._send_mail(
            outgoing.to.address, partial(build_mail, outgoing, accept, self._server.sender, now)
        )

    async def send_outage(self, outage: OutageMessage, now: datetime) -> Result:
        """Tell one person how the hub itself is."""
        return await self._send_mail(outage.to.address, partial(build_outage_mail, outage, self._server.sender, now))

    async def _send_mail(self, address: str, build: Callable[[], EmailMessage]) -> Result:
        recipient = encode_domain(address)
        if recipient is None or not MAILBOX.fullmatch(address):
            return SendRefused("bad-address")
        mail = build()
        try:
            async with asyncio.timeout(self._within):
                client = await self._connect()
                try:
                    await _submit_mail(
                        client, mail, encode_domain(self._server.sender) or self._server.sender, recipient
                    )
                except BaseException:
                    client.close()
                    raise
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return _classify_error(error)
        await _end_session(client)
        return SendAccepted(mail["Message-ID"])

    async def _connect(self) -> aiosmtplib.SMTP:
        """A connection that is encrypted and signed in as the server's URL says.

        Without a password a relay gets what it offers, in the open if need be (RFC 7435): a certificate of its own,
        which mailservers within a house usually have, proves nothing and still keeps the mail from who only listens.
        """
        if self._server.starttls is None:
            return await self._connect_opportunistic()
        client = self._client(starttls=self._server.starttls, tls=self._verifying)
        await client.connect()
        return client

    async def _connect_opportunistic(self) -> aiosmtplib.SMTP:
        client = self._client(starttls=False, tls=self._encrypting)
        await client.connect()
        try:
            await client.ehlo()
            if client.supports_extension("starttls"):
                await client.starttls(timeout=self._within * _OF_THE_TIME)
            return client
        except aiosmtplib.SMTPHeloError:
            return client  # the sender says HELO then, which such a server knows
        except (aiosmtplib.SMTPException, OSError):
            client.close()
        plain = self._client(starttls=False, tls=self._encrypting)
        await plain.connect()
        return plain

    def _client(self, *, starttls: bool, tls: ssl.SSLContext) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            use_tls=self._server.tls,
            start_tls=starttls,
            username=self._server.username,
            password=self._server.password,
            tls_context=tls,
            timeout=self._within,
        )


async def _submit_mail(client: aiosmtplib.SMTP, mail: EmailMessage, sender: str, recipient: str) -> None:
    """MAIL, RCPT and DATA, and nothing behind them: a server that hangs after its answer has answered.

    A name before the @ that is not ASCII needs a server that knows RFC 6531. Raises aiosmtplib.SMTPException.
    """
    if client.is_ehlo_or_helo_needed:
        await _greet_server(client)
    needs_utf8 = not (sender.isascii() and recipient.isascii())
    if needs_utf8 and not client.supports_extension("smtputf8"):
        raise aiosmtplib.SMTPNotSupported("SMTPUTF8")
    as_eight_bit = client.supports_extension("8bitmime")
    options = [*(["SMTPUTF8"] if needs_utf8 else []), *(["BODY=8BITMIME"] if as_eight_bit else [])]
    encoding = "utf-8" if needs_utf8 else "ascii"
    policy = SMTP_POLICY.clone(utf8=needs_utf8, cte_type="8bit" if as_eight_bit else "7bit")
    await client.mail(sender, options=options, encoding=encoding)
    await client.rcpt(recipient, encoding=encoding)
    await client.data(mail.as_bytes(policy=policy))


async def _greet_server(client: aiosmtplib.SMTP) -> None:
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        await client.helo()


async def _end_session(client: aiosmtplib.SMTP) -> None:
    """Close the session with a server that has taken the mail; whatever it does now, it has it."""
    try:
        async with asyncio.timeout(_QUIT_WITHIN):
            await client.quit()
    except (aiosmtplib.SMTPException, OSError):
        pass
    finally:
        client.close()


def _classify_error(error: aiosmtplib.SMTPException | OSError | ValueError) -> Result:
    """What became of a mail that was not taken."""
    match error:
        case aiosmtplib.SMTPResponseException():
            return _classify_refusal(error.code)
        case aiosmtplib.SMTPNotSupported():
            return SendRefused("no-smtputf8" if "SMTPUTF8" in str(error) else "no-login")
        case TimeoutError() if not isinstance(error.__cause__, ssl.SSLError):
            return HUNG
        case aiosmtplib.SMTPException() | OSError():
            return _classify_tls(error)
        case ValueError():  # aiosmtplib's own look at an address
            return SendRefused("bad-address")
        case _:
            assert_never(error)


def _classify_tls(error: Exception) -> Result:
    causes = [error, error.__cause__, error.__context__]
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return SendRefused("certificate")
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return SendRefused("tls")
    if "STARTTLS" in str(error):
        return SendRefused("no-starttls")
    return SendRetry("unreachable")


def encode_domain(address: str) -> str | None:
    """The address with its domain as the domain name system has it (RFC 5891: `xn--…`); None: no name can be that."""
    name, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{name}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return None


def build_outage_mail(outage: OutageMessage, sender: str, now: datetime) -> EmailMessage:
    """The mail about the hub itself: a part in each language, the recipient's own first."""
    own = outage.to.language
    words = render_outage(outage.state)
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"] = sender
    mail["To"] = outage.to.address
    mail["Subject"] = words[own if own in words else "zh-CN"].partition("。")[0].partition(". ")[0]
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{outage.id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Importance"] = "high"
    mail.set_content("\n\n".join(words[one] for one in sorted(words, key=lambda one: one != own)) + "\n")
    return mail


def build_mail(outgoing: LeasedNotification, accept: AcceptUrls | None, sender: str, now: datetime) -> EmailMessage:
    """The mail: a part in each language, the recipient's own first. Repeated attempts carry the same Message-ID."""
    own = outgoing.to.language
    words = render_texts(outgoing.template, outgoing.facts, outgoing.n, outgoing.to.account_id)
    mail = EmailMessage(policy=SMTP_POLICY)
    sender = encode_domain(sender) or sender
    mail["From"] = sender
    mail["To"] = encode_domain(outgoing.to.address) or outgoing.to.address
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
