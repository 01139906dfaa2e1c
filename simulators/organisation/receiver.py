"""The HTTP side of the organisation: verifies the hub's deliveries, shows phones, passes a tap on to the hub."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import httpx
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from devices.contract.times import DeviceClock
from simulators.organisation.phones import (
    Delivery,
    Phone,
    Standing,
    apply_answer,
    message_of,
    receive_delivery,
    visible_messages,
)
from simulators.organisation.signature import NotSigned, verify_signature

log = logging.getLogger(__name__)

ReceiverFault = Literal["refuse", "slow", "error-in-200", "down"]
_SLOW = 20.0  # seconds, longer than any sender should wait
_KEPT = 2000
_KEPT_BACK = frozenset({"accept_url", "earlier", "asks"})
"""What of a message stays here: the page has no use for it."""


class FaultWanted(BaseModel):
    """What should go wrong from now on; null: nothing."""

    fault: ReceiverFault | None


@dataclass
class Organisation:
    """The state of one organisation: its phones, what it received and what it refused.

    `timezone` is the centre's, in which its people speak of time.
    """

    phones: dict[str, Phone]
    timezone: str
    secret: str
    hub_url: str
    clock: DeviceClock
    mail: list[dict[str, str]] = field(default_factory=list)
    messages: list[dict[str, object]] = field(default_factory=list)
    refused: int = 0
    fault: ReceiverFault | None = None
    version: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def update_phone(self, phone: Phone) -> None:
        """Put a phone back after something happened to it, and wake the pages."""
        async with self.changed:
            self.phones[phone.account_id] = phone
            self.version += 1
            self.changed.notify_all()

    def record_delivery(self, delivery: Delivery) -> None:
        """Remember a delivery for those who ask `/messages`."""
        self.messages.append(delivery.model_dump(mode="json"))
        del self.messages[:-_KEPT]


def build_app(organisation: Organisation, framed_by: Sequence[str]) -> Starlette:
    """The organisation as a web application; pages of `framed_by` (origins) may frame its page."""
    app = Starlette(
        routes=[
            Route("/hooks/{account_id}", _receive_webhook, methods=["POST"]),
            Route("/phones", _list_phones),
            Route("/phones/live", _stream_phones),
            Route("/phones/{account_id}/take/{notification_id}", _take_alarm, methods=["POST"]),
            Route("/messages", _list_messages),
            Route("/faults", _set_faults, methods=["POST"]),
            Mount("/", StaticFiles(directory=Path(__file__).parent / "page", html=True)),
        ],
        middleware=[Middleware(_Headers, framed_by=tuple(framed_by))],
    )
    app.state.organisation = organisation
    return app


class _Headers:
    """The page's own headers: nothing from elsewhere, framed by the stage alone."""

    def __init__(self, app: ASGIApp, framed_by: tuple[str, ...]) -> None:
        self._app = app
        ancestors = " ".join(framed_by) or "'none'"
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
            f"form-action 'none'; require-trusted-types-for 'script'; frame-ancestors {ancestors}"
        )
        self._headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cache-control", b"no-store"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers]
            await send(message)

        await self._app(scope, receive, with_headers)


def _organisation_of(request: Request) -> Organisation:
    organisation = request.app.state.organisation
    assert isinstance(organisation, Organisation)
    return organisation


def _is_foreign(request: Request) -> bool:
    """Whether a page of another site asks; a program says nothing of the kind."""
    return request.headers.get("sec-fetch-site", "same-origin") != "same-origin"


async def _receive_webhook(request: Request) -> Response:
    """One delivery of the hub (Standard Webhooks): a wrong signature is 401, an unknown phone 404."""
    organisation = _organisation_of(request)
    match organisation.fault:
        case "down":
            return Response(status_code=503)
        case "refuse":
            return Response(status_code=403)
        case "slow":
            await asyncio.sleep(_SLOW)
        case "error-in-200":
            return JSONResponse({"code": 40001, "message": "invalid access token"})
        case None:
            pass
    body = await request.body()
    try:
        verify_signature(organisation.secret, request.headers, body, organisation.clock.now())
        delivery = Delivery.model_validate_json(body)
    except (NotSigned, ValidationError) as error:
        organisation.refused += 1
        log.warning("a delivery was refused: %s", type(error).__name__)
        return JSONResponse({"code": 40100, "message": "signature or body is wrong"}, 401)
    phone = organisation.phones.get(request.path_params["account_id"])
    if phone is None:
        return JSONResponse({"code": 40400, "message": "no such phone"}, 404)
    organisation.record_delivery(delivery)
    await organisation.update_phone(receive_delivery(phone, delivery, organisation.clock.now()))
    return JSONResponse({"code": 0, "provider_id": f"sim-{len(organisation.messages)}"})


async def _take_alarm(request: Request) -> Response:
    """我来处理, and 我还在路上 when she pressed again: what the phone does with the link in its message."""
    organisation = _organisation_of(request)
    if _is_foreign(request):
        return Response(status_code=403)
    phone = organisation.phones.get(request.path_params["account_id"])
    message = message_of(phone, request.path_params["notification_id"]) if phone else None
    if phone is None or message is None or message.accept_url is None:
        return JSONResponse({"code": "no-link"}, 404)
    if not message.accept_url.startswith(organisation.hub_url + "/api/a/"):
        return JSONResponse({"code": "not-the-hub"}, 409)
    standing, answer = await _accept_at_hub(message.accept_url)
    await organisation.update_phone(
        apply_answer(organisation.phones[phone.account_id], message.alarm_id, standing, answer)
    )
    return JSONResponse(answer)


async def _accept_at_hub(accept_url: str) -> tuple[Standing | None, dict[str, str]]:
    """Take responsibility at the hub, or say once more that one has.

    Gives what the phone shows afterwards, None when that is as before.
    """
    try:
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
            answer = await client.post(f"{accept_url}/accept", headers={"X-Anling": "1"})
            said = answer.json()
    except (httpx.HTTPError, ValueError):
        return None, {"code": "hub-unreachable"}
    if answer.is_success:
        return Standing.MINE, {"code": "accepted"}
    params = said.get("params", {})
    standing = Standing.TAKEN if answer.status_code == httpx.codes.CONFLICT else None
    return standing, {
        "code": str(said.get("code", answer.status_code)),
        "name": str(params.get("name", "")),
        "name_en": str(params.get("name_en", "")),
    }


async def _list_phones(request: Request) -> Response:
    return JSONResponse(_describe_state(_organisation_of(request)))


async def _stream_phones(request: Request) -> Response:
    """The phones whenever something happens to one, as server-sent events."""
    organisation = _organisation_of(request)

    async def events() -> AsyncIterator[bytes]:
        while not await request.is_disconnected():
            shown = organisation.version
            yield b"data: " + json.dumps(_describe_state(organisation), ensure_ascii=False).encode() + b"\n\n"
            try:
                async with asyncio.timeout(5), organisation.changed:
                    while organisation.version == shown:
                        await organisation.changed.wait()
            except TimeoutError:
                continue

    return StreamingResponse(events(), media_type="text/event-stream")


async def _list_messages(request: Request) -> Response:
    organisation = _organisation_of(request)
    return JSONResponse({"messages": organisation.messages, "mail": organisation.mail, "refused": organisation.refused})


async def _set_faults(request: Request) -> Response:
    if _is_foreign(request):
        return Response(status_code=403)
    try:
        wanted = FaultWanted.model_validate_json(await request.body())
    except ValidationError:
        return JSONResponse({"code": "no-such-fault"}, 422)
    _organisation_of(request).fault = wanted.fault
    return Response(status_code=204)


def _describe_state(organisation: Organisation) -> dict[str, object]:
    """What the page shows: links stay here, the page asks for a take by the message's id."""
    return {
        "phones": [
            {
                "account_id": phone.account_id,
                "name": phone.name,
                "name_en": phone.name_en,
                "role": phone.role,
                "shown": [
                    {
                        **{key: value for key, value in asdict(message).items() if key not in _KEPT_BACK},
                        "first_at": message.first_at.isoformat(),
                        "received_at": message.received_at.isoformat(),
                        "can_take": message.can_take,
                        "can_confirm": message.can_confirm,
                    }
                    for message in phone.shown
                ],
                "on_screen": [message.notification_id for message in visible_messages(phone)],
            }
            for phone in organisation.phones.values()
        ],
        "timezone": organisation.timezone,
        "mail": len(organisation.mail),
        "fault": organisation.fault,
    }
