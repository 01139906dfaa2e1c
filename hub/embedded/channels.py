"""Which ways to reach people does this installation have?"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from hub.kit.ids import OrganisationId
from hub.kit.named_hosts import parse_named_host
from hub.notifications.channels.email import EmailChannel, parse_mailserver
from hub.notifications.channels.webhook import WebhookChannel
from hub.notifications.destinations import Outbound
from hub.notifications.model import ChannelName
from hub.settings import Settings


@asynccontextmanager
async def open_channels(settings: Settings) -> AsyncIterator[dict[str, WebhookChannel | EmailChannel]]:
    """The channels, by their names; no mail without a mailserver."""
    secret_of = partial(read_webhook_secret, settings.data_dir)
    async with WebhookChannel.open(secret_of, outbound_of(settings)) as webhook:
        channels: dict[str, WebhookChannel | EmailChannel] = {ChannelName.WEBHOOK: webhook}
        if settings.smtp_url is not None:
            channels[ChannelName.EMAIL] = EmailChannel(parse_mailserver(settings.smtp_url.get_secret_value()))
        yield channels


def read_webhook_secret(data_dir: Path, organisation_id: OrganisationId) -> str | None:
    """The webhook secret of an organisation (`whsec_…`), in `secrets/webhook-ORGANISATION`, as it is now.

    None when there is none that can be read.
    """
    if Path(organisation_id).name != organisation_id:
        return None
    try:
        return (data_dir / "secrets" / f"webhook-{organisation_id}").read_text("ascii").strip()
    except (OSError, ValueError):
        return None


def outbound_of(settings: Settings) -> Outbound:
    """Where webhooks may go: not to the ports at which this installation itself is served."""
    urls = (settings.mqtt_url, settings.database_url)
    others = {urlsplit(url).port for url in urls if url is not None}
    return Outbound(
        named=tuple(map(parse_named_host, settings.webhook_hosts)),
        own_ports=frozenset({settings.http_port, settings.mqtt_port, *(port for port in others if port is not None)}),
    )
