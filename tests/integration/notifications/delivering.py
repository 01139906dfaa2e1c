"""How tests of messages to people reach phones and mailboxes: a deliverer whose loop does not run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from hub.kit.changes import Changes
from hub.kit.ids import OrganisationId
from hub.notifications.channels import Channel
from hub.notifications.channels.email import EmailChannel, parse_mailserver
from hub.notifications.channels.webhook import WebhookChannel
from hub.notifications.deliver import NotificationDeliverer
from tests.integration.alarms.conftest import Desk

SECRET = "whsec_" + "c2VjcmV0LW9mLWhvbmd0YWktMDEyMzQ1Njc4OWFi"
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
    desk: Desk, mail_url: str | None = None, *, within: float = 5.0
) -> AsyncIterator[NotificationDeliverer]:
    """A deliverer whose loop does not run: the test leases and sends."""
    changes = Changes(desk.url)
    secrets = {OrganisationId("hongtai"): SECRET}
    async with WebhookChannel.open(secrets, within=within) as webhook:
        channels: dict[str, Channel] = {"webhook": webhook}
        if mail_url:
            channels["email"] = EmailChannel(parse_mailserver(mail_url), within=within)
        yield NotificationDeliverer(desk.database, changes, channels, desk.clock, PUBLIC)


async def send_all(deliver: NotificationDeliverer) -> int:
    """Send what is due now, and count it."""
    await deliver.requeue_expired()
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
