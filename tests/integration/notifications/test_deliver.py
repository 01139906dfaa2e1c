"""Messages to people, through real HTTP and SMTP servers: written, taken, sent once, never lost."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from standardwebhooks import Webhook

from hub.alarms import store as alarms
from hub.kit.changes import LOST, Change, Changes
from hub.kit.db import Database, Login
from hub.kit.ids import AlarmId
from hub.notifications import service
from hub.notifications.channels.webhook import WebhookChannel
from hub.notifications.deliver import LEASE, NotificationDeliverer
from hub.notifications.model import Template
from tests.conftest import take_free_port
from tests.fakes.logins import url_as
from tests.fakes.providers import MailProvider, WebhookProvider
from tests.fakes.recording_database import Recorded
from tests.integration.alarms.conftest import Desk
from tests.integration.mqtt.fakes import running
from tests.integration.notifications.delivering import (
    HERE,
    PUBLIC,
    SECRET,
    SECRETS,
    delivering,
    reach,
    send_all,
    states,
)
from tests.integration.web.site import Place, make_site


async def test_a_phone_hears_who_where_how_urgent_in_a_signed_message(desk: Desk, phones: WebhookProvider) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    alarm_id = await desk.pressed_alarm()

    async with delivering(desk) as deliver:
        assert await send_all(deliver) == 1

    delivery = phones.deliveries.get_nowait()
    data = delivery.json["data"]
    (row,) = desk.rows("SELECT id, state, provider_id, tries FROM notification")
    assert row == (data["notification_id"], "taken", "m-1", 1)
    assert data["alarm"] == {
        "id": alarm_id, "number": "23-01", "priority": "P1", "klass": "help", "state": "open", "owner": {},
    }  # fmt: skip
    assert data["to"] == {"account_id": "zhou", "name": "周敏", "phone": "13893100000"}
    assert data["urgent"] is True
    assert delivery.headers["webhook-id"] == row[0]
    assert delivery.headers["webhook-timestamp"] == str(int(desk.clock.now().timestamp()))
    signed = Webhook(SECRET).sign(row[0], desk.clock.now(), delivery.body)
    assert delivery.headers["webhook-signature"] == signed


async def test_whoever_took_it_can_say_through_her_phone_that_she_still_comes_when_it_is_pressed_again(
    desk: Desk, web_database: Database, phones: WebhookProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    site = make_site(Place(desk.url, desk.database, web_database, desk.clock))
    alarm_id = await desk.pressed_alarm()
    await desk.accept(alarm_id, desk.house.zhou)
    await desk.wait(20)
    await desk.press()
    assert "confirm" in desk.pending(alarm_id)
    async with delivering(desk) as deliver:
        await send_all(deliver)

    asked = phones.deliveries.get_nowait().json["data"]
    path = str(asked["accept_url"]).removeprefix(PUBLIC)
    async with site.browser() as phone:
        answer = await phone.post(f"{path}/accept")

    assert asked["urgent"] is True
    assert (answer.status_code, answer.json()["state"], answer.json()["yours"]) == (200, "accepted", True)
    assert "confirm" not in desk.pending(alarm_id)
    assert desk.alarm(alarm_id, "owner_id, confirm_by") == ("zhou", None)


async def test_a_p1_that_is_pressed_again_asks_over_all_channels_at_once(desk: Desk) -> None:
    reach(desk, "zhou", "webhook", "http://127.0.0.1:1/zhou")
    reach(desk, "zhou", "email", "zhou@example.org", rank=1)
    alarm_id = await desk.pressed_alarm()
    await desk.accept(alarm_id, desk.house.zhou)

    await desk.press()

    assert desk.told(alarm_id).count(("zhou", "pressed-again")) == 2


async def test_only_who_took_it_is_asked_when_it_is_pressed_again_and_the_lead_of_the_same_name_is_told(
    desk: Desk, phones: WebhookProvider
) -> None:
    for account in ("zhou", "sun"):
        reach(desk, account, "webhook", f"{phones.url}/ok")
        reach(desk, account, "email", f"{account}@example.org", rank=1)
    desk.rows("UPDATE account SET name = '周敏' WHERE id = 'sun' RETURNING id")
    alarm_id = await desk.pressed_alarm()
    await desk.accept(alarm_id, desk.house.zhou)

    await desk.press()
    leased = await NotificationDeliverer(desk.database, Changes(desk.url), {}, desk.clock, PUBLIC).lease_due()

    again = [one for one in leased.leased if one.template is Template.PRESSED_AGAIN]
    assert sorted((one.to.account_id, one.channel, one.token is not None) for one in again) == [
        ("sun", "webhook", False), ("zhou", "email", True), ("zhou", "webhook", True),
    ]  # fmt: skip


async def test_the_link_in_a_message_is_for_one_person_and_one_alarm_and_only_its_hash_is_kept(
    desk: Desk, phones: WebhookProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    alarm_id = await desk.pressed_alarm()
    async with delivering(desk) as deliver:
        await send_all(deliver)

    url = str(phones.deliveries.get_nowait().json["data"]["accept_url"])
    token = url.removeprefix(f"{PUBLIC}/api/a/")

    async with desk.database.transaction() as conn:
        link = await service.open_link(conn, token, desk.clock.now())
        assert link is not None
        assert (link.alarm_id, link.account_id) == (alarm_id, "zhou")
        assert await service.open_link(conn, token.swapcase(), desk.clock.now()) is None
        assert await service.open_link(conn, token, desk.clock.now() + timedelta(hours=25)) is None
    dump = desk.rows("SELECT accept_link::text FROM accept_link UNION ALL SELECT notification::text FROM notification")
    assert len(token) >= 22
    assert not any(token in text for (text,) in dump)


async def test_a_mailbox_gets_both_languages(desk: Desk, mailboxes: MailProvider) -> None:
    reach(desk, "zhou", "email", "zhou@example.org")
    await desk.pressed_alarm()

    async with delivering(desk, mailboxes.url) as deliver:
        await send_all(deliver)

    mail = mailboxes.mails.get_nowait()
    assert mail["To"] == "zhou@example.org"
    assert mail["Subject"] == "【紧急】王奶奶在健身室按了呼叫 #23-01"
    texts = [part.get_content() for part in mail.walk() if part.get_content_type() == "text/plain"]
    assert "请接手" in texts[0]
    assert "Please take it" in texts[1]
    assert f"{PUBLIC}/#take/" in texts[0]
    assert states(desk) == [("email", "taken", None)]


async def test_a_p1_rings_on_all_channels_of_a_person_at_once(
    desk: Desk, phones: WebhookProvider, mailboxes: MailProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    reach(desk, "zhou", "email", "zhou@example.org", rank=1)
    await desk.pressed_alarm()

    async with delivering(desk, mailboxes.url) as deliver:
        assert await send_all(deliver) == 2

    assert (phones.deliveries.qsize(), mailboxes.mails.qsize()) == (1, 1)


async def test_a_message_is_leased_in_one_transaction_and_noted_in_another(desk: Desk, phones: WebhookProvider) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    await desk.pressed_alarm()
    async with (
        Recorded.open(url_as(desk.url, Login.ALARMS), size=1, name="test recorded") as recorded,
        delivering(replace(desk, database=recorded)) as deliver,
    ):
        (outgoing,) = (await deliver.lease_due()).leased
        await deliver.send(outgoing)

    assert [len(asked) for asked in recorded.transactions] == [3, 2]


async def test_what_was_taken_wakes_the_alarms_and_not_the_deliverer(desk: Desk, phones: WebhookProvider) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    changes = Changes(desk.url)
    async with asyncio.timeout(10), running(changes.run), delivering(desk) as deliver:
        with changes.subscribe("notification", "notification_taken") as heard:
            assert await heard.next() == LOST
            await desk.pressed_alarm()
            queued = await heard.next()
            await send_all(deliver)
            taken = await heard.next()

    assert (queued.kind, taken) == ("notification", Change("notification_taken", queued.id))
    assert heard.waiting() == []


async def test_a_crash_between_lease_and_answer_repeats_the_message_and_never_loses_it(
    desk: Desk, phones: WebhookProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    await desk.pressed_alarm()
    async with delivering(desk) as killed, delivering(desk) as next_one:
        (leased,) = (await killed.lease_due()).leased
        assert await send_all(next_one) == 0
        desk.clock.advance(LEASE)
        assert await send_all(next_one) == 1
        await killed.send(leased)  # the dead one's answer comes after all, and changes nothing

    assert phones.deliveries.get_nowait().json["data"]["n"] == 1
    assert states(desk) == [("webhook", "taken", None)]


async def test_a_lease_that_expired_while_its_row_was_locked_is_taken_the_next_time(
    desk: Desk, phones: WebhookProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    await desk.pressed_alarm()
    async with delivering(desk) as killed, delivering(desk) as next_one:
        await killed.lease_due()
        desk.clock.advance(LEASE)
        async with desk.database.transaction() as conn:
            await conn.execute("SELECT FROM notification FOR UPDATE")
            assert await send_all(next_one) == 0
        assert await send_all(next_one) == 1


async def test_a_message_goes_out_while_somebody_takes_its_alarm(desk: Desk, phones: WebhookProvider) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    alarm_id = await desk.pressed_alarm()

    async with delivering(desk) as deliver, desk.database.transaction() as conn:
        await alarms.lock_alarm(conn, alarm_id)
        async with asyncio.timeout(5):
            leased = (await deliver.lease_due()).leased

    assert [outgoing.alarm_id for outgoing in leased] == [alarm_id]


async def test_what_nobody_needs_any_more_is_not_tried_again(desk: Desk, phones: WebhookProvider) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/fails-first")
    phones.failures = 1
    alarm_id = await desk.pressed_alarm()

    async with delivering(desk) as deliver:
        (ringing,) = (await deliver.lease_due()).leased
        await desk.accept(alarm_id, desk.house.liu)
        await deliver.send(ringing)
        desk.clock.advance(timedelta(seconds=5))
        assert await send_all(deliver) == 1  # the update, because her phone may have rung

    assert desk.rows("SELECT template, state FROM notification ORDER BY n") == [
        ("alarm", "dead"),
        ("taken", "taken"),
    ]


async def test_the_loop_sends_at_once_what_is_committed_and_a_slow_provider_holds_up_nobody(
    desk: Desk, phones: WebhookProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/slow")
    reach(desk, "liu", "webhook", f"{phones.url}/ok")
    with psycopg.connect(desk.url) as conn:
        conn.execute("UPDATE account SET organisation_id = 'hongtai' WHERE id = 'liu'")
    changes = Changes(desk.url)
    async with WebhookChannel.open(SECRETS.get, HERE) as webhook:
        deliver = NotificationDeliverer(desk.database, changes, {"webhook": webhook}, desk.clock, PUBLIC)
        async with asyncio.TaskGroup() as group:
            loops = [group.create_task(changes.run()), group.create_task(deliver.run())]
            await changes.ready()
            await desk.pressed_alarm()
            slow = await asyncio.wait_for(phones.deliveries.get(), 5)
            await desk.wait(30)
            fast = await asyncio.wait_for(phones.deliveries.get(), 5)
            for loop in loops:
                loop.cancel()

    assert (slow.path, fast.path) == ("/slow", "/ok")


async def test_each_person_who_was_told_is_listed_with_the_best_that_reached_her(
    desk: Desk, phones: WebhookProvider, mailboxes: MailProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/gone")
    reach(desk, "zhou", "email", "zhou@example.org", rank=1)
    alarm_id = await desk.pressed_alarm()
    async with delivering(desk, mailboxes.url) as deliver:
        await send_all(deliver)

    async with desk.database.transaction() as conn:
        told = await service.list_told_by_alarm(conn, [alarm_id, AlarmId("a-other")])

    assert [(one.account_id, one.name, one.state) for one in told[alarm_id]] == [("zhou", "周敏", "taken")]


async def test_the_channel_uses_no_proxy_of_the_environment(
    desk: Desk, phones: WebhookProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{take_free_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{take_free_port()}")
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    await desk.pressed_alarm()

    async with delivering(desk) as deliver:
        await send_all(deliver)

    assert states(desk) == [("webhook", "taken", None)]


async def test_a_clock_that_is_behind_at_the_start_holds_back_no_message_and_no_lease(
    desk: Desk, phones: WebhookProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    await desk.pressed_alarm()
    async with delivering(desk) as deliver:
        assert len((await deliver.lease_due()).leased) == 1
    await desk.press(senior=desk.house.li, device=desk.house.li_button)

    desk.clock.set_wall(timedelta(hours=-2))
    async with delivering(desk) as deliver:
        assert await send_all(deliver) == 2

    assert [state for _, state, _ in states(desk)] == ["taken", "taken"]
