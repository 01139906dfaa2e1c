"""Messages to people, through real HTTP and SMTP servers: taken, tried again, over the next channel, never lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import psycopg
import pytest
from standardwebhooks import Webhook

from hub.alarms import store as alarms
from hub.kit.changes import Changes
from hub.kit.db import Database
from hub.kit.ids import AlarmId, OrganisationId
from hub.notifications import service
from hub.notifications.channels import AcceptUrls, Channel, Result
from hub.notifications.channels.email import EmailChannel, mailserver
from hub.notifications.channels.webhook import WebhookChannel
from hub.notifications.deliver import LEASE, Deliver
from hub.notifications.model import Outgoing, Template
from tests.conftest import take_free_port
from tests.fakes.providers import MailProvider, WebhookProvider, mail_provider, webhook_provider
from tests.integration.alarms.conftest import Desk
from tests.integration.web.site import Place, make_site

SECRET = "whsec_" + "c2VjcmV0LW9mLWhvbmd0YWktMDEyMzQ1Njc4OWFi"
PUBLIC = "https://hub.example"


@pytest.fixture
async def phones() -> AsyncIterator[WebhookProvider]:
    async with webhook_provider() as provider:
        yield provider


@pytest.fixture
async def mailboxes() -> AsyncIterator[MailProvider]:
    async with mail_provider() as provider:
        yield provider


@pytest.fixture
def desk(deskless: Desk) -> Desk:
    return deskless


def reach(desk: Desk, account: str, channel: str, address: str, rank: int = 0) -> None:
    with psycopg.connect(desk.url) as conn:
        conn.execute(
            "INSERT INTO contact_method (id, account_id, channel, address, verified_at, rank) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            (f"cm-{account}-{channel}", account, channel, address, desk.clock.now(), rank),
        )


@asynccontextmanager
async def delivering(desk: Desk, mail_url: str | None = None, *, within: float = 5.0) -> AsyncIterator[Deliver]:
    """A deliverer whose loop does not run: the test leases and sends."""
    changes = Changes(desk.url)
    secrets = {OrganisationId("hongtai"): SECRET}
    async with WebhookChannel.open(secrets, within=within) as webhook:
        channels: dict[str, Channel] = {"webhook": webhook}
        if mail_url:
            channels["email"] = EmailChannel(mailserver(mail_url), within=within)
        yield Deliver(desk.database, changes, channels, desk.clock, PUBLIC)


async def send_all(deliver: Deliver) -> int:
    """Send what is due now, and count it."""
    await deliver.take_back_expired()
    leased = await deliver.lease_due()
    for outgoing in leased:
        await deliver.send(outgoing)
    return len(leased)


def states(desk: Desk) -> list[tuple[str, str, str | None]]:
    return [
        (channel, state, error)
        for channel, state, error in desk.rows("SELECT channel, state, error FROM notification ORDER BY made_at, id")
    ]


def waiting_for_locks(desk: Desk) -> int:
    """How many connections wait for another's lock now."""
    ((waiting,),) = desk.rows(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return int(waiting)


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
    leased = await Deliver(desk.database, Changes(desk.url), {}, desk.clock, PUBLIC).lease_due()

    again = [one for one in leased if one.template is Template.PRESSED_AGAIN]
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


@pytest.mark.parametrize(
    ("path", "error"), [("error-in-200", "refused"), ("redirect", "http-307"), ("gone", "http-410")]
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


async def test_a_provider_that_stumbles_is_asked_again_and_then_has_it(desk: Desk, phones: WebhookProvider) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/fails-first")
    phones.failures = 1
    await desk.pressed_alarm()

    async with delivering(desk) as deliver:
        assert await send_all(deliver) == 1
        assert states(desk) == [("webhook", "retry", "http-500")]
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
        ("garbled", "retry", "unreadable"),
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


@pytest.mark.parametrize("broken", ["slow", "refused"])
async def test_a_provider_that_does_not_answer_in_time_is_tried_four_times_and_then_it_is_noticed(
    desk: Desk, phones: WebhookProvider, broken: str
) -> None:
    url = f"{phones.url}/slow" if broken == "slow" else f"http://127.0.0.1:{take_free_port()}/ok"
    reach(desk, "zhou", "webhook", url)
    await desk.pressed_alarm()

    async with delivering(desk, within=0.2) as deliver:
        sent = 0
        for _ in range(8):
            sent += await send_all(deliver)
            desk.clock.advance(timedelta(seconds=1))

    assert sent == 4
    assert states(desk) == [("webhook", "dead", "timeout" if broken == "slow" else "unreachable")]


@pytest.mark.parametrize(("mailbox", "state"), [("nobody@example.org", "dead"), ("busy@example.org", "retry")])
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
    assert ("webhook", "failed", "http-410") in states(desk)
    assert desk.rows("SELECT code FROM notice WHERE code = 'untold'") == []


async def test_two_channels_of_a_person_that_fail_in_one_moment_are_noticed_once_the_last_has(
    desk: Desk, phones: WebhookProvider, mailboxes: MailProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/gone")
    reach(desk, "zhou", "email", "nobody@example.org", rank=1)
    await desk.pressed_alarm()
    async with delivering(desk, mailboxes.url) as deliver, asyncio.TaskGroup() as group:
        leased = await deliver.lease_due()
        async with desk.database.transaction() as conn:
            await conn.execute("SELECT FROM notification FOR UPDATE")
            for outgoing in leased:
                group.create_task(deliver.send(outgoing))
            async with asyncio.timeout(10):
                while waiting_for_locks(desk) < 2:
                    await asyncio.sleep(0.01)

    assert sorted(state for _, state, _ in states(desk)) == ["dead", "failed"]
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


async def test_a_crash_between_lease_and_answer_repeats_the_message_and_never_loses_it(
    desk: Desk, phones: WebhookProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    await desk.pressed_alarm()
    async with delivering(desk) as killed, delivering(desk) as next_one:
        (leased,) = await killed.lease_due()
        assert await send_all(next_one) == 0
        desk.clock.advance(LEASE)
        assert await send_all(next_one) == 1
        await killed.send(leased)  # the dead one's answer comes after all, and changes nothing

    assert phones.deliveries.get_nowait().json["data"]["n"] == 1
    assert states(desk) == [("webhook", "taken", None)]


async def test_what_somebody_else_has_in_hand_is_taken_back_the_next_time(desk: Desk, phones: WebhookProvider) -> None:
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
        await alarms.lock(conn, alarm_id)
        async with asyncio.timeout(5):
            leased = await deliver.lease_due()

    assert [outgoing.alarm_id for outgoing in leased] == [alarm_id]


async def test_what_nobody_needs_any_more_is_not_tried_again(desk: Desk, phones: WebhookProvider) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/fails-first")
    phones.failures = 1
    alarm_id = await desk.pressed_alarm()

    async with delivering(desk) as deliver:
        (ringing,) = await deliver.lease_due()
        await desk.accept(alarm_id, desk.house.liu)
        await deliver.send(ringing)
        desk.clock.advance(timedelta(seconds=5))
        assert await send_all(deliver) == 1  # the update, because her phone may have rung

    assert desk.rows("SELECT template, state FROM notification ORDER BY n") == [
        ("alarm", "withdrawn"),
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
    async with WebhookChannel.open({OrganisationId("hongtai"): SECRET}) as webhook:
        deliver = Deliver(desk.database, changes, {"webhook": webhook}, desk.clock, PUBLIC)
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
        told = await service.told(conn, [alarm_id, AlarmId("a-other")])

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


async def test_a_notification_that_nobody_can_read_is_parked_and_the_others_go_out(
    desk: Desk, phones: WebhookProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    await desk.pressed_alarm()
    await desk.press(senior=desk.house.li, device=desk.house.li_button)
    with psycopg.connect(desk.url) as conn:
        conn.execute("UPDATE notification SET template = 'of-yesterday' WHERE id = (SELECT min(id) FROM notification)")

    async with delivering(desk) as deliver:
        assert await send_all(deliver) == 1
        assert await send_all(deliver) == 0
        desk.clock.advance(timedelta(minutes=1))
        assert await send_all(deliver) == 0

    assert [(state, error) for _, state, error in states(desk)] == [("retry", "defect"), ("taken", None)]
    ((subject, error, times),) = desk.rows("SELECT subject, params ->> 'error', times FROM notice")
    assert (subject.partition(":")[0], error, times) == ("notification", "ValueError", 2)


class DefectiveChannel:
    """A channel with a defect of ours."""

    async def send(self, outgoing: Outgoing, accept: AcceptUrls | None, now: datetime) -> Result:
        raise KeyError(outgoing.id)


async def test_a_channel_with_a_defect_gives_way_to_the_next_one(desk: Desk, phones: WebhookProvider) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    reach(desk, "zhou", "email", "zhou@example.org", rank=1)
    await desk.pressed_alarm()

    async with WebhookChannel.open({OrganisationId("hongtai"): SECRET}) as webhook:
        channels: dict[str, Channel] = {"webhook": webhook, "email": DefectiveChannel()}
        deliver = Deliver(desk.database, Changes(desk.url), channels, desk.clock, PUBLIC)
        for _ in range(4):
            await send_all(deliver)
            desk.clock.advance(timedelta(seconds=4))

    assert sorted(states(desk)) == [("email", "failed", "defect"), ("webhook", "taken", None)]


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
        WebhookChannel.open({OrganisationId("hongtai"): SECRET}) as webhook,
        asyncio.timeout(10),
        asyncio.TaskGroup() as group,
    ):
        deliver = Deliver(desk.database, changes, {"webhook": webhook}, desk.clock, PUBLIC)
        loops = [group.create_task(changes.run()), group.create_task(deliver.run())]
        while sorted(state for _, state, _ in states(desk)) != ["retry", "taken"]:
            await asyncio.sleep(0.01)
        assert not loops[1].done()
        for loop in loops:
            loop.cancel()

    assert desk.rows("SELECT subject FROM notice WHERE code = 'row-parked'") == [(f"notification:{first}",)]


async def test_a_clock_that_is_behind_at_the_start_holds_back_no_message_and_no_lease(
    desk: Desk, phones: WebhookProvider
) -> None:
    reach(desk, "zhou", "webhook", f"{phones.url}/ok")
    await desk.pressed_alarm()
    async with delivering(desk) as deliver:
        assert len(await deliver.lease_due()) == 1
    await desk.press(senior=desk.house.li, device=desk.house.li_button)

    desk.clock.set_wall(timedelta(hours=-2))
    async with delivering(desk) as deliver:
        assert await send_all(deliver) == 2

    assert [state for _, state, _ in states(desk)] == ["taken", "taken"]
