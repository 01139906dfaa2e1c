"""The organisation's phones: a real receiver that refuses what is not signed, and a tap that reaches the hub."""

import asyncio
import json
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from tests.conftest import MORNING, take_free_port

CENTRE = """
centre: {timezone: Asia/Shanghai}
accounts:
  - {id: liu, role: staff, name: 刘芳, name_en: Liu Fang, contacts: [{channel: webhook, address: x}]}
  - {id: zhou, role: social_worker, organisation: true, name: 周敏, name_en: Zhou Min,
     contacts: [{channel: webhook, address: x}]}
  - {id: quiet, role: staff, name: 静, name_en: Jing}
"""
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@dataclass(frozen=True, slots=True)
class Phones:
    """A running receiver and a client for it; `hub` is the port of the only hub it answers to."""

    http: httpx.AsyncClient
    smtp_port: int
    hub: int


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Phones]:
    (folder / "centre.yaml").write_text(CENTRE, "utf-8")
    (folder / "secret").write_text(SECRET)
    http_port, smtp_port, hub = take_free_port(), take_free_port(), take_free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators.organisation", "--centre", str(folder / "centre.yaml")),
        *("--secret-file", str(folder / "secret"), "--hub", f"http://127.0.0.1:{hub}"),
        *("--http-port", str(http_port), "--smtp-port", str(smtp_port), "--framed-by", "http://localhost:8080"),
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{http_port}", trust_env=False) as http:
            await until_up(process, http)
            yield Phones(http, smtp_port, hub)
    finally:
        process.terminate()
        async with asyncio.timeout(10):
            await process.wait()


async def until_up(process: Process, http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(20):
        while True:
            assert process.returncode is None, "the receiver did not start"
            try:
                await http.get("/phones")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return


@pytest.fixture
async def phones(tmp_path: Path) -> AsyncIterator[Phones]:
    async with running(tmp_path) as up:
        yield up


def delivery(n: int = 1, state: str = "open", accept_url: str | None = None) -> bytes:
    return json.dumps(
        {
            "type": "alarm.notification" if state == "open" else "alarm.update",
            "timestamp": MORNING.isoformat(),
            "data": {
                "notification_id": f"n-{n}",
                "to": {"account_id": "zhou", "name": "周敏", "phone": "13900000000"},
                "alarm": {"id": "a-1", "number": "23-07", "priority": "P1", "klass": "help", "state": state},
                "n": n,
                "text": {"zh-CN": "王奶奶在健身室按了呼叫", "en": "Grandma Wang pressed in the gym"},
                "urgent": True,
                "accept_url": accept_url,
            },
        },
        ensure_ascii=False,
    ).encode()


async def send(phones: Phones, body: bytes, *, secret: str = SECRET, to: str = "zhou") -> httpx.Response:
    sent_at = datetime.now(UTC)  # noqa: TID251 - the receiver checks it against the machine's clock
    headers = {
        "webhook-id": "msg-1",
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg-1", sent_at, body.decode()),
        "content-type": "application/json",
    }
    return await phones.http.post(f"/hooks/{to}", content=body, headers=headers)


async def standing(phones: Phones) -> list[tuple[str, int]]:
    shown = (await phones.http.get("/phones")).json()["phones"]
    zhou = next(phone for phone in shown if phone["account_id"] == "zhou")
    return [(message["standing"], message["count"]) for message in zhou["shown"]]


async def test_a_signed_delivery_makes_the_phone_buzz(phones: Phones) -> None:
    answer = await send(phones, delivery())

    assert answer.json()["code"] == 0
    assert await standing(phones) == [("ringing", 1)]


async def test_the_organisations_own_people_come_first_and_who_has_no_phone_is_not_there(phones: Phones) -> None:
    shown = (await phones.http.get("/phones")).json()["phones"]

    assert [phone["account_id"] for phone in shown] == ["zhou", "liu"]


async def test_a_wrong_signature_is_refused_and_counted(phones: Phones) -> None:
    answer = await send(phones, delivery(), secret="whsec_" + "QUFB" * 8)

    assert answer.status_code == 401
    assert (await phones.http.get("/messages")).json() == {"messages": [], "mail": [], "refused": 1}


async def test_the_same_delivery_twice_is_one_message(phones: Phones) -> None:
    await send(phones, delivery())
    await send(phones, delivery())

    assert await standing(phones) == [("ringing", 1)]


async def test_a_repeated_alarm_is_counted_on_the_same_message(phones: Phones) -> None:
    await send(phones, delivery(1))
    await send(phones, delivery(2))

    assert await standing(phones) == [("ringing", 2)]


async def test_an_update_ends_the_buzzing(phones: Phones) -> None:
    await send(phones, delivery(1))
    await send(phones, delivery(2, "accepted"))
    assert await standing(phones) == [("taken", 2)]

    await send(phones, delivery(3, "resolved"))
    assert await standing(phones) == [("over", 3)]


async def test_a_tap_is_passed_to_the_hub(phones: Phones) -> None:
    asked: list[bytes] = []

    async def hub(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    await send(phones, delivery(accept_url=f"http://127.0.0.1:{phones.hub}/api/a/token"))
    async with await asyncio.start_server(hub, "127.0.0.1", phones.hub):
        answer = await phones.http.post("/phones/zhou/take/n-1")

    assert answer.json() == {"code": "accepted"}
    assert asked == [b"POST /api/a/token/accept HTTP/1.1\r\n"]
    assert await standing(phones) == [("mine", 1)]


async def test_the_hubs_own_news_of_a_tap_may_come_before_its_answer(phones: Phones) -> None:
    async def hub(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n")
        await send(phones, delivery(2, "accepted"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    await send(phones, delivery(accept_url=f"http://127.0.0.1:{phones.hub}/api/a/token"))
    async with await asyncio.start_server(hub, "127.0.0.1", phones.hub):
        await phones.http.post("/phones/zhou/take/n-1")

    assert await standing(phones) == [("mine", 2)]


async def test_a_tap_while_the_hub_is_down_says_so_and_can_be_repeated(phones: Phones) -> None:
    await send(phones, delivery(accept_url=f"http://127.0.0.1:{phones.hub}/api/a/token"))

    answer = await phones.http.post("/phones/zhou/take/n-1")

    assert answer.json() == {"code": "hub-unreachable"}
    assert await standing(phones) == [("ringing", 1)]


async def test_a_link_that_leads_elsewhere_is_not_followed(phones: Phones) -> None:
    await send(phones, delivery(accept_url="http://127.0.0.1:9/api/a/token"))

    assert (await phones.http.post("/phones/zhou/take/n-1")).json() == {"code": "not-the-hub"}


@pytest.mark.parametrize(("fault", "status"), [("down", 503), ("refuse", 403), ("error-in-200", 200)])
async def test_faults_can_be_switched_on(phones: Phones, fault: str, status: int) -> None:
    await phones.http.post("/faults", json={"fault": fault})

    answer = await send(phones, delivery())

    assert answer.status_code == status
    assert await standing(phones) == []


@pytest.mark.parametrize("path", ["/faults", "/phones/zhou/take/n-1"])
async def test_a_page_of_another_site_changes_nothing(phones: Phones, path: str) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"}

    answer = await phones.http.post(path, content=b'{"fault": "down"}', headers=foreign)

    assert answer.status_code == 403


async def test_mail_is_kept(phones: Phones) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "hub@example.org", "zhou@example.org", "王奶奶按了呼叫"
    mail.set_content("健身室")

    await aiosmtplib.send(mail, hostname="127.0.0.1", port=phones.smtp_port, start_tls=False)

    (kept,) = (await phones.http.get("/messages")).json()["mail"]
    assert (kept["to"], kept["subject"], kept["text"].strip()) == ("zhou@example.org", "王奶奶按了呼叫", "健身室")


async def test_the_page_loads_nothing_from_elsewhere(phones: Phones) -> None:
    answer = await phones.http.get("/")

    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "frame-ancestors http://localhost:8080" in answer.headers["content-security-policy"]
    assert "http" not in answer.text.replace("http-equiv", "")
