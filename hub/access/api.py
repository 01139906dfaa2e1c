"""The routes of authentication: sign-in, sign-out, and the links that sign people in. See also `web/sign_in`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from hub.access.may import Action
from hub.access.model import Role, SessionKind
from hub.access.needs import Public
from hub.access.service import FAMILY_IDLE, KNOWN_FOR, Access, CameFrom, OpenedSession
from hub.kit.http import Now, provide_service
from hub.kit.ids import AccountId

router = APIRouter()

SIGN_IN = "/api/sign-in"
AccessService = Annotated[Access, provide_service(Access)]
InvitationToken = Annotated[str, StringConstraints(min_length=16, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Password = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Asked(BaseModel):
    """What a page asks for, and nothing else."""

    model_config = ConfigDict(extra="forbid")


class SignIn(Asked):
    """Who wants in; `account` is the id that staff type, such as `zhou`."""

    account: Annotated[AccountId, StringConstraints(min_length=1, max_length=32, strip_whitespace=True)]
    password: Password


class PhoneDigits(Asked):
    """The last four digits of the phone number that staff wrote down."""

    phone_last4: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]


class ChosenPassword(Asked):
    """The password a staff member chose."""

    password: Password


class StaffInvitation(BaseModel):
    """Whom a staff member's link lets choose a password."""

    account: AccountId
    name: str
    name_en: str
    role: Role


@router.post(SIGN_IN, status_code=204, dependencies=[Depends(Public(Action.SIGN_IN))])
async def sign_in(asked: SignIn, request: Request, response: Response, access: AccessService, now: Now) -> None:
    """Sign a staff member in. 401 `wrong-account-or-password`, 429 `too-many-tries`, 503 `too-busy`."""
    known = access.known_cookie_name(asked.account)
    address = request.client.host if request.client else "nowhere"
    session = request.cookies.get(access.cookie_name(SessionKind.STAFF))
    came_from = CameFrom(address, request.cookies.get(known), session)
    opened = await access.sign_in(asked.account, asked.password, came_from, now)
    set_cookie(response, access, opened)
    response.set_cookie(
        known,
        opened.token,
        max_age=int(KNOWN_FOR.total_seconds()),
        path=SIGN_IN,
        secure=access.https,
        httponly=True,
        samesite="strict",
    )


@router.post("/api/sign-out", status_code=204, dependencies=[Depends(Public(Action.SIGN_OUT))])
async def sign_out(request: Request, response: Response, access: AccessService, now: Now) -> None:
    """End the staff session of this browser, if there is one."""
    await _end_browser_session(SessionKind.STAFF, request, response, access, now)


@router.post("/api/family/sign-out", status_code=204, dependencies=[Depends(Public(Action.SIGN_OUT))])
async def family_sign_out(request: Request, response: Response, access: AccessService, now: Now) -> None:
    """End the family session of this browser, if there is one."""
    await _end_browser_session(SessionKind.FAMILY, request, response, access, now)


@router.post("/api/family/invitations/{token}", status_code=204, dependencies=[Depends(Public(Action.OPEN_INVITATION))])
async def open_family_invitation(
    token: InvitationToken, asked: PhoneDigits, request: Request, response: Response, access: AccessService, now: Now
) -> None:
    """Sign a family member in for as long as she uses this phone. 403 `wrong-phone`, 429 `too-many-tries`, as above."""
    replaces = request.cookies.get(access.cookie_name(SessionKind.FAMILY))
    set_cookie(response, access, await access.open_invitation(token, asked.phone_last4, now, replaces=replaces))


@router.get("/api/invitations/{token}", dependencies=[Depends(Public(Action.OPEN_INVITATION))])
async def staff_invitation(token: InvitationToken, access: AccessService, now: Now) -> StaffInvitation:
    """Whom the link lets choose a password; looking uses nothing up."""
    invitation = await access.staff_invitation(token, now)
    return StaffInvitation(
        account=invitation.account_id,
        name=invitation.name,
        name_en=invitation.name_en,
        role=Role(invitation.role),
    )


@router.post("/api/invitations/{token}", status_code=204, dependencies=[Depends(Public(Action.OPEN_INVITATION))])
async def open_staff_invitation(
    token: InvitationToken, asked: ChosenPassword, request: Request, response: Response, access: AccessService, now: Now
) -> None:
    """Set the password of a new staff member and sign her in. 422 `weak-password`, and as above."""
    replaces = request.cookies.get(access.cookie_name(SessionKind.STAFF))
    set_cookie(response, access, await access.choose_password(token, asked.password, now, replaces=replaces))


@router.get("/api/first-administrator/{token}", status_code=204, dependencies=[Depends(Public(Action.OPEN_INVITATION))])
async def first_administrator_link(token: InvitationToken, access: AccessService, now: Now) -> None:
    """Whether the first administrator's link works."""
    await access.first_link_works(token, now)


async def _end_browser_session(
    kind: SessionKind, request: Request, response: Response, access: Access, now: Now
) -> None:
    name = access.cookie_name(kind)
    if token := request.cookies.get(name):
        await access.sign_out(token, now)
    response.delete_cookie(name, path="/", secure=access.https, httponly=True, samesite="strict")


def renew_family_cookie(request: Request, response: Response, access: Access) -> None:
    """Let a phone that is in use keep its session's cookie for another 30 days, as the session itself is kept.

    The browser deletes it by its own clock, whatever the hub remembers. For a request whose session was read.
    """
    if token := request.cookies.get(access.cookie_name(SessionKind.FAMILY)):
        set_cookie(response, access, OpenedSession(token, SessionKind.FAMILY, FAMILY_IDLE))


def set_cookie(response: Response, access: Access, opened: OpenedSession) -> None:
    """Give the browser the cookie of a session that has just been opened, or is used."""
    response.set_cookie(
        access.cookie_name(opened.kind),
        opened.token,
        max_age=int(opened.lasts.total_seconds()),
        path="/",
        secure=access.https,
        httponly=True,
        samesite="strict",
    )
