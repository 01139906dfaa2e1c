"""Mailservers as buildings have them: certificates of their own, old ones, slow ones, and such that hang."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.kit.ids import AccountId, OrganisationId
from hub.notifications.channels import HUNG, Result, SendAccepted, SendRefused, SendRetry
from hub.notifications.channels.email import EmailChannel, parse_mailserver
from hub.notifications.model import Recipient
from tests.fakes.certificate import make_certificate
from tests.fakes.raw_servers import raw_server
from tests.unit.notifications.test_channels import OUTGOING

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
MAIL_ID = "<n-1@example.org>"


@dataclass(slots=True)
class Relay:
    """A mailserver line by line. `says` answers a command in its own way; None hangs, an empty text hangs up."""

    offers: tuple[str, ...] = ()
    offers_within_tls: tuple[str, ...] = ()
    tls: ssl.SSLContext | None = None
    says: dict[str, str | None] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        within_tls = False
        if not await self._say(reader, writer, "CONNECT", "220 mail.lan"):
            return
        while line := (await reader.readline()).decode().strip():
            word = line.split()[0].upper()
            self.commands.append(line)
            match word:
                case "EHLO":
                    offered = self.offers_within_tls if within_tls else self.offers
                    answer = "\r\n".join([*(f"250-{one}" for one in ("mail.lan", *offered)), "250 HELP"])
                case "DATA":
                    answer = "354 go"
                case "STARTTLS":
                    answer = "220 go"
                case _:
                    answer = "250 ok"
            if not await self._say(reader, writer, word, answer):
                return
            if word == "STARTTLS" and self.tls is not None and "STARTTLS" not in self.says:
                await writer.start_tls(self.tls)
                within_tls = True
            if word == "DATA" and "DATA" not in self.says:
                self.mails.append(await reader.readuntil(b"\r\n.\r\n"))
                self.encrypted.append(within_tls)
                if not await self._say(reader, writer, "END", "250 queued"):
                    return

    async def _say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, word: str, usual: str) -> bool:
        answer = self.says.get(word, usual)
        if answer is None:
            await reader.read()
            return False
        if answer == "":
            return False
        writer.write(f"{answer}\r\n".encode())
        await writer.drain()
        return True


@asynccontextmanager
async def serving(relay: Relay) -> AsyncIterator[Callable[..., EmailChannel]]:
    """How to get a channel to this relay; `account` is a name and a password."""
    async with raw_server(relay.talk) as server:

        def channel(within: float = 5.0, account: str = "", host: str = "127.0.0.1") -> EmailChannel:
            url = f"smtp://{account}{host}:{server.port}?from=hub@example.org"
            return EmailChannel(parse_mailserver(url), within=within)

        yield channel


async def send_to(channel: EmailChannel, address: str = "zhou@example.org") -> Result:
    to = Recipient(AccountId("zhou"), OrganisationId("hongtai"), "周敏", "13893100000", "zh-CN", address)
    return await channel.send(replace(OUTGOING, to=to), None, NOW)


@pytest.fixture
def own_certificate(tmp_path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*make_certificate(tmp_path))
    return context


async def test_a_relay_with_a_certificate_of_its_own_takes_the_mail_encrypted(own_certificate: ssl.SSLContext) -> None:
    relay = Relay(offers=("STARTTLS",), offers_within_tls=("8BITMIME",), tls=own_certificate)
    async with serving(relay) as channel:
        assert await send_to(channel()) == SendAccepted(MAIL_ID)

    assert relay.encrypted == [True]
    assert "请接手".encode() in relay.mails[0]


@pytest.mark.parametrize("answer", ["454 TLS not available", "502 not implemented", "", "220 go\r\nno handshake"])
async def test_a_relay_whose_upgrade_fails_gets_the_mail_as_one_that_offers_none(answer: str) -> None:
    relay = Relay(offers=("STARTTLS",), says={"STARTTLS": answer})
    async with serving(relay) as channel:
        assert await send_to(channel()) == SendAccepted(MAIL_ID)

    assert relay.encrypted == [False]


async def test_a_relay_whose_upgrade_hangs_gets_the_mail_without_it() -> None:
    relay = Relay(offers=("STARTTLS",), says={"STARTTLS": None})
    async with serving(relay) as channel:
        assert await send_to(channel(within=2.0)) == SendAccepted(MAIL_ID)


async def test_a_password_is_not_given_to_a_certificate_that_nobody_vouches_for(
    own_certificate: ssl.SSLContext,
) -> None:
    relay = Relay(offers=("STARTTLS", "AUTH PLAIN"), offers_within_tls=("AUTH PLAIN",), tls=own_certificate)
    async with raw_server(relay.talk) as server:
        url = f"smtp://anling:secret@127.0.0.1:{server.port}?from=hub@example.org"
        beyond = EmailChannel(replace(parse_mailserver(url), starttls=True))
        assert await send_to(beyond) == SendRefused("certificate")

    assert not any(line.startswith("AUTH") for line in relay.commands)


async def test_a_password_is_not_given_to_a_relay_that_offers_no_encryption() -> None:
    relay = Relay(offers=("AUTH PLAIN",))
    async with raw_server(relay.talk) as server:
        url = f"smtp://anling:secret@127.0.0.1:{server.port}?from=hub@example.org"
        assert await send_to(EmailChannel(replace(parse_mailserver(url), starttls=True))) == SendRefused("no-starttls")

    assert not any(line.startswith("AUTH") for line in relay.commands)


async def test_a_mailbox_whose_domain_is_chinese_is_reached_through_any_relay() -> None:
    relay = Relay(offers=("8BITMIME",))
    async with serving(relay) as channel:
        assert await send_to(channel(), "li@例子.中国") == SendAccepted(MAIL_ID)

    assert "RCPT TO:<li@xn--fsqu00a.xn--fiqs8s>" in relay.commands
    assert b"To: li@xn--fsqu00a.xn--fiqs8s\r\n" in relay.mails[0]


@pytest.mark.parametrize(
    ("offers", "result"), [((), SendRefused("no-smtputf8")), (("SMTPUTF8", "8BITMIME"), SendAccepted(MAIL_ID))]
)
async def test_a_mailbox_whose_name_is_chinese_needs_a_relay_that_knows_it(
    offers: tuple[str, ...], result: Result
) -> None:
    relay = Relay(offers=offers)
    async with serving(relay) as channel:
        assert await send_to(channel(), "李敏@例子.中国") == result

    assert [line for line in relay.commands if line.startswith("RCPT")] == (
        ["RCPT TO:<李敏@xn--fsqu00a.xn--fiqs8s>"] if offers else []
    )


@pytest.mark.parametrize("address", ["li@-例子.中国", "li@" + "例" * 64 + ".中国", "li@例..中国"])
async def test_a_domain_that_no_name_can_be_is_a_bad_address(address: str) -> None:
    async with serving(Relay()) as channel:
        assert await send_to(channel(), address) == SendRefused("bad-address")


@pytest.mark.parametrize("word", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "END"])
async def test_a_mailserver_that_hangs_at_any_point_before_it_has_taken_the_mail_is_one_that_hung(word: str) -> None:
    async with serving(Relay(says={word: None})) as channel:
        assert await send_to(channel(within=0.3)) == HUNG


@pytest.mark.parametrize("word", ["CONNECT", "MAIL", "RCPT", "DATA", "END"])
async def test_a_mailserver_that_hangs_up_is_asked_again(word: str) -> None:
    async with serving(Relay(says={word: ""})) as channel:
        assert await send_to(channel()) == SendRetry("unreachable")


@pytest.mark.parametrize("last_answer", [None, "", "421 closing", "nonsense"])
async def test_what_a_mailserver_does_after_it_has_taken_the_mail_changes_nothing(last_answer: str | None) -> None:
    relay = Relay(says={"QUIT": last_answer})
    async with serving(relay) as channel:
        assert await send_to(channel()) == SendAccepted(MAIL_ID)

    assert len(relay.mails) == 1


@pytest.mark.parametrize(
    ("word", "answer", "result"),
    [
        ("RCPT", "450 4.2.0 greylisted, try again later", SendRetry("smtp-450")),
        ("RCPT", "451 busy", SendRetry("smtp-451")),
        ("CONNECT", "421 too many connections", SendRetry("smtp-421")),
        ("END", "452 no space", SendRetry("smtp-452")),
        ("RCPT", "550 no such mailbox", SendRefused("smtp-550")),
        ("CONNECT", "554 no service", SendRefused("smtp-554")),
        ("MAIL", "553 sender refused", SendRefused("smtp-553")),
        ("DATA", "554 no", SendRefused("smtp-554")),
        ("END", "552 too much", SendRefused("smtp-552")),
    ],
)
async def test_a_refusal_is_known_at_once_even_if_nothing_comes_after_it(
    word: str, answer: str, result: Result
) -> None:
    async with serving(Relay(says={word: answer, "RSET": None, "QUIT": None})) as channel:
        assert await send_to(channel()) == result


async def test_an_old_mailserver_that_knows_no_ehlo_gets_the_mail() -> None:
    relay = Relay(says={"EHLO": "502 unknown command"})
    async with serving(relay) as channel:
        assert await send_to(channel()) == SendAccepted(MAIL_ID)
