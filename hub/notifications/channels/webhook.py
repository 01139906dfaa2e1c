"""How does a notification reach an organisation's own system? A signed POST (Standard Webhooks 1.0)."""

import asyncio
import base64
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final, TypeAlias
from urllib.parse import unquote_to_bytes

import httpcore
import httpx
from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from hub.kit.ids import OrganisationId
from hub.notices.model import Priority
from hub.notifications.answers import (
    LONGEST_ANSWER,
    AnswerVerdict,
    decode_text,
    judge_answer,
    parse_answer,
    read_retry_after,
    unpack_answer,
)
from hub.notifications.channels import HUNG, SEND_WITHIN, AcceptUrls, Result, SendAccepted, SendRefused, SendRetry
from hub.notifications.channels.outward import CheckedNetwork
from hub.notifications.destinations import Forbidden, Outbound
from hub.notifications.model import LeasedNotification, OutageMessage, OutageState, Recipient
from hub.notifications.texts import render_outage, render_texts

_PROVIDER_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")
"""A provider's own number of a message: printable ASCII. A column cannot hold all that JSON can."""
_IDLE: Final = 2.0
"""Seconds. Servers close an idle connection after five or more; a message sent into that moment would be delayed."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

SecretOf: TypeAlias = Callable[[OrganisationId], str | None]
"""Reads the secret (`whsec_…`) of an organisation; None: it has none. Called for each message."""


class WebhookChannel:
    """POSTs JSON, signed with the secret of the recipient's organisation. Follows no redirect, uses no proxy.

    The secret is read when a message needs it: an organisation that an import brought while the hub runs has one.
    """

    def __init__(
        self,
        pool: httpcore.AsyncConnectionPool,
        secret_of: SecretOf,
        outbound: Outbound,
        *,
        within: float = SEND_WITHIN,
    ) -> None:
        """`within`: seconds that one message may take."""
        self._pool = pool
        self._secret_of = secret_of
        self._outbound = outbound
        self._within = within

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        secret_of: SecretOf,
        outbound: Outbound,
        *,
        within: float = SEND_WITHIN,
        tls: ssl.SSLContext | None = None,
    ) -> AsyncIterator["WebhookChannel"]:
        """`tls`: whose certificates are trusted; None: those that this machine trusts, and Mozilla's."""
        # No limit of connections for all destinations together: each has its slots, and waits for no other.
        async with httpcore.AsyncConnectionPool(
            ssl_context=tls or httpcore.default_ssl_context(),
            max_connections=None,
            keepalive_expiry=_IDLE,
            network_backend=CheckedNetwork(outbound),
        ) as pool:
            yield cls(pool, secret_of, outbound, within=within)

    async def send(self, outgoing: LeasedNotification, accept: AcceptUrls | None, now: datetime) -> Result:
        return await self._send_body(outgoing.to, outgoing.id, build_body(outgoing, accept, now), now)

    async def send_outage(self, outage: OutageMessage, now: datetime) -> Result:
        """Tell one person how the hub itself is."""
        return await self._send_body(outage.to, outage.id, build_outage_body(outage, now), now)

    async def _send_body(self, to: Recipient, message_id: str, body: dict[str, object], now: datetime) -> Result:
        payload = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        try:
            url = self._read_url(to.address)
            headers = {**_authorization_of(url), **self._sign(to.organisation_id, message_id, payload, now)}
            async with asyncio.timeout(self._within):
                return await self._post(url, payload.encode(), headers, now)
        except Forbidden as error:
            return SendRefused(error.code)
        except (TimeoutError, httpcore.TimeoutException):
            return HUNG
        except httpcore.ConnectError as error:
            return _classify_connect_error(error)
        except (httpcore.NetworkError, httpcore.ProtocolError):
            return SendRetry("unreachable")

    def _read_url(self, address: str) -> httpx.URL:
        """Raises Forbidden for what is no URL, or leads where nothing is sent."""
        try:
            url = httpx.URL(address)
            is_host = bool(url.host)  # read as people write it: a host that no name can have raises
        except (httpx.InvalidURL, ValueError):
            raise Forbidden("bad-address") from None
        if url.scheme not in _DEFAULT_PORTS or not is_host:
            raise Forbidden("bad-address")
        self._outbound.check_url(url.scheme, url.raw_host.decode("ascii"), _port_of(url))
        return url

    def _sign(
        self, organisation: OrganisationId | None, message_id: str, payload: str, now: datetime
    ) -> dict[str, str]:
        secret = self._secret_of(organisation) if organisation is not None else None
        if secret is None:
            raise Forbidden("no-secret")
        try:
            signer = Webhook(secret)
        except (ValueError, EmptyWebhookSecretError):
            raise Forbidden("bad-secret") from None
        return {
            "content-type": "application/json",
            "accept-encoding": "identity",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign(message_id, now.astimezone(UTC), payload),
        }

    async def _post(self, url: httpx.URL, payload: bytes, headers: Mapping[str, str], now: datetime) -> Result:
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=_port_of(url), target=url.raw_path)
        wait = dict.fromkeys(("connect", "read", "write", "pool"), self._within)
        async with self._pool.stream(
            "POST", target, headers=list(headers.items()), content=payload, extensions={"timeout": wait}
        ) as response:
            said = {name.lower(): value.decode("latin-1") for name, value in response.headers}
            if not 200 <= response.status < 300:  # whatever the body says, and however long it takes
                return classify_status(response.status, read_retry_after(said.get(b"retry-after"), now))
            answer = bytearray()
            async for chunk in response.aiter_stream():
                answer += chunk
                if len(answer) > LONGEST_ANSWER:
                    break
        unpacked = unpack_answer(said.get(b"content-encoding", ""), bytes(answer[:LONGEST_ANSWER]))
        return SendRetry("unreadable") if unpacked is None else classify_answer(unpacked)


def _classify_connect_error(error: httpcore.ConnectError) -> Result:
    """A certificate that nobody trusts is none a moment later; what else has gone wrong may work then."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return SendRefused("certificate")
        cause = cause.__cause__ or cause.__context__
    return SendRetry("unreachable")


def classify_status(status: int, retry_after: float | None = None) -> Result:
    """What a status means that is no success; `retry_after`: seconds that the provider asked for."""
    if status in {408, 425, 429} or status >= 500:
        return SendRetry(f"http-{status}", pause_seconds=retry_after)
    return SendRefused(f"http-{status}")


def classify_answer(answer: bytes) -> Result:
    """What the body of a 2xx answer means; a refusal's reason carries the provider's number for it (`refused-93000`).

    What else the body says stops nothing: a `provider_id` that is none is left out.
    """
    judged = judge_answer(answer)
    reason = "-".join(filter(None, ("refused", judged.code.replace("-", "minus-"))))
    match judged.verdict:
        case AnswerVerdict.REFUSED:
            return SendRefused(reason)
        case AnswerVerdict.TOO_MANY:
            return SendRetry(reason)
        case AnswerVerdict.TAKEN:
            return SendAccepted(_provider_id(answer))


def _provider_id(answer: bytes) -> str | None:
    parsed = parse_answer(decode_text(answer))
    value = parsed.value.get("provider_id") if parsed is not None and isinstance(parsed.value, dict) else None
    return value if isinstance(value, str) and _PROVIDER_ID.fullmatch(value) else None


def _port_of(url: httpx.URL) -> int:
    return url.port or _DEFAULT_PORTS[url.scheme]


def _authorization_of(url: httpx.URL) -> dict[str, str]:
    """Name and password of the URL as HTTP has them (RFC 7617)."""
    if not url.userinfo:
        return {}
    return {"authorization": f"Basic {base64.b64encode(unquote_to_bytes(url.userinfo)).decode()}"}


def build_outage_body(outage: OutageMessage, now: datetime) -> dict[str, object]:
    """What an organisation gets when the hub is down, or back: whom to tell, in which words."""
    return {
        "type": outage.state.value,
        "timestamp": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": {
            "notification_id": outage.id,
            "to": {"account_id": outage.to.account_id, "name": outage.to.name, "phone": outage.to.phone},
            "text": render_outage(outage.state),
            "urgent": outage.state is OutageState.DOWN,
        },
    }


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
