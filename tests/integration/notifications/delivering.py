"""How tests of messages to people reach phones and mailboxes: a deliverer whose loop does not run."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import psycopg

from hub.kit.changes import Changes
from hub.kit.ids import OrganisationId
from hub.kit.named_hosts import NamedHost
from hub.notifications.channels import Channel
from hub.notifications.channels.email import EmailChannel, parse_mailserver
from hub.notifications.channels.webhook import WebhookChannel
from hub.notifications.deliver import NotificationDeliverer
from hub.notifications.destinations import Outbound
from tests.integration.alarms.conftest import Desk

SECRET = "whsec_" + "c2VjcmV0LW9mLWhvbmd0YWktMDEyMzQ1Njc4OWFi"
SECRETS = {OrganisationId("hongtai"): SECRET}
HERE = Outbound(named=(NamedHost("127.0.0.1"),))
PUBLIC = "https://hub.example"


def reach(desk: Desk, account: str, channel: str, address: str, rank: int = 0) -> None:
    with psycopg.connect(desk.url) as conn:
        conn.execute(
            "INSERT INTO contact_method (id, account_id, channel, address, verified_at, rank) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            (f"cm-{account}-{channel}", account, channel, address, desk.clock.now(), rank),
        )


@asynccontextmanager
async def delivering(
    desk: Desk,
    mail_url: str | None = None,
    *,
    within: float = 5.0,
    secrets: Mapping[OrganisationId, str] = SECRETS,
) -> AsyncIterator[NotificationDeliverer]:
    """A deliverer whose loop does not run: the test leases and sends."""
    changes = Changes(desk.url)
    async with WebhookChannel.open(secrets.get, HERE, within=within) as webhook:
        channels: dict[str, Channel] = {"webhook": webhook}
        if mail_url:
            channels["email"] = EmailChannel(parse_mailserver(mail_url), within=within)
        yield NotificationDeliverer(desk.database, changes, channels, desk.clock, PUBLIC)


async def send_all(deliver: NotificationDeliverer) -> int:
    """Send what is due now, and count it."""
    await deliver.requeue_expired()
    due = await deliver.lease_due()
    for outgoing in due.leased:
        await deliver.send(outgoing)
    for refused in due.refused:
        await deliver.refuse_unsent(refused)
    return len(due.leased)


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
