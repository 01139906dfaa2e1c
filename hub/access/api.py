"""The routes of the door: sign-in, sign-out, who am I, and the links that let people in."""

from datetime import time
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from hub.access.errors import NotInTheDemo
from hub.access.may import Action
from hub.access.model import DEMO_PASSWORD, Role, SessionKind
from hub.access.needs import Caller, Needs, Public
from hub.access.service import KNOWN_FOR, Access, CameFrom, Opened
from hub.access.store import CentreRow
from hub.kit.http import Now, served
from hub.kit.ids import AccountId, CentreId, SeniorId
from hub.kit.lines import not_a_name

router = APIRouter()

SIGN_IN = "/api/sign-in"
Door = Annotated[Access, served(Access)]
Token = Annotated[str, StringConstraints(min_length=16, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Password = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignIn(_Asked):
    """Who wants in; `account` is the id that staff type, such as `zhou`."""

    account: Annotated[AccountId, StringConstraints(min_length=1, max_length=32, strip_whitespace=True)]
    password: Password


class PhoneDigits(_Asked):
    """The last four digits of the phone number that staff wrote down."""

    phone_last4: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]


class ChosenPassword(_Asked):
    """The password a staff member chose."""

    password: Password


def _one_line(value: str) -> str:
    if wrong := not_a_name(value):
        raise ValueError(wrong)
    return value


class FirstAdministrator(_Asked):
    """The name and password of the first administrator."""

    name: Annotated[
        str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True), AfterValidator(_one_line)
    ]
    password: Password


class Account(BaseModel):
    """An account as its owner sees it."""

    id: AccountId
    name: str
    name_en: str
    role: Role
    language: Literal["zh-CN", "en"]


class Centre(BaseModel):
    """A centre as its pages show it; the hours are wall time of `timezone`, `phone` is empty where none is known."""

    id: CentreId
    name: str
    name_en: str
    opens: time
    closes: time
    timezone: str
    phone: str


class Me(BaseModel):
    """Who is signed in, and where. `plain_http`: anybody on this network could read along."""

    account: Account
    centre: Centre
    demo: bool
    plain_http: bool


class DemoAccount(BaseModel):
    """An account a stranger may try."""

    id: AccountId
    name: str
    name_en: str
    role: Role
    password: str


class FamilyInvitation(BaseModel):
    """What a family member's link asks for."""

    senior_id: SeniorId | None
    senior_address_as: str | None
    senior_address_as_en: str | None
    inviter: str | None
    inviter_en: str | None
    needs: Literal["phone_last4"] = "phone_last4"
    demo_phone_last4: str | None = Field(description="In the demo the answer itself, so that a stranger can look.")


class StaffInvitation(BaseModel):
    """Whom a staff member's link lets choose a password."""

    account: AccountId
    name: str
    name_en: str
    role: Role


def shown_centre(row: CentreRow) -> Centre:
    """The centre as pages show it."""
    return Centre(
        id=row.id,
        name=row.name,
        name_en=row.name_en,
        opens=row.opens,
        closes=row.closes,
        timezone=row.timezone,
        phone=row.phone,
    )


@router.post(SIGN_IN, status_code=204, dependencies=[Depends(Public(Action.SIGN_IN))])
async def sign_in(asked: SignIn, request: Request, response: Response, door: Door, now: Now) -> None:
    """Let a staff member in. 401 `wrong-account-or-password`, 429 `too-many-tries`, 503 `too-busy`."""
    known = door.known_cookie_name(asked.account)
    came_from = CameFrom(request.client.host if request.client else "nowhere", request.cookies.get(known))
    opened = await door.sign_in(asked.account, asked.password, came_from, now)
    _set_cookie(response, door, opened)
    response.set_cookie(
        known,
        opened.token,
        max_age=int(KNOWN_FOR.total_seconds()),
        path=SIGN_IN,
        secure=door.https,
        httponly=True,
        samesite="strict",
    )


@router.post("/api/sign-out", status_code=204, dependencies=[Depends(Public(Action.SIGN_OUT))])
async def sign_out(request: Request, response: Response, door: Door, now: Now) -> None:
    """End the staff session of this browser, if there is one."""
    await _sign_out(SessionKind.STAFF, request, response, door, now)


@router.post("/api/family/sign-out", status_code=204, dependencies=[Depends(Public(Action.SIGN_OUT))])
async def family_sign_out(request: Request, response: Response, door: Door, now: Now) -> None:
    """End the family session of this browser, if there is one."""
    await _sign_out(SessionKind.FAMILY, request, response, door, now)


@router.get("/api/me")
async def me(caller: Annotated[Caller, Depends(Needs(Action.SEE_OWN_ACCOUNT))], door: Door) -> Me:
    """Who is signed in to the staff pages."""
    account, centre = await door.account_and_centre(caller.account_id)
    return Me(
        account=Account(
            id=account.id,
            name=account.name,
            name_en=account.name_en,
            role=Role(account.role),
            language="en" if account.language == "en" else "zh-CN",
        ),
        centre=shown_centre(centre),
        demo=door.demo,
        plain_http=not door.https,
    )


@router.get("/api/demo/accounts", dependencies=[Depends(Public(Action.SEE_DEMO))])
async def demo_accounts(door: Door) -> list[DemoAccount]:
    """The demo's staff accounts with their password; 404 outside the demo."""
    if not door.demo:
        raise NotInTheDemo
    return [
        DemoAccount(id=row.id, name=row.name, name_en=row.name_en, role=Role(row.role), password=DEMO_PASSWORD)
        for row in await door.demo_accounts()
    ]


@router.get("/api/family/invitations/{token}", dependencies=[Depends(Public(Action.OPEN_INVITATION))])
async def family_invitation(token: Token, door: Door, now: Now) -> FamilyInvitation:
    """What the link is about; looking uses nothing up. 404 `no-such-invitation`, 410 `invitation-used`, `…-expired`."""
    invitation = await door.family_invitation(token, now)
    return FamilyInvitation(
        senior_id=invitation.senior_id,
        senior_address_as=invitation.senior_address_as,
        senior_address_as_en=invitation.senior_address_as_en,
        inviter=invitation.inviter,
        inviter_en=invitation.inviter_en,
        demo_phone_last4=invitation.phone[-4:] if door.demo and invitation.demo else None,
    )


@router.post("/api/family/invitations/{token}", status_code=204, dependencies=[Depends(Public(Action.OPEN_INVITATION))])
async def open_family_invitation(token: Token, asked: PhoneDigits, response: Response, door: Door, now: Now) -> None:
    """Let a family member in, for 30 days on this phone. 403 `wrong-phone`, 429 `too-many-tries`, and as above."""
    _set_cookie(response, door, await door.open_invitation(token, asked.phone_last4, now))


@router.get("/api/invitations/{token}", dependencies=[Depends(Public(Action.OPEN_INVITATION))])
async def staff_invitation(token: Token, door: Door, now: Now) -> StaffInvitation:
    """Whom the link lets choose a password; looking uses nothing up."""
    invitation = await door.staff_invitation(token, now)
    return StaffInvitation(
        account=invitation.account_id,
        name=invitation.name,
        name_en=invitation.name_en,
        role=Role(invitation.role),
    )


@router.post("/api/invitations/{token}", status_code=204, dependencies=[Depends(Public(Action.OPEN_INVITATION))])
async def open_staff_invitation(token: Token, asked: ChosenPassword, response: Response, door: Door, now: Now) -> None:
    """Set the password of a new staff member and let her in. 422 `weak-password`, and as above."""
    _set_cookie(response, door, await door.choose_password(token, asked.password, now))


@router.get("/api/first-administrator/{token}", status_code=204, dependencies=[Depends(Public(Action.OPEN_INVITATION))])
async def first_administrator_link(token: Token, door: Door, now: Now) -> None:
    """Whether the first administrator's link works."""
    await door.first_link_works(token, now)


@router.post(
    "/api/first-administrator/{token}", status_code=204, dependencies=[Depends(Public(Action.OPEN_INVITATION))]
)
async def first_administrator(
    token: Token, asked: FirstAdministrator, response: Response, door: Door, now: Now
) -> None:
    """Make the first administrator's account and let her in. 409 `no-centre-yet`, 422 `weak-password`."""
    opened = await door.become_first_administrator(token, asked.name, asked.password, now)
    _set_cookie(response, door, opened)


async def _sign_out(kind: SessionKind, request: Request, response: Response, door: Access, now: Now) -> None:
    name = door.cookie_name(kind)
    if token := request.cookies.get(name):
        await door.sign_out(token, now)
    response.delete_cookie(name, path="/", secure=door.https, httponly=True, samesite="strict")


def _set_cookie(response: Response, door: Access, opened: Opened) -> None:
    response.set_cookie(
        door.cookie_name(opened.kind),
        opened.token,
        max_age=int(opened.lasts.total_seconds()),
        path="/",
        secure=door.https,
        httponly=True,
        samesite="strict",
    )
