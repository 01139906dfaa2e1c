"""The routes of sign-in that need more than `access`: who is signed in, whom a family's link is about, and the first
administrator, who needs a centre."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from hub.access.api import AccessService, Asked, InvitationToken, Password, set_cookie
from hub.access.may import Action
from hub.access.model import FirstAdministratorWish, Role, SessionKind
from hub.access.needs import Caller, Needs, Public
from hub.centre.service import find_centre
from hub.centre.shown import ShownCentre, read_shown_centre
from hub.kit.http import HubDatabase, Now
from hub.kit.ids import AccountId, SeniorId
from hub.kit.language import Language
from hub.kit.lines import find_name_mistake
from hub.people.relative_store import find_related_senior

router = APIRouter()


class OwnAccount(BaseModel):
    """An account as its owner sees it."""

    id: AccountId
    name: str
    name_en: str
    role: Role
    language: Language


class Me(BaseModel):
    """Who is signed in, and where. `plain_http`: anybody on this network could read along."""

    account: OwnAccount
    centre: ShownCentre
    plain_http: bool


class FamilyInvitation(BaseModel):
    """What a family member's link asks for."""

    senior_id: SeniorId | None
    senior_address_as: str | None
    senior_address_as_en: str | None
    inviter: str | None
    inviter_en: str | None
    needs: Literal["phone_last4"] = "phone_last4"
    phone_last4: str | None = Field(description="In a simulated centre the answer itself, so that a stranger can look.")


def _one_line(value: str) -> str:
    if wrong := find_name_mistake(value):
        raise ValueError(wrong)
    return value


class FirstAdministrator(Asked):
    """The name and password of the first administrator."""

    name: Annotated[
        str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True), AfterValidator(_one_line)
    ]
    password: Password


@router.get("/api/me")
async def read_own_account(
    caller: Annotated[Caller, Depends(Needs(Action.SEE_OWN_ACCOUNT))], access: AccessService, hub: HubDatabase
) -> Me:
    """Who is signed in to the staff pages."""
    account = await access.account(caller.account_id)
    async with hub.transaction() as conn:
        centre = await read_shown_centre(conn, account.centre_id)
    return Me(
        account=OwnAccount(
            id=account.id,
            name=account.name,
            name_en=account.name_en,
            role=Role(account.role),
            language=Language(account.language),
        ),
        centre=centre,
        plain_http=not access.https,
    )


@router.get("/api/family/invitations/{token}", dependencies=[Depends(Public(Action.OPEN_INVITATION))])
async def family_invitation(
    token: InvitationToken, access: AccessService, hub: HubDatabase, now: Now
) -> FamilyInvitation:
    """What the link is about; looking uses nothing up. 404 `no-such-invitation`, 410 `invitation-used`, `…-expired`."""
    invitation = await access.family_invitation(token, now)
    async with hub.transaction() as conn:
        senior = await find_related_senior(conn, invitation.account_id)
    return FamilyInvitation(
        senior_id=senior.id if senior else None,
        senior_address_as=senior.address_as if senior else None,
        senior_address_as_en=senior.address_as_en if senior else None,
        inviter=invitation.inviter,
        inviter_en=invitation.inviter_en,
        phone_last4=invitation.phone[-4:] if access.simulated and invitation.simulated else None,
    )


@router.post(
    "/api/first-administrator/{token}", status_code=204, dependencies=[Depends(Public(Action.OPEN_INVITATION))]
)
async def first_administrator(
    token: InvitationToken,
    asked: FirstAdministrator,
    request: Request,
    response: Response,
    access: AccessService,
    hub: HubDatabase,
    now: Now,
) -> None:
    """Make the first administrator's account and sign her in. 409 `no-centre-yet`, 422 `weak-password`."""
    async with hub.transaction() as conn:
        centre_id = await find_centre(conn)
    replaces = request.cookies.get(access.cookie_name(SessionKind.STAFF))
    wish = FirstAdministratorWish(centre_id, asked.name, asked.password, replaces)
    set_cookie(response, access, await access.become_first_administrator(token, wish, now))
