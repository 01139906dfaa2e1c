"""The routes of alarms: for staff who are signed in, and for the link in a notification."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from hub.access.may import Action, OfCentre
from hub.access.needs import Caller, Needs, Public
from hub.alarms import card, service
from hub.alarms.card import AlarmCard, AlarmStory, CardPerson
from hub.alarms.errors import NoSuchAlarm, NoSuchLink
from hub.alarms.model import AlarmState, Arrival, Outcome
from hub.kit.db import Conn, Database
from hub.kit.http import HubDatabase, Now, RetriedRoute, WebDatabase
from hub.kit.ids import AlarmId
from hub.notifications import service as notifications
from hub.notifications.model import AcceptLink
from hub.rules.model import Priority

router = APIRouter(route_class=RetriedRoute)

OneAlarmId = Annotated[AlarmId, StringConstraints(pattern=r"^a-[0-9a-hjkmnp-tv-z]{26}$")]
LinkToken = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22,64}$")]
SentenceText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class _AlarmRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ArriveRequest(_AlarmRequest):
    """How it is known that the owner is there; a mere `tap` needs a reason."""

    how: Arrival = Arrival.TAP
    reason: SentenceText = ""


class ResolveRequest(_AlarmRequest):
    """How it ended. Whoever resolves without having been on scene says why in a sentence."""

    outcome: Outcome
    sentence: SentenceText = ""


class LinkedAlarm(BaseModel):
    """What an accept link is about, as the message said it; `you` is the person it was sent to."""

    number: str
    priority: Literal[Priority.P1, Priority.P2]
    klass: str
    state: AlarmState
    summary: dict[str, str]
    opened_at: datetime
    owner: CardPerson | None
    you: CardPerson
    yours: bool
    arrive_by: datetime | None = Field(description="Until then the owner is expected there; else it rings again.")
    confirm_by: datetime | None = Field(description="She pressed again: until then the owner must accept once more.")


@router.get("/api/alarms/{alarm_id}")
async def read_alarm(
    alarm_id: OneAlarmId,
    caller: Annotated[Caller, Depends(Needs(Action.SEE_ALARM))],
    web: WebDatabase,
    hub: HubDatabase,
) -> AlarmStory:
    """The alarm with its timeline, and what its reader may know to help. 404 `no-such-alarm`."""
    async with web.transaction_as(caller.account_id) as conn:
        found = await card.read_story(conn, alarm_id)
    if found is None:
        raise NoSuchAlarm
    caller.require(OfCentre(found.centre_id))
    async with hub.transaction() as conn:
        return found.model_copy(update={"record": await card.read_record(conn, found, caller.account_id)})


@router.post("/api/alarms/{alarm_id}/accept")
async def accept_alarm(
    alarm_id: OneAlarmId, caller: Annotated[Caller, Depends(Needs(Action.ACCEPT_ALARM))], hub: HubDatabase, now: Now
) -> AlarmCard:
    """我来处理. 409 `already-taken` with the winner's name."""
    async with hub.transaction() as conn:
        alarm = await service.accept_alarm(conn, alarm_id, caller.account_id, now)
        caller.require(OfCentre(alarm.centre_id))
    return await _read_committed_card(hub, alarm.id)


@router.post("/api/alarms/{alarm_id}/arrive")
async def report_arrival(
    alarm_id: OneAlarmId,
    arrived: ArriveRequest,
    caller: Annotated[Caller, Depends(Needs(Action.ACCEPT_ALARM))],
    hub: HubDatabase,
    now: Now,
) -> AlarmCard:
    """The owner is on scene. 409 `already-taken` or `not-in-this-state`, 422 `reason-needed`."""
    async with hub.transaction() as conn:
        alarm = await service.record_arrival(conn, alarm_id, caller.account_id, arrived.how, arrived.reason, now)
        caller.require(OfCentre(alarm.centre_id))
    return await _read_committed_card(hub, alarm.id)


@router.post("/api/alarms/{alarm_id}/resolve")
async def resolve_alarm(
    alarm_id: OneAlarmId,
    resolved: ResolveRequest,
    caller: Annotated[Caller, Depends(Needs(Action.RESOLVE_ALARM))],
    hub: HubDatabase,
    now: Now,
) -> AlarmCard:
    """It is over. 409 `not-in-this-state`, 422 `reason-needed`."""
    async with hub.transaction() as conn:
        alarm = await service.resolve_alarm(conn, alarm_id, caller.account_id, resolved.outcome, resolved.sentence, now)
        caller.require(OfCentre(alarm.centre_id))
    return await _read_committed_card(hub, alarm.id)


@router.get("/api/a/{token}", dependencies=[Depends(Public(Action.OPEN_ACCEPT_LINK))])
async def read_linked_alarm(token: LinkToken, hub: HubDatabase, now: Now) -> LinkedAlarm:
    """What the link is about. Previews and scanners open links too: nothing changes. 404 `no-such-link`."""
    async with hub.transaction() as conn:
        return await _build_linked_alarm(conn, await _require_link(conn, token, now))


@router.post("/api/a/{token}/accept", dependencies=[Depends(Public(Action.OPEN_ACCEPT_LINK))])
async def accept_through_link(token: LinkToken, hub: HubDatabase, now: Now) -> LinkedAlarm:
    """我来处理 on a phone, by the one person and for the one alarm of the link. 404, or 409 `already-taken`."""
    async with hub.transaction() as conn:
        link = await _require_link(conn, token, now)
        await service.accept_through_link(conn, link, now)
    async with hub.transaction() as conn:
        return await _build_linked_alarm(conn, link)


@router.post("/api/a/{token}/arrive", dependencies=[Depends(Public(Action.OPEN_ACCEPT_LINK))])
async def report_arrival_through_link(
    token: LinkToken, arrived: ArriveRequest, hub: HubDatabase, now: Now
) -> LinkedAlarm:
    """我到了 on a phone, by whoever took it. 404, 409 `already-taken` or `not-in-this-state`, 422 `reason-needed`."""
    async with hub.transaction() as conn:
        link = await _require_link(conn, token, now)
        await service.record_arrival_through_link(conn, link, arrived.how, arrived.reason, now)
    async with hub.transaction() as conn:
        return await _build_linked_alarm(conn, link)


async def _read_committed_card(hub: Database, alarm_id: AlarmId) -> AlarmCard:
    """The card after what was done, in a transaction of its own: presses wait for the ledger until one commits."""
    async with hub.transaction() as conn:
        return await _read_card(conn, alarm_id)


async def _read_card(conn: Conn, alarm_id: AlarmId) -> AlarmCard:
    found = await card.read_card(conn, alarm_id)
    assert found is not None
    return found


async def _require_link(conn: Conn, token: str, now: datetime) -> AcceptLink:
    found = await notifications.open_link(conn, token, now)
    if found is None:
        raise NoSuchLink
    return found


async def _build_linked_alarm(conn: Conn, link: AcceptLink) -> LinkedAlarm:
    shown = await _read_card(conn, link.alarm_id)
    you = await service.require_responder(conn, link.account_id)
    return LinkedAlarm(
        number=shown.number,
        priority=shown.priority,
        klass=shown.klass,
        state=shown.state,
        summary=shown.summary,
        opened_at=shown.opened_at,
        owner=shown.owner,
        you=CardPerson(id=you.id, name=you.name, name_en=you.name_en),
        yours=shown.owner is not None and shown.owner.id == link.account_id,
        arrive_by=shown.arrive_by,
        confirm_by=shown.confirm_by,
    )
