"""What every request must prove, and what every answer says to the browser.

A request names a host that is ours (against DNS rebinding); one that writes comes from a page of ours (against
cross-site requests): its Origin is this host, Sec-Fetch-Site says so where the browser sends it, and the header
`X-Anling: 1` is there, which no form and no foreign page can send without a preflight that nobody answers.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.kit.errors import ProblemCode
from hub.kit.http import MAX_BODY_BYTES, problem_response
from hub.kit.origins import Origin, read_host, read_url_origin

log = logging.getLogger(__name__)

_SAY_EVERY: Final = 60.0  # seconds between two log lines about what was refused
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OURS = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True)
class WebRules:
    """`hosts`: the names this hub answers to, in ASCII without port; `https`: it is reached over HTTPS; `framed`: its
    pages may stand in frames of each other, and show and ask `framed_origins` as well; `public`: how people reach it,
    which is what a page says it comes from, whatever a proxy makes of `Host`.
    """

    hosts: frozenset[str]
    https: bool
    public: Origin | None = None
    framed: bool = False
    framed_origins: tuple[str, ...] = ()


class Guard:
    """Refuses wrong requests before anything reads them, and adds the headers to every answer."""

    def __init__(self, app: ASGIApp, rules: WebRules) -> None:
        self._app = app
        self._rules = rules
        self._headers = answer_headers(rules)
        self._said_at = -_SAY_EVERY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = check_request(str(scope["method"]), Headers(scope=scope), self._rules)
        if refusal:
            self._log_refusal(refusal[1], Headers(scope=scope))
        app = problem_response(*refusal) if refusal else self._app
        await app(scope, _limit_body(receive), send_with_headers)

    def _log_refusal(self, code: ProblemCode, headers: Headers) -> None:
        """Say, once a minute, what does not fit together: a proxy that passes another `Host` keeps everybody out."""
        now = asyncio.get_running_loop().time()
        if code is ProblemCode.TOO_LARGE or now - self._said_at < _SAY_EVERY:
            return
        self._said_at = now
        ours = self._rules.public.url if self._rules.public else ", ".join(sorted(self._rules.hosts))
        log.warning(
            "a request was refused (%s): its Host is %.80r, its Origin %.80r, and these pages are at %s",
            *(code, headers.get("host", ""), headers.get("origin"), ours),
        )


def check_request(method: str, headers: Headers, rules: WebRules) -> tuple[int, ProblemCode] | None:
    """The status and code with which a request is refused; None for one that may go on."""
    host = headers.get("host", "")
    asked = read_host(host, "http")
    if asked is None or asked.host not in rules.hosts:
        return 421, ProblemCode.WRONG_HOST
    if _declares_oversized_body(headers.get("content-length", "0")):
        return 413, ProblemCode.TOO_LARGE
    if method in _READING:
        return None
    origin = headers.get("origin")
    if headers.get("sec-fetch-site", "same-origin") not in _OURS or (
        origin is not None and not _is_same_origin(origin, host, rules)
    ):
        return 403, ProblemCode.FOREIGN_ORIGIN
    # A bearer token is never sent by a browser on its own; a player that has one need not know our header.
    has_bearer = headers.get("authorization", "").lower().startswith("bearer ")
    if headers.get("x-anling") != "1" and not has_bearer:
        return 403, ProblemCode.FOREIGN_ORIGIN
    return None


def answer_headers(rules: WebRules) -> dict[str, str]:
    """The headers of every answer."""
    others = " ".join(rules.framed_origins) if rules.framed else ""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "manifest-src": "'self'",
        "worker-src": "'self'",
        "connect-src": f"'self' {others}".strip(),
        "media-src": "'self' blob:",
        "frame-src": f"'self' {others}".strip() if rules.framed else "'none'",
        "frame-ancestors": "'self'" if rules.framed else "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "svelte-trusted-html anling",
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN" if rules.framed else "DENY",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": (
            "camera=(), microphone=(), geolocation=(), payment=(), usb=(), "
            "autoplay=(self), fullscreen=(self), screen-wake-lock=(self)"
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if rules.https:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def _limit_body(receive: Receive) -> Receive:
    """The same body, unless it is larger than any of ours: then HTTPException 413 for whoever reads it."""
    received = 0

    async def receive_some() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MAX_BODY_BYTES:
            raise HTTPException(413)
        return message

    return receive_some


def _declares_oversized_body(content_length: str) -> bool:
    """Whether a body is refused before any of it came. Anything but digits was refused by h11."""
    return content_length.isdecimal() and int(content_length) > MAX_BODY_BYTES


def _is_same_origin(said: str, host: str, rules: WebRules) -> bool:
    """Whether the page comes from where it asks: at this `Host`, or at the address that people use.

    A proxy may pass the port (`care.example.org:443`) or leave it out; a browser leaves out the default one alone.
    """
    origin = read_url_origin(said)
    return origin is not None and origin in (read_host(host, origin.scheme), rules.public)
