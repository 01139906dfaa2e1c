"""How does a notification reach an organisation's own system? A signed POST (Standard Webhooks 1.0)."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import httpx
from standardwebhooks import Webhook

from hub.kit.ids import OrganisationId
from hub.notices.model import Priority
from hub.notifications.channels import SEND_WITHIN, AcceptUrls, Result, SendAccepted, SendRefused, SendRetry
from hub.notifications.model import LeasedNotification
from hub.notifications.texts import render_texts

_LONGEST_ANSWER: Final = 16 * 1024
_PROVIDER_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")
"""A provider's own number of a message: printable ASCII. A column cannot hold all that JSON can."""
_IDLE: Final = 2.0
"""Seconds. Servers close an idle connection after five or more; a message sent into that moment would be delayed."""
_CODES: Final = ("code", "errcode", "StatusCode")
"""Where Feishu, WeCom, DingTalk and our own receiver put what really happened: they answer 200 to what they refuse."""


class WebhookChannel:
    """POSTs JSON, signed with the secret of the recipient's organisation. Follows no redirect, uses no proxy."""

    def __init__(
        self, client: httpx.AsyncClient, secrets: Mapping[OrganisationId, str], *, within: float = SEND_WITHIN
    ) -> None:
        """`within`: seconds that one message may take."""
        self._client = client
        self._within = within
        self._signers = {organisation: Webhook(secret) for organisation, secret in secrets.items()}

    @classmethod
    @asynccontextmanager
    async def open(
        cls, secrets: Mapping[OrganisationId, str], *, within: float = SEND_WITHIN
    ) -> AsyncIterator["WebhookChannel"]:
        """`secrets`: `whsec_…` per organisation. Raises ValueError when one is no base64."""
        limits = httpx.Limits(keepalive_expiry=_IDLE)
        async with httpx.AsyncClient(
            timeout=SEND_WITHIN, follow_redirects=False, trust_env=False, limits=limits
        ) as client:
            yield cls(client, secrets, within=within)

    async def send(self, outgoing: LeasedNotification, accept: AcceptUrls | None, now: datetime) -> Result:
        organisation = outgoing.to.organisation_id
        signer = self._signers.get(organisation) if organisation is not None else None
        if signer is None:
            return SendRefused("no-secret")
        payload = json.dumps(build_body(outgoing, accept, now), ensure_ascii=False, separators=(",", ":"))
        headers = {
            "content-type": "application/json",
            "webhook-id": outgoing.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign(outgoing.id, now.astimezone(UTC), payload),
        }
        try:
            async with asyncio.timeout(self._within):
                return await self._post(outgoing.to.address, payload, headers)
        except (TimeoutError, httpx.TimeoutException):
            return SendRetry("timeout")
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):  # a host that no name can have
            return SendRefused("bad-address")
        except httpx.DecodingError:
            return SendRetry("unreadable")
        except httpx.TransportError:
            return SendRetry("unreachable")

    async def _post(self, url: str, payload: str, headers: Mapping[str, str]) -> Result:
        async with self._client.stream("POST", url, content=payload.encode(), headers=headers) as response:
            answer = b""
            async for chunk in response.aiter_bytes():
                answer += chunk
                if len(answer) > _LONGEST_ANSWER:
                    break
        return classify_response(response.status_code, answer)


def classify_response(status: int, answer: bytes) -> Result:
    """What an answer means: taken needs success of HTTP, and of the code in the body where there is one.

    What else the body says stops nothing: a `provider_id` that is none is left out.
    """
    if status in {408, 429} or status >= 500:
        return SendRetry(f"http-{status}")
    if not 200 <= status < 300:
        return SendRefused(f"http-{status}")
    said = _parse_object(answer)
    code = next((said[name] for name in _CODES if name in said), 0)
    if code not in (0, "0"):
        return SendRefused("refused")
    provider_id = said.get("provider_id")
    if isinstance(provider_id, str) and _PROVIDER_ID.fullmatch(provider_id):
        return SendAccepted(provider_id)
    return SendAccepted()


def build_body(outgoing: LeasedNotification, accept: AcceptUrls | None, now: datetime) -> dict[str, object]:
    """What an organisation gets: whom to tell, of which alarm, in which words. Ids, names and words, nothing else."""
    asks = outgoing.asks
    facts = outgoing.facts
    return {
        "type": "alarm.notification" if asks else "alarm.update",
        "timestamp": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": {
            "notification_id": outgoing.id,
            "to": {"account_id": outgoing.to.account_id, "name": outgoing.to.name, "phone": outgoing.to.phone},
            "alarm": {
                "id": outgoing.alarm_id,
                "number": facts.number,
                "priority": facts.priority,
                "klass": facts.klass,
                "state": facts.state,
                "owner": dict(facts.owner),
            },
            "n": outgoing.n,
            "text": render_texts(outgoing.template, facts, outgoing.n, outgoing.to.account_id),
            "urgent": asks and facts.priority == Priority.P1,
            "accept_url": accept.api if accept else None,
        },
    }


def _parse_object(answer: bytes) -> dict[str, object]:
    """The object in the answer; empty when it is none, as many providers answer a bare `ok`."""
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
