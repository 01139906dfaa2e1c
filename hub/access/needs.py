"""How a route says which action it needs, and what it is told about who asks.

Every route of the hub declares exactly one `Action`, on itself (not on the router). One that declares none answers 403,
and a test finds it. Three ways, by the action's audience:

    from typing import Annotated
    from fastapi import APIRouter, Depends
    from hub.access.may import Action, OfCentre
    from hub.access.needs import Caller, Needs, NeedsAny, Public
    from hub.kit.http import HubDatabase, Now

    router = APIRouter()

    @router.post("/api/alarms/{alarm_id}/accept")               # a staff or family action: one caller
    async def accept(
        alarm_id: AlarmId, caller: Annotated[Caller, Depends(Needs(Action.ACCEPT_ALARM))], hub: HubDatabase, now: Now
    ) -> AlarmCard:
        async with hub.transaction() as conn:
            alarm = await service.accept(conn, alarm_id, caller.account_id, now)
            caller.require(OfCentre(alarm.centre_id))             # what only its object decides; raises NotAllowed

    @router.get("/api/a/{token}", dependencies=[Depends(Public(Action.OPEN_ACCEPT_LINK))])      # no session is read
    async def look(token: str) -> AcceptLink: ...

    @router.post("/api/cameras/{camera_id}/whep")               # staff or family: every session the browser has
    async def play(camera_id: DeviceId, callers: Annotated[Callers, Depends(NeedsAny(Action.PLAY))]) -> Response: ...

Raises `SignedOut` (401) without a session and `NotAllowed` (403) when `may` refuses. In a file that declares routes do
not use `from __future__ import annotations`: FastAPI reads the annotations.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from fastapi import Request
from fastapi.dependencies.models import Dependant

from hub.access.errors import NotAllowed, SignedOut
from hub.access.may import Action, Allowed, Anything, Audience, Object, Refusal, Refused, audience_of, may
from hub.access.model import Role, SessionKind, Subject
from hub.access.service import Access
from hub.kit.http import get_service, note_signed_in, services_of
from hub.kit.ids import AccountId, CentreId


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for `action`, signed in and with a role that may ask."""

    subject: Subject
    action: Action
    session_id: bytes
    now: datetime

    @property
    def account_id(self) -> AccountId:
        return self.subject.account_id

    @property
    def centre_id(self) -> CentreId:
        return self.subject.centre_id

    @property
    def role(self) -> Role:
        return self.subject.role

    def require(self, what: Object) -> Allowed:
        """Raises NotAllowed unless this caller may do the route's action to `what`."""
        return _require_allowed(may(self.subject, self.action, what, self.now))


Callers: TypeAlias = tuple[Caller, ...]


@dataclass(frozen=True, slots=True)
class Needs:
    """The route's caller: the session of the action's audience."""

    action: Action

    def __post_init__(self) -> None:
        assert audience_of(self.action) in {Audience.STAFF, Audience.FAMILY}, self.action

    async def __call__(self, request: Request) -> Caller:
        return await _require_caller(request, self.action, SessionKind(audience_of(self.action).value))


@dataclass(frozen=True, slots=True)
class NeedsAny:
    """Every caller whose session the browser has, staff first; at least one."""

    action: Action

    def __post_init__(self) -> None:
        assert audience_of(self.action) is Audience.EITHER, self.action

    async def __call__(self, request: Request) -> Callers:
        callers = []
        refusal: SignedOut | NotAllowed = SignedOut()
        for kind in SessionKind:
            try:
                callers.append(await _require_caller(request, self.action, kind))
            except SignedOut:
                continue
            except NotAllowed as error:
                refusal = error
        if not callers:
            raise refusal
        return tuple(callers)


@dataclass(frozen=True, slots=True)
class Public:
    """Nobody needs to be signed in: what protects the route is in the request, or nothing need."""

    action: Action

    def __post_init__(self) -> None:
        assert audience_of(self.action) is Audience.PUBLIC, self.action

    async def __call__(self) -> None:
        return None


def declared_action(route: Dependant) -> Action | None:
    """The action a route declares; None when it declares none, or more than one."""
    found = {
        dependant.call.action
        for dependant in route.dependencies
        if isinstance(dependant.call, Needs | NeedsAny | Public)
    }
    return found.pop() if len(found) == 1 else None


async def _require_caller(request: Request, action: Action, kind: SessionKind) -> Caller:
    access = get_service(request, Access)
    now = services_of(request).clock.now()
    signed_in = await access.signed_in(kind, request.cookies.get(access.cookie_name(kind)), now)
    subject = signed_in.subject if signed_in else None
    _require_allowed(may(subject, action, Anything(), now))
    assert signed_in is not None
    note_signed_in(request)
    return Caller(signed_in.subject, action, signed_in.session_id, now)


def _require_allowed(verdict: Allowed | Refused) -> Allowed:
    if isinstance(verdict, Allowed):
        return verdict
    raise SignedOut if verdict.reason is Refusal.SIGNED_OUT else NotAllowed(verdict.reason)
