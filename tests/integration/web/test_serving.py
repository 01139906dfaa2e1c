"""What does a client get who sends or reads without end, and who opens connections without number?"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from uvicorn.server import ServerState

from hub.kit.proxy_protocol import LOCAL_HEADER, read_networks
from hub.web.places import Limits
from hub.web.serving import BoundedConnection, Proxies
from tests.fakes.certificate import make_certificate
from tests.fakes.house import House
from tests.fakes.proxy import proxy_header
from tests.integration.web.page import opened
from tests.integration.web.site import Site, served

PATIENCE = 30.0
AT_ONCE = Limits(head_seconds=0.2, body_seconds=0.2, unread_seconds=0.2, look_seconds=0.05)
HEAD = b"GET /api/me HTTP/1.1\r\nHost: localhost\r\n"
A_POST = b"POST /api/sign-in HTTP/1.1\r\nHost: localhost\r\nX-Anling: 1\r\nContent-Type: application/json\r\n"
A_MEGABYTE = 1024 * 1024


class Client:
    """A TCP client that says what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.sent = 0

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()
        self.sent += len(data)

    async def say_until_ended(self, data: bytes, most: int = 64 * A_MEGABYTE) -> None:
        """Say the same again and again until the other side has ended the connection; fails after `most` bytes."""
        with pytest.raises(ConnectionError):
            while self.sent < most:
                await self.say(data)
                await asyncio.sleep(0)

    async def answer(self) -> bytes:
        """All that is said to it until the connection ends."""
        said = b""
        async with asyncio.timeout(PATIENCE):
            try:
                while some := await self.reader.read(65536):
                    said += some
            except ConnectionError:
                pass
        return said


@asynccontextmanager
async def client_at(address: str) -> AsyncIterator[Client]:
    parts = urlsplit(address)
    # Small, so that answers which nobody reads fill it soon: by itself it grows to megabytes.
    with_small_buffer = socket.socket(socket.AF_INET)
    with_small_buffer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with_small_buffer.setblocking(False)
    await asyncio.get_running_loop().sock_connect(with_small_buffer, (parts.hostname, parts.port))
    reader, writer = await asyncio.open_connection(sock=with_small_buffer)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


async def still_answers(address: str) -> bool:
    async with httpx.AsyncClient(base_url=address, verify=False, trust_env=False) as browser:
        return (await browser.get("/api/me")).status_code == 401


async def test_a_header_line_without_end_ends_its_connection_at_64_kib(site: Site) -> None:
    async with served(site) as address, client_at(address) as client:
        await client.say(HEAD + b"X: ")
        await client.say_until_ended(b"a" * 4096, most=8 * A_MEGABYTE)

        assert await still_answers(address)


async def test_header_lines_without_end_end_their_connection(site: Site) -> None:
    async with served(site) as address, client_at(address) as client:
        await client.say(HEAD)
        await client.say_until_ended(b"X: a\r\n" * 1000, most=8 * A_MEGABYTE)


async def test_a_head_of_60_kib_is_taken(site: Site) -> None:
    async with served(site) as address, client_at(address) as client:
        await client.say(HEAD + b"Connection: close\r\nX: " + b"a" * 40_000)
        for _ in range(100):  # the server, on the same loop, has read this before the rest comes
            await asyncio.sleep(0)
        await client.say(b"a" * 20_000 + b"\r\n\r\n")

        assert (await client.answer()).startswith(b"HTTP/1.1 401 ")


async def says_nothing(client: Client) -> None:
    return None


async def trickles_a_head(client: Client) -> None:
    await client.say(HEAD + b"X: ")
    await trickle(client)


async def trickles_a_second_head(client: Client) -> None:
    await client.say(HEAD + b"\r\n")
    await client.reader.readuntil(b"\r\n\r\n")
    await trickles_a_head(client)


async def trickles_a_body(client: Client) -> None:
    await client.say(A_POST + b"Content-Length: 60000\r\n\r\n")
    await trickle(client)


async def trickles_chunks(client: Client) -> None:
    await client.say(A_POST + b"Transfer-Encoding: chunked\r\n\r\n")
    await trickle(client, b"1\r\n \r\n")


async def trickles_a_body_that_nobody_wants(client: Client) -> None:
    await client.say(A_POST.replace(b"X-Anling: 1", b"X-Anling: 0") + b"Content-Length: 60000\r\n\r\n")
    await trickle(client)


async def trickle(client: Client, data: bytes = b"a") -> None:
    try:
        while True:
            await client.say(data)
            await asyncio.sleep(0.01)
    except ConnectionError:
        pass


@pytest.mark.parametrize(
    "behaves",
    [
        says_nothing,
        trickles_a_head,
        trickles_a_second_head,
        trickles_a_body,
        trickles_chunks,
        trickles_a_body_that_nobody_wants,
    ],
)
async def test_who_is_too_slow_is_ended(
    site: Site, behaves: Callable[[Client], Coroutine[None, None, None]], caplog: pytest.LogCaptureFixture
) -> None:
    async with served(site, AT_ONCE) as address, client_at(address) as client:
        async with asyncio.timeout(PATIENCE):
            await behaves(client)
            await client.answer()

        assert await still_answers(address)
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("head", [A_POST, A_POST.replace(b"X-Anling: 1", b"X-Anling: 0"), HEAD])
async def test_chunks_without_end_end_their_connection(
    site: Site, head: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(site) as address, client_at(address) as client:
        await client.say(head + b"Transfer-Encoding: chunked\r\n\r\n")
        await client.say_until_ended(b"1000\r\n" + b"a" * 4096 + b"\r\n")

        assert await still_answers(address)
    assert "Traceback" not in caplog.text


async def test_a_body_that_says_it_is_too_long_is_refused_before_it_is_sent(site: Site) -> None:
    async with served(site) as address, client_at(address) as client:
        await client.say(A_POST + b"Content-Length: 65537\r\n\r\n")

        assert (await client.reader.readline()).startswith(b"HTTP/1.1 413 ")


async def test_nonsense_in_the_middle_of_a_body_ends_its_connection_and_is_no_mistake_of_ours(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(site) as address, client_at(address) as client:
        await client.say(A_POST.replace(b"X-Anling: 1", b"X-Anling: 0") + b"Transfer-Encoding: chunked\r\n\r\n")
        await client.reader.readuntil(b"\r\n\r\n")
        await client.say_until_ended(b"no chunk\r\n", most=A_MEGABYTE)

        assert await still_answers(address)
    assert "Traceback" not in caplog.text


async def test_who_never_reads_what_she_asked_for_is_ended(site: Site) -> None:
    async with served(site, AT_ONCE) as address, client_at(address) as client:
        async with asyncio.timeout(PATIENCE):
            await client.say_until_ended((HEAD + b"\r\n") * 100)


async def test_an_answer_that_nobody_takes_does_not_keep_a_closed_connection(site: Site) -> None:
    ours, hers = socket.socketpair()
    with hers:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        ours.settimeout(0)
        config = uvicorn.Config(site.app, http="h11", ws="none", lifespan="off")
        connection = BoundedConnection(config, ServerState(), Limits())
        await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, ours)
        connection.transport.write(b"a" * 60_000)
        connection.transport.close()

        connection.end_if_late(0.0, under_pressure=False)
        connection.end_if_late(Limits().unread_seconds + 1, under_pressure=False)

        async with asyncio.timeout(PATIENCE):
            await connection.lost.wait()


async def test_pipelined_requests_are_answered_one_after_the_other(site: Site) -> None:
    async with served(site) as address, client_at(address) as client:
        await client.say((HEAD + b"\r\n") * 20 + HEAD + b"Connection: close\r\n\r\n")

        assert (await client.answer()).count(b"HTTP/1.1 401 ") == 21


async def test_the_oldest_connection_that_says_nothing_is_shed_for_a_new_one(site: Site) -> None:
    async with served(site, Limits(connections=3)) as address, AsyncExitStack() as opened_here:
        silent = [await opened_here.enter_async_context(client_at(address)) for _ in range(3)]

        async with client_at(address) as asking:
            await asking.say(HEAD + b"Connection: close\r\n\r\n")
            assert (await asking.answer()).startswith(b"HTTP/1.1 401 ")

        assert await silent[0].answer() == b""


async def test_a_page_in_which_somebody_is_signed_in_is_not_shed_by_a_thousand_that_say_nothing(
    site: Site, house: House
) -> None:
    async with (
        served(site, Limits(connections=4)) as address,
        opened(address, "/api/live", await site.cookies_of(house.zhou)) as page,
        AsyncExitStack() as opened_here,
    ):
        assert (await page.next()).name
        for _ in range(30):
            await opened_here.enter_async_context(client_at(address))
        await until_answered(address)

        while (await page.next()).name != "beat":
            pass


async def test_a_new_connection_is_refused_when_there_is_no_stranger_to_shed(site: Site, house: House) -> None:
    cookies = await site.cookies_of(house.zhou)
    async with (
        served(site, Limits(connections=1)) as address,
        opened(address, "/api/live", cookies) as page,
        client_at(address) as stranger,
    ):
        assert (await page.next()).name

        assert await stranger.answer() == b""


LOOPBACK = read_networks("127.0.0.1")


async def test_behind_a_proxy_each_client_has_its_own_address(site: Site) -> None:
    """More wrong passwords from one address than are free; the same account at another is asked nothing of it."""
    async with served(site, proxies=Proxies(with_header=LOOPBACK)) as address:
        answers = [await _sign_in_from(address, "203.0.113.7") for _ in range(5)]
        elsewhere = await _sign_in_from(address, "2001:db8::7")

    assert [answer[9:12] for answer in answers] == [b"401", b"401", b"401", b"401", b"429"]
    assert elsewhere[9:12] == b"401"


async def test_behind_a_proxy_one_address_takes_no_more_than_its_share(site: Site) -> None:
    limits = Limits(connections_of_one=2)
    async with served(site, limits, proxies=Proxies(with_header=LOOPBACK)) as address, AsyncExitStack() as here:
        silent = [await here.enter_async_context(client_at(address)) for _ in range(3)]
        for client in silent:
            await client.say(proxy_header("203.0.113.7"))

        assert await silent[0].answer() == b""
        assert (await _sign_in_from(address, "203.0.113.8"))[9:12] == b"401"


@pytest.mark.parametrize(
    "said",
    [HEAD + b"\r\n", proxy_header("203.0.113.7")[:20], b"PROXY TCP4 203.0.113.7 10.0.0.1 1 80\r\n" + HEAD + b"\r\n"],
)
async def test_the_trusted_end_has_to_say_for_whom_it_speaks(site: Site, said: bytes) -> None:
    async with served(site, AT_ONCE, proxies=Proxies(with_header=LOOPBACK)) as address, client_at(address) as client:
        await client.say(said)

        assert await client.answer() == b""


async def test_the_trusted_end_may_speak_for_itself(site: Site) -> None:
    async with served(site, proxies=Proxies(with_header=LOOPBACK)) as address, client_at(address) as client:
        await client.say(LOCAL_HEADER + HEAD + b"Connection: close\r\n\r\n")

        assert (await client.answer())[9:12] == b"401"


async def test_nobody_else_says_where_a_request_comes_from(site: Site) -> None:
    async with (
        served(site, proxies=Proxies(with_header=read_networks("192.0.2.0/24"))) as address,
        client_at(address) as client,
    ):
        await client.say(proxy_header("203.0.113.7") + HEAD + b"Connection: close\r\n\r\n")

        assert (await client.answer())[9:12] == b"400"


async def _sign_in_from(address: str, told: str) -> bytes:
    body = b'{"account":"zhou","password":"wrong"}'
    async with client_at(address) as client:
        length = str(len(body)).encode()
        head = A_POST + b"Connection: close\r\nContent-Length: " + length + b"\r\n\r\n"
        await client.say(proxy_header(told) + head + body)
        return await client.answer()


async def until_answered(address: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                assert await still_answers(address)
            except httpx.TransportError:
                await asyncio.sleep(0.01)
            else:
                return


async def test_a_live_page_outlasts_every_limit_of_time(site: Site, house: House) -> None:
    async with (
        served(site, AT_ONCE) as address,
        opened(address, "/api/live", await site.cookies_of(house.zhou)) as page,
    ):
        beats = 0
        while beats < 5:  # one every 0.2 s: together they are longer than each of the limits
            beats += (await page.next()).name == "beat"


async def test_a_tls_handshake_that_never_ends_is_ended_and_gives_its_place_back(site: Site, tmp_path: Path) -> None:
    limits = Limits(handshake_seconds=0.2, connections_of_one=1)
    async with served(site, limits, make_certificate(tmp_path)) as address:
        async with client_at(address) as client:
            await client.say(b"\x16\x03\x01\x02\x00\x01\x00")  # the beginning of a ClientHello
            assert await client.answer() == b""

        await until_answered(address)


async def test_what_is_no_tls_at_all_is_ended_and_gives_its_place_back(site: Site, tmp_path: Path) -> None:
    async with served(site, Limits(connections_of_one=1), make_certificate(tmp_path)) as address:
        async with client_at(address) as client:
            await client.say(HEAD + b"\r\n")
            assert b"HTTP/1.1" not in await client.answer()

        await until_answered(address)
