"""One provider that hangs, in each way that a provider can: no other address waits for it, and nothing is silent."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from hub.kit.ids import OrganisationId
from hub.notifications.slots import PROBE_EVERY, SLOTS
from tests.fakes.certificate import make_certificate
from tests.fakes.providers import MailProvider, WebhookProvider
from tests.fakes.raw_servers import RawServer, Talk, answers, drips, hangs_after, ok_with, raw_server
from tests.integration.alarms.conftest import Desk
from tests.integration.notifications.delivering import delivering, reach, send_all, states

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n"
HANGS: dict[str, Talk] = {
    "before-the-answer": hangs_after(b""),
    "without-reading": hangs_after(b"", reads=False),
    "within-the-status": hangs_after(b"HTTP/1."),
    "within-the-headers": hangs_after(HEAD + b"X-"),
    "within-the-body": hangs_after(HEAD + b'\r\n{"code":'),
    "a-byte-at-a-time": drips(HEAD + b"\r\n" + b" " * 9000, 0.01),
    "headers-without-end": drips(HEAD + b"X-Slow: aaaaa", 0.01),
    "interim-answers-without-end": hangs_after(b"HTTP/1.1 100 Continue\r\n\r\n" * 3),
}


@pytest.mark.parametrize("how", HANGS)
async def test_a_webhook_that_hangs_is_given_up_in_time_and_the_persons_mail_goes_at_once(
    desk: Desk, mailboxes: MailProvider, how: str
) -> None:
    async with raw_server(HANGS[how]) as provider, delivering(desk, mailboxes.url, within=0.2) as deliver:
        reach(desk, "zhou", "webhook", f"http://127.0.0.1:{provider.port}/hook")
        reach(desk, "zhou", "email", "zhou@example.org", rank=1)
        await desk.pressed_alarm()
        await send_all(deliver)
        desk.clock.advance(timedelta(seconds=1))
        await send_all(deliver)

    assert sorted(states(desk)) == [("email", "taken", None), ("webhook", "refused", "timeout")]
    assert provider.connections == 2


async def test_a_handshake_that_hangs_is_given_up_in_time(desk: Desk) -> None:
    async with raw_server(hangs_after(b"", reads=False)) as provider, delivering(desk, within=0.2) as deliver:
        reach(desk, "zhou", "webhook", f"https://127.0.0.1:{provider.port}/hook")
        await desk.pressed_alarm()
        await send_all(deliver)

    assert states(desk) == [("webhook", "queued", "timeout")]


async def test_a_connection_that_nobody_accepts_is_given_up_in_time(desk: Desk) -> None:
    with full_backlog() as port:
        reach(desk, "zhou", "webhook", f"http://127.0.0.1:{port}/hook")
        await desk.pressed_alarm()
        async with delivering(desk, within=0.2) as deliver:
            await send_all(deliver)

    assert states(desk) == [("webhook", "queued", "timeout")]


async def test_the_first_message_of_a_new_alarm_goes_at_once_beside_sixty_that_hang(
    desk: Desk, mailboxes: MailProvider
) -> None:
    async with raw_server(hangs_after(b"")) as provider, delivering(desk, mailboxes.url) as deliver:
        reach(desk, "zhou", "webhook", f"http://127.0.0.1:{provider.port}/hook")
        await desk.pressed_alarm()
        copy_alarm_messages(desk, 60)
        reach(desk, "zhou", "email", "zhou@example.org", rank=1)
        async with asyncio.TaskGroup() as group:
            hanging = (await deliver.lease_due()).leased
            tasks = [group.create_task(deliver.send(one)) for one in hanging]
            assert len(hanging) == SLOTS

            await desk.press(senior=desk.house.li, device=desk.house.li_button)
            new = (await deliver.lease_due()).leased
            for outgoing in new:
                await deliver.send(outgoing)

            assert [(one.channel, one.n) for one in new] == [("email", 1)]
            assert mailboxes.mails.qsize() == 1
            for task in tasks:
                task.cancel()


async def test_a_first_message_is_sent_before_the_repeats_that_wait_for_the_same_address(
    desk: Desk, phones: WebhookProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    await desk.pressed_alarm()
    async with delivering(desk) as deliver:
        await send_all(deliver)
        await desk.wait(60)
        await desk.wait(60)
        await desk.press(senior=desk.house.li, device=desk.house.li_button)
        due = (await deliver.lease_due()).leased

    assert [one.facts.number for one in due] == ["23-02", "23-01"]


async def test_a_repeat_that_waited_is_replaced_by_the_newer_one(desk: Desk, phones: WebhookProvider) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    await desk.pressed_alarm()
    for _ in range(6):
        await desk.wait(60)
    ((newest,),) = desk.rows("SELECT max(n) FROM notification WHERE template = 'again'")
    async with delivering(desk) as deliver:
        assert await send_all(deliver) == 1
        assert await send_all(deliver) == 0

    assert [one.json["data"]["n"] for one in [phones.deliveries.get_nowait()]] == [newest]
    assert {(state, error) for _, state, error in states(desk)} == {("dead", "superseded"), ("taken", None)}
    assert desk.rows("SELECT code FROM notice WHERE code = 'untold'") == []


async def test_an_open_circuit_lets_one_probe_through_and_an_answer_closes_it(
    desk: Desk, phones: WebhookProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/slow")
    await desk.pressed_alarm()
    async with delivering(desk, within=0.2) as deliver:
        for _ in range(2):
            await send_all(deliver)
            desk.clock.advance(timedelta(seconds=1))
        copy_alarm_messages(desk, 3, tries=1)
        assert await send_all(deliver) == 0
        assert [error for _, state, error in states(desk) if state == "dead"].count("circuit-open") == 3

        copy_alarm_messages(desk, 3, start=10)
        assert await send_all(deliver) == 1  # a first P1 is tried, the others wait for it
        phones.hold.set()
        desk.clock.advance(timedelta(seconds=PROBE_EVERY))
        assert await send_all(deliver) == 1
        assert await send_all(deliver) == 1

    assert [state for _, state, _ in states(desk)].count("taken") == 2
    assert len(desk.rows("SELECT id FROM notice WHERE code = 'untold' AND cleared_at IS NULL")) == 0


async def test_a_provider_that_asks_for_a_pause_is_not_asked_again_before_it_is_over(
    desk: Desk, mailboxes: MailProvider
) -> None:
    busy = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    async with raw_server(answers(busy)) as provider, delivering(desk, mailboxes.url) as deliver:
        reach(desk, "zhou", "webhook", f"http://127.0.0.1:{provider.port}/hook")
        await desk.pressed_alarm()
        for _ in range(20):
            await send_all(deliver)
            desk.clock.advance(timedelta(seconds=1))
        assert provider.connections == 1
        desk.clock.advance(timedelta(seconds=10))
        await send_all(deliver)

    assert provider.connections == 2
    assert states(desk) == [("webhook", "queued", "http-429")]


async def test_a_status_of_failure_is_enough_when_the_body_never_comes(desk: Desk) -> None:
    gone = b"HTTP/1.1 410 Gone\r\nContent-Length: 1000\r\n\r\n"
    async with raw_server(hangs_after(gone)) as provider, delivering(desk) as deliver:
        reach(desk, "zhou", "webhook", f"http://127.0.0.1:{provider.port}/hook")
        await desk.pressed_alarm()
        await send_all(deliver)

    assert states(desk) == [("webhook", "dead", "http-410")]


@pytest.mark.parametrize(
    ("body", "headers", "state", "error"),
    [
        (b'{"success":false,"trace":"' + b"x" * 500_000 + b'"}', (), "dead", "refused"),
        (b'{"code":0,"trace":"' + b"x" * 500_000 + b'"}', (), "taken", None),
        (b'{"code":200,"msg":"success"}', (), "taken", None),
        (b"Webhook delivery failed with error: endpoint returned HTTP error 429", (), "queued", "refused"),
    ],
)
async def test_a_huge_or_unusual_body_is_judged_by_what_it_says_at_its_beginning(
    desk: Desk, body: bytes, headers: tuple[bytes, ...], state: str, error: str | None
) -> None:
    async with raw_server(answers(ok_with(body, *headers))) as provider, delivering(desk) as deliver:
        reach(desk, "zhou", "webhook", f"http://127.0.0.1:{provider.port}/hook")
        await desk.pressed_alarm()
        await send_all(deliver)

    assert states(desk) == [("webhook", state, error)]


async def test_a_certificate_that_nobody_trusts_is_said_by_name(desk: Desk, tmp_path: Path) -> None:
    async with own_https(tmp_path, answers(ok_with(b"ok"))) as provider, delivering(desk) as deliver:
        reach(desk, "zhou", "webhook", f"https://127.0.0.1:{provider.port}/hook")
        await desk.pressed_alarm()
        await send_all(deliver)

    assert states(desk) == [("webhook", "dead", "certificate")]


async def test_plain_http_goes_only_to_hosts_that_the_installation_names(desk: Desk, phones: WebhookProvider) -> None:
    reach(desk, "zhou", "webhook", phones.url.replace("127.0.0.1", "localhost") + "/ok")
    await desk.pressed_alarm()
    async with delivering(desk) as deliver:
        await send_all(deliver)

    assert states(desk) == [("webhook", "dead", "not-https")]
    assert phones.deliveries.empty()


async def test_a_name_that_means_this_machine_is_refused_when_it_is_connected_to(desk: Desk, tmp_path: Path) -> None:
    async with own_https(tmp_path, answers(ok_with(b"ok"))) as provider, delivering(desk) as deliver:
        reach(desk, "zhou", "webhook", f"https://localhost:{provider.port}/hook")
        await desk.pressed_alarm()
        await send_all(deliver)

    assert states(desk) == [("webhook", "dead", "forbidden-address")]
    assert provider.connections == 0


async def test_a_secret_that_came_while_the_hub_runs_is_used_for_the_next_message(
    desk: Desk, phones: WebhookProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    with psycopg.connect(desk.url) as conn:
        conn.execute("INSERT INTO organisation VALUES ('new', '新机构', 'New')")
        conn.execute("UPDATE account SET organisation_id = 'new' WHERE id = 'zhou'")
    secrets: dict[OrganisationId, str] = {}
    new = OrganisationId("new")
    async with delivering(desk, secrets=secrets) as deliver:
        await desk.pressed_alarm()
        await send_all(deliver)
        secrets[new] = "whsec_bm90IGJhc2U2NA=="
        await desk.press(senior=desk.house.li, device=desk.house.li_button)
        await send_all(deliver)
        secrets[new] = "whsec_"
        await desk.wait(60)
        await send_all(deliver)

    assert [(state, error) for _, state, error in states(desk)][:2] == [("dead", "no-secret"), ("taken", None)]
    assert ("webhook", "dead", "bad-secret") in states(desk)


@asynccontextmanager
async def own_https(folder: Path, talk: Talk) -> AsyncIterator[RawServer]:
    """A server with a certificate that it has made itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*make_certificate(folder))
    async with raw_server(talk, context) as server:
        yield server


@contextmanager
def full_backlog() -> Iterator[int]:
    """The port of a server that accepts nobody and for which so many wait that the kernel answers no more."""
    with ExitStack() as opened:
        listening = opened.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


def copy_alarm_messages(desk: Desk, count: int, *, tries: int = 0, start: int = 0) -> None:
    """So many more alarms, each with its first message over the same contact, queued now."""
    with psycopg.connect(desk.url) as conn:
        conn.execute("SET session_replication_role = replica")  # without their timers: only messages matter here
        for number in range(start, start + count):
            conn.execute(
                "INSERT INTO alarm SELECT (jsonb_populate_record(alarm, jsonb_build_object("
                "'id', %(new)s::text, 'key', %(new)s::text, 'number', %(number)s::text))).* "
                "FROM alarm ORDER BY opened_at, id LIMIT 1",
                {"new": f"a-{number:026}", "number": f"23-{number + 50}"},
            )
            conn.execute(
                "INSERT INTO notification SELECT (jsonb_populate_record(notification, jsonb_build_object("
                "'id', %(id)s::text, 'alarm_id', %(new)s::text, 'tries', %(tries)s::int, 'state', 'queued', "
                "'next_at', %(now)s::timestamptz, 'error', null, 'ended_at', null, 'taken_at', null))).* "
                "FROM notification WHERE template = 'alarm' ORDER BY made_at, id LIMIT 1",
                {"id": f"n-copy-{number}", "new": f"a-{number:026}", "tries": tries, "now": desk.clock.now()},
            )
