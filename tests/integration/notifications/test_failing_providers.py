"""Messages to people when a provider, a channel or a row fails: tried again, over the next channel, noticed."""

import asyncio
from datetime import datetime, timedelta

import psycopg
import pytest

from hub.kit.changes import Changes
from hub.notices.parking import RETRY_AFTER
from hub.notifications.channels import AcceptUrls, Channel, Result
from hub.notifications.channels.webhook import WebhookChannel
from hub.notifications.deliver import NotificationDeliverer
from hub.notifications.model import LeasedNotification
from tests.conftest import take_free_port
from tests.fakes.providers import MailProvider, WebhookProvider
from tests.integration.alarms.conftest import Desk
from tests.integration.notifications.delivering import (
    HERE,
    PUBLIC,
    SECRETS,
    delivering,
    reach,
    send_all,
    states,
    waiting_for_locks,
)


@pytest.mark.parametrize(
    ("path", "error"), [("error-in-200", "refused-93000"), ("redirect", "http-307"), ("gone", "http-410")]
)
async def test_a_provider_that_refuses_is_not_asked_again_and_it_is_noticed(
    desk: Desk, phones: WebhookProvider, path: str, error: str
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/{path}")
    await desk.pressed_alarm()

    async with delivering(desk) as deliver:
        assert await send_all(deliver) == 1
        assert await send_all(deliver) == 0

    assert states(desk) == [("webhook", "dead", error)]
    assert phones.deliveries.qsize() == 1  # no redirect was followed
    assert desk.rows("SELECT code, subject, params ->> 'reason' FROM notice WHERE code = 'untold'") == [
        ("untold", "account:zhou", error)
    ]


async def test_that_a_message_is_tried_again_is_news_to_no_loop_before_it_is_due(
    desk: Desk, phones: WebhookProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/fails-first")
    phones.failures = 1
    await desk.pressed_alarm()

    async with delivering(desk) as deliver:
        with psycopg.connect(desk.url, autocommit=True) as listener:
            listener.execute("LISTEN anling")
            assert await send_all(deliver) == 1
            listener.execute("SELECT pg_notify('anling', 'all of it')")
            heard = [notify.payload for notify in listener.notifies(timeout=10, stop_after=1)]
            while heard[-1] != "all of it":
                heard += [notify.payload for notify in listener.notifies(timeout=10, stop_after=1)]

    assert states(desk) == [("webhook", "queued", "http-500")]
    assert {payload.partition(":")[0] for payload in heard} == {"alarm", "all of it"}


async def test_a_provider_that_stumbles_is_asked_again_and_then_has_it(desk: Desk, phones: WebhookProvider) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/fails-first")
    phones.failures = 1
    await desk.pressed_alarm()

    async with delivering(desk) as deliver:
        assert await send_all(deliver) == 1
        assert states(desk) == [("webhook", "queued", "http-500")]
        assert await send_all(deliver) == 0
        desk.clock.advance(timedelta(seconds=1))
        assert await send_all(deliver) == 1

    first, second = phones.deliveries.get_nowait(), phones.deliveries.get_nowait()
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.json["data"]["n"] == second.json["data"]["n"] == 1
    assert states(desk) == [("webhook", "taken", None)]


@pytest.mark.parametrize(
    ("path", "state", "error"),
    [
        ("undecodable", "queued", "unreadable"),
        ("nested", "taken", None),
        ("id-with-a-zero", "taken", None),
        ("id-of-half-a-sign", "taken", None),
    ],
)
async def test_a_provider_that_answers_nonsense_stops_nothing(
    desk: Desk, phones: WebhookProvider, path: str, state: str, error: str | None
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/{path}")
    await desk.pressed_alarm()

    async with delivering(desk) as deliver:
        await send_all(deliver)

    assert states(desk) == [("webhook", state, error)]


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("webhook", "http://xn--/"),
        ("webhook", "nowhere"),
        ("email", ""),
        ("email", "zhou@"),
        ("email", "<"),
        ("email", "zhou@example.org\nBcc: everybody@example.org"),
        ("email", "zhou@example.org, liu@example.org"),
        ("email", "=?utf-8?q?=0a?=@example.org"),
    ],
)
async def test_an_address_that_is_none_is_noticed_and_stops_nothing(
    desk: Desk, mailboxes: MailProvider, channel: str, address: str
) -> None:
    reach(desk, "zhou", channel, address)
    await desk.pressed_alarm()

    async with delivering(desk, mailboxes.url) as deliver:
        await send_all(deliver)

    assert states(desk) == [(channel, "dead", "bad-address")]
    assert mailboxes.mails.empty()


async def test_a_provider_that_cannot_be_reached_is_tried_four_times_and_then_it_is_noticed(desk: Desk) -> None:
    reach(desk, "zhou", "webhook", f"http://127.0.0.1:{take_free_port()}/ok")
    await desk.pressed_alarm()

    async with delivering(desk, within=0.2) as deliver:
        sent = 0
        for _ in range(8):
            sent += await send_all(deliver)
            desk.clock.advance(timedelta(seconds=1))

    assert sent == 4
    assert states(desk) == [("webhook", "dead", "unreachable")]


@pytest.mark.parametrize(("mailbox", "state"), [("nobody@example.org", "dead"), ("busy@example.org", "queued")])
async def test_a_mailbox_that_refuses_for_good_is_not_one_that_is_busy(
    desk: Desk, mailboxes: MailProvider, mailbox: str, state: str
) -> None:
    reach(desk, "zhou", "email", mailbox)
    await desk.pressed_alarm()

    async with delivering(desk, mailboxes.url) as deliver:
        await send_all(deliver)

    assert [row[1] for row in states(desk)] == [state]


async def test_when_a_channel_fails_the_next_one_is_taken_at_once(
    desk: Desk, phones: WebhookProvider, mailboxes: MailProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    reach(desk, "liu", "webhook", f"{phones.url}/gone")
    reach(desk, "liu", "email", "liu@example.org", rank=1)
    with psycopg.connect(desk.url) as conn:
        conn.execute("UPDATE account SET organisation_id = 'hongtai' WHERE id = 'liu'")
    alarm_id = await desk.pressed_alarm()
    async with delivering(desk, mailboxes.url) as deliver:
        await send_all(deliver)
        await desk.accept(alarm_id, desk.house.liu)
        await desk.wait(125)  # liu is not there yet: a nudge over her best channel
        assert await send_all(deliver) == 2  # the update for 周敏, and the nudge
        assert await send_all(deliver) == 1

    assert mailboxes.mails.get_nowait()["To"] == "liu@example.org"
    assert ("webhook", "refused", "http-410") in states(desk)
    assert desk.rows("SELECT code FROM notice WHERE code = 'untold'") == []


async def test_two_channels_of_a_person_that_fail_in_one_moment_are_noticed_once_the_last_has(
    desk: Desk, phones: WebhookProvider, mailboxes: MailProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/gone")
    reach(desk, "zhou", "email", "nobody@example.org", rank=1)
    await desk.pressed_alarm()
    async with delivering(desk, mailboxes.url) as deliver, asyncio.TaskGroup() as group:
        leased = (await deliver.lease_due()).leased
        async with desk.database.transaction() as conn:
            await conn.execute("SELECT FROM notification FOR UPDATE")
            for outgoing in leased:
                group.create_task(deliver.send(outgoing))
            async with asyncio.timeout(10):
                while waiting_for_locks(desk) < 2:
                    await asyncio.sleep(0.01)

    assert sorted(state for _, state, _ in states(desk)) == ["dead", "refused"]
    assert len(desk.rows("SELECT id FROM notice WHERE code = 'untold'")) == 1


async def test_an_organisation_without_a_secret_gets_nothing_unsigned(desk: Desk, phones: WebhookProvider) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    with psycopg.connect(desk.url) as conn:
        conn.execute("INSERT INTO organisation VALUES ('other', '别家', 'Another')")
        conn.execute("UPDATE account SET organisation_id = 'other' WHERE id = 'zhou'")
    await desk.pressed_alarm()

    async with delivering(desk) as deliver:
        await send_all(deliver)

    assert states(desk) == [("webhook", "dead", "no-secret")]
    assert phones.deliveries.empty()


async def test_a_channel_that_is_not_set_up_is_noticed(desk: Desk) -> None:
    reach(desk, "zhou", "email", "zhou@example.org")
    await desk.pressed_alarm()

    async with delivering(desk) as deliver:
        await send_all(deliver)

    assert states(desk) == [("email", "dead", "no-channel")]


async def test_a_notification_of_an_unknown_template_is_parked_and_the_others_go_out(
    desk: Desk, phones: WebhookProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    await desk.pressed_alarm()
    await desk.press(senior=desk.house.li, device=desk.house.li_button)
    with psycopg.connect(desk.url) as conn:
        conn.execute("UPDATE notification SET template = 'of-yesterday' WHERE id = (SELECT min(id) FROM notification)")

    async with delivering(desk) as deliver:
        assert await send_all(deliver) == 1
        for pause in (*RETRY_AFTER, timedelta(days=1)):
            desk.clock.advance(pause)
            assert await send_all(deliver) == 0

    assert [(state, error) for _, state, error in states(desk)] == [("queued", "defect"), ("taken", None)]
    ((subject, error, times),) = desk.rows("SELECT subject, params ->> 'error', times FROM notice")
    assert (subject.partition(":")[0], error, times) == ("notification", "ValueError", 1)


class DefectiveChannel:
    """A channel with a defect of ours."""

    async def send(self, outgoing: LeasedNotification, accept: AcceptUrls | None, now: datetime) -> Result:
        raise KeyError(outgoing.id)


async def test_a_channel_with_a_defect_fails_over_to_the_next_one(desk: Desk, phones: WebhookProvider) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    reach(desk, "zhou", "email", "zhou@example.org", rank=1)
    await desk.pressed_alarm()

    async with WebhookChannel.open(SECRETS.get, HERE) as webhook:
        channels: dict[str, Channel] = {"webhook": webhook, "email": DefectiveChannel()}
        deliver = NotificationDeliverer(desk.database, Changes(desk.url), channels, desk.clock, PUBLIC)
        for _ in range(4):
            await send_all(deliver)
            desk.clock.advance(timedelta(seconds=4))

    assert sorted(states(desk)) == [("email", "refused", "defect"), ("webhook", "taken", None)]


async def test_what_cannot_be_written_down_of_one_message_stops_no_other(desk: Desk, phones: WebhookProvider) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    await desk.pressed_alarm()
    await desk.press(senior=desk.house.li, device=desk.house.li_button)
    ((first,),) = desk.rows("SELECT min(id) FROM notification")
    with psycopg.connect(desk.url) as conn:
        conn.execute(
            "CREATE FUNCTION refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE data_exception; END $$"
        )
        conn.execute(
            "CREATE TRIGGER refuses BEFORE UPDATE ON notification FOR EACH ROW "
            f"WHEN (NEW.id = '{first}' AND NEW.state = 'taken') EXECUTE FUNCTION refuses()"
        )

    changes = Changes(desk.url)
    async with (
        WebhookChannel.open(SECRETS.get, HERE) as webhook,
        asyncio.timeout(60),
        asyncio.TaskGroup() as group,
    ):
        deliver = NotificationDeliverer(desk.database, changes, {"webhook": webhook}, desk.clock, PUBLIC)
        loops = [group.create_task(changes.run()), group.create_task(deliver.run())]
        while sorted(state for _, state, _ in states(desk)) != ["queued", "taken"]:
            await asyncio.sleep(0.01)
        assert not loops[1].done()
        for pause in (*RETRY_AFTER, timedelta()):
            desk.clock.advance(pause)
            while desk.rows("SELECT FROM notification WHERE state <> 'taken' AND next_at <= %s", desk.clock.now()) and (
                not desk.rows("SELECT FROM parked_rows_at('notification', %s)", desk.clock.now())
            ):
                await asyncio.sleep(0.01)
        for loop in loops:
            loop.cancel()

    assert desk.rows("SELECT subject FROM notice WHERE code = 'row-parked'") == [(f"notification:{first}",)]
