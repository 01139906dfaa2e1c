"""The supervisor's list is there without a database, and the people in it are told over real channels."""

import json
import time
from pathlib import Path

import psycopg
import pytest

from hub.embedded.last_resort import LastResort, OutageChannel
from hub.kit.clock import SetClock
from hub.kit.named_hosts import parse_named_host
from hub.notifications.channels.email import EmailChannel, parse_mailserver
from hub.notifications.channels.webhook import WebhookChannel
from hub.notifications.destinations import Outbound
from hub.notifications.model import ChannelName
from tests.fakes.house import House
from tests.fakes.providers import mail_provider, webhook_provider

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CONTACTS = """
    INSERT INTO contact_method (id, account_id, channel, address, verified_at)
    VALUES ('k-1', 'zhou', 'webhook', %s, now()), ('k-2', 'liu', 'email', 'liu@example.org', now()),
           ('k-3', 'chen', 'email', 'chen@example.org', NULL), ('k-4', 'sun', 'email', 'sun@example.org', now())
"""


def list_of(folder: Path) -> list[dict[str, dict[str, str]]]:
    read: list[dict[str, dict[str, str]]] = json.loads((folder / "last-resort.json").read_text("utf-8"))
    return read


def was_not_ready_for(folder: Path, seconds: float, *, told: float | None = None) -> None:
    """An earlier supervisor has left this behind, and has just been killed."""
    now = time.time()
    known = {"ready_at": now - seconds, "seen_at": now, "told_at": told and now - told}
    (folder / "last-ready.json").write_text(json.dumps(known), "utf-8")


async def test_the_list_has_whom_alarms_reach_and_is_for_this_account_alone(
    tmp_path: Path, database_url: str, house: House, clock: SetClock
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("DELETE FROM contact_method")
        conn.execute(CONTACTS, ["https://example.org/hook"])
        conn.execute("UPDATE account SET active = false WHERE id = 'sun'")

    await LastResort(tmp_path, {}, clock, lambda _line: None).read_list(database_url)

    assert {one["to"]["account_id"]: one["to"]["address"] for one in list_of(tmp_path)} == {
        "zhou": "https://example.org/hook",
        "liu": "liu@example.org",
    }
    assert (tmp_path / "last-resort.json").stat().st_mode & 0o777 == 0o600


async def test_without_a_database_everybody_of_the_list_is_told(
    tmp_path: Path, database_url: str, house: House, clock: SetClock
) -> None:
    said: list[str] = []
    async with webhook_provider() as hook, mail_provider() as mailboxes:
        with psycopg.connect(database_url) as conn:
            conn.execute("DELETE FROM contact_method")
            conn.execute(CONTACTS, [f"{hook.url}/ok"])
        await LastResort(tmp_path, {}, clock, said.append).read_list(database_url)
        was_not_ready_for(tmp_path, 61)
        outbound = Outbound(named=(parse_named_host("127.0.0.1"),))
        async with WebhookChannel.open(lambda _organisation: SECRET, outbound) as webhook:
            email = EmailChannel(parse_mailserver(mailboxes.url))
            channels: dict[str, OutageChannel] = {ChannelName.WEBHOOK: webhook, ChannelName.EMAIL: email}
            last_resort = LastResort(tmp_path, channels, clock, said.append)

            await last_resort.take_look(is_ready=False)
            await last_resort.take_look(is_ready=False)
            again = LastResort(tmp_path, channels, clock, said.append)
            await again.take_look(is_ready=False)

        delivery, mail = hook.deliveries.get_nowait(), mailboxes.mails.get_nowait()
        assert hook.deliveries.empty(), "once, also by the supervisor that comes after"

    body = json.loads(delivery.body)
    assert (body["type"], body["data"]["urgent"]) == ("hub.down", True)
    assert "安铃主机出了问题" in body["data"]["text"]["zh-CN"]
    assert delivery.headers["webhook-signature"].startswith("v1,")
    assert "安铃主机出了问题" in mail["Subject"]
    assert said[0].startswith("3 of 3")


async def test_a_disk_and_a_provider_that_take_nothing_end_nothing(tmp_path: Path, clock: SetClock) -> None:
    was_not_ready_for(tmp_path, 61)
    contact = {"account_id": "zhou", "organisation_id": None, "name": "", "phone": "", "language": "en", "address": "x"}
    (tmp_path / "last-resort.json").write_text(json.dumps([{"channel": "webhook", "to": contact}]), "utf-8")
    said: list[str] = []
    last_resort = LastResort(tmp_path, {}, clock, said.append)
    (tmp_path / "last-ready.json").unlink()
    (tmp_path / "last-ready.json").mkdir()

    await last_resort.take_look(is_ready=False)

    assert said == ["0 of 1 contacts of the last resort were told: hub.down"]


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"ready_at": "x"}', '{"ready_at": 1e300, "seen_at": 1e300}'])
async def test_what_a_file_holds_that_cannot_be_read_stops_no_start(tmp_path: Path, clock: SetClock, kept: str) -> None:
    for name in ("last-resort.json", "last-ready.json"):
        (tmp_path / name).write_text(kept, "utf-8")

    await LastResort(tmp_path, {}, clock, lambda _line: None).take_look(is_ready=True)

    assert json.loads((tmp_path / "last-ready.json").read_text("utf-8"))["ready_at"] > 0


async def test_time_without_power_is_no_outage_of_the_hub(tmp_path: Path, clock: SetClock) -> None:
    now = time.time()
    known = {"ready_at": now - 301, "seen_at": now - 300, "told_at": None}
    (tmp_path / "last-ready.json").write_text(json.dumps(known), "utf-8")
    said: list[str] = []

    await LastResort(tmp_path, {}, clock, said.append).take_look(is_ready=False)

    assert said == []
    assert json.loads((tmp_path / "last-ready.json").read_text("utf-8"))["ready_at"] > now - 5
