"""The desk of the alarms' tests, for tests of what is told."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.providers import MailProvider, WebhookProvider, mail_provider, webhook_provider
from tests.integration.alarms.conftest import Desk, deskless

__all__ = ["deskless"]


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
