"""What does a page show of an alarm?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

from psycopg.rows import class_row, dict_row
from pydantic import BaseModel, Field

from hub.alarms.lifecycle import ambulance_card_at
from hub.alarms.model import Alarm, AlarmState, Outcome, Transition
from hub.alarms.store import ALARM_COLUMNS, alarm_without_policy
from hub.kit.bulkhead import Defect, call_in_bulkhead
from hub.kit.db import Conn
from hub.kit.ids import AccountId, AlarmId, CentreId, DeviceId, RoomId, SeniorId
from hub.notifications import service as notifications
from hub.notifications.model import NotificationState, Told
from hub.rules.model import Priority


class CardSenior(BaseModel):
    """Whom it is about, as she is addressed."""

    id: SeniorId
    address_as: str
    address_as_en: str


class CardRoom(BaseModel):
    """Where."""

    id: RoomId
    name: str
    name_en: str


class CardPerson(BaseModel):
    """Who took it."""

    id: AccountId
    name: str
    name_en: str


class CardLapse(CardPerson):
    """Who had taken an alarm that nobody has any more, and the step that ended it."""

    what: Literal[
        Transition.LEASE_LAPSED, Transition.CONFIRM_LAPSED, Transition.RESOLVE_LAPSED, Transition.OWNER_DISABLED
    ]


class CardTold(BaseModel):
    """Who was told, and the best that any message to her has reached."""

    account_id: AccountId
    name: str
    name_en: str
    state: NotificationState


class AlarmCard(BaseModel):
    """An alarm as boards show it. `owner` of a resolved alarm is whoever resolved it."""

    id: AlarmId
    centre_id: CentreId
    number: str = Field(description="What people say aloud: 23-07.")
    klass: str
    priority: Literal[Priority.P1, Priority.P2]
    state: AlarmState
    senior: CardSenior | None
    room: CardRoom | None
    away: bool = Field(description="No room, and she is not at the centre: most likely she called from home.")
    device_id: DeviceId | None
    summary: dict[str, str]
    opened_at: datetime
    pressed_at: datetime | None
    late: bool
    time_uncertain: bool
    drill: bool
    cancel_requested: bool = Field(description="She cancelled it; somebody still goes and looks.")
    unreachable: bool = Field(description="Nobody's phone has taken a message yet.")
    times_pressed: int
    tier: int
    owner: CardPerson | None
    lapsed: CardLapse | None = Field(description="Who had taken it, while nobody has it.")
    accepted_at: datetime | None
    arrive_by: datetime | None = Field(description="Until then the owner is expected there; else it rings again.")
    on_scene_at: datetime | None
    confirm_by: datetime | None = Field(description="She pressed again: until then the owner must accept once more.")
    ambulance_card_at: datetime | None = Field(description="From then on the 120 card fills the screen.")
    resolved_at: datetime | None
    outcome: Outcome | None
    linked_id: AlarmId | None
    told: list[CardTold]
    version: int


class AlarmMoment(BaseModel):
    """One line of an alarm's story."""

    at: datetime
    what: Transition
    by_name: str | None
    by_name_en: str | None
    params: dict[str, str | int]


class CardRecord(BaseModel):
    """What a senior's record says to somebody who helps her; empty what it does not say, or not to this reader."""

    home_address: str = ""
    access_notes: str = ""
    risks: str = ""


class AlarmStory(AlarmCard):
    """The card with everything that happened, the oldest first."""

    record: CardRecord | None = None
    timeline: list[AlarmMoment]


async def read_unclosed_cards(conn: Conn, centre_id: CentreId) -> list[AlarmCard]:
    """The alarms of a centre that are not closed, the oldest first; one whose card cannot be built hides no other."""
    return await _read_cards(conn, "alarm.centre_id = %(wanted)s AND alarm.state <> 'closed'", centre_id)


async def cards_of(conn: Conn, alarm_ids: Sequence[AlarmId]) -> list[AlarmCard]:
    """The cards of these alarms, closed or not, the oldest first."""
    return await _read_cards(conn, "alarm.id = ANY(%(wanted)s)", list(alarm_ids))


async def read_card(conn: Conn, alarm_id: AlarmId) -> AlarmCard | None:
    """The card of this alarm; None when there is none that this connection may see."""
    found = await _read_cards(conn, "alarm.id = %(wanted)s", alarm_id)
    return found[0] if found else None


async def read_story(conn: Conn, alarm_id: AlarmId) -> AlarmStory | None:
    """The card of this alarm with its timeline; None when there is none that this connection may see."""
    shown = await read_card(conn, alarm_id)
    return None if shown is None else AlarmStory(**shown.model_dump(), timeline=await _read_timeline(conn, alarm_id))


async def read_record(conn: Conn, shown: AlarmCard, reader: AccountId) -> CardRecord | None:
    """What this responder may know of the senior while her alarm is live; None when that is nothing.

    Whoever has accepted reads her risks. Of a call from outside, how to get in as well, and every responder reads the
    address from the first second. `conn` is of the hub's own role: that of the pages may not read a record.
    """
    hers = shown.owner is not None and shown.owner.id == reader
    if shown.senior is None or not shown.state.is_live or not (hers or shown.away):
        return None
    async with conn.cursor(row_factory=class_row(CardRecord)) as cur:
        await cur.execute(
            """
            SELECT CASE WHEN %(away)s THEN home_address ELSE '' END AS home_address,
                   CASE WHEN %(away)s AND %(hers)s THEN access_notes ELSE '' END AS access_notes,
                   CASE WHEN %(hers)s THEN risks ELSE '' END AS risks
              FROM senior
             WHERE id = %(senior_id)s
            """,
            {"away": shown.away, "hers": hers, "senior_id": shown.senior.id},
        )
        return await cur.fetchone()


@dataclass(frozen=True, slots=True)
class _Names:
    """What a row says besides the alarm."""

    address_as: str | None
    address_as_en: str | None
    room: str | None
    room_en: str | None
    is_present: bool
    owner_id: str | None
    owner: str | None
    owner_en: str | None
    lapsed_id: str | None
    lapsed: str | None
    lapsed_en: str | None
    lapsed_what: str | None


async def _read_cards(conn: Conn, condition: str, wanted: str | list[AlarmId]) -> list[AlarmCard]:
    async with conn.cursor(row_factory=dict_row) as cur:
        await cur.execute(
            f"""
            SELECT {ALARM_COLUMNS},
                   senior.address_as, senior.address_as_en, room.name AS room, room.name_en AS room_en,
                   EXISTS (SELECT FROM open_visits() AS visit WHERE visit.senior_id = alarm.senior_id) AS is_present,
                   owner.id AS named_id, owner.name AS owner, owner.name_en AS owner_en,
                   gone.id AS lapsed_id, gone.name AS lapsed, gone.name_en AS lapsed_en, lapse.what AS lapsed_what
              FROM alarm
              LEFT JOIN senior ON senior.id = alarm.senior_id
              LEFT JOIN room ON room.id = alarm.room_id
              LEFT JOIN account AS owner ON owner.id = coalesce(alarm.owner_id, alarm.resolved_by)
              LEFT JOIN LATERAL (
                   SELECT accepted.by_account, ended.what
                     FROM alarm_step AS ended
                     JOIN alarm_step AS accepted
                       ON accepted.alarm_id = ended.alarm_id AND accepted.version < ended.version
                    WHERE ended.alarm_id = alarm.id AND alarm.state = 'open' AND accepted.what = 'accepted'
                      AND ended.what IN ('lease-lapsed', 'confirm-lapsed', 'resolve-lapsed', 'owner-disabled')
                    ORDER BY ended.version DESC, accepted.version DESC
                    LIMIT 1) AS lapse ON true
              LEFT JOIN account AS gone ON gone.id = lapse.by_account
             WHERE {condition}
             ORDER BY alarm.opened_at, alarm.id
            """,  # noqa: S608 - constants of this file
            {"wanted": wanted},
        )
        rows = await cur.fetchall()
    told = await notifications.list_told_by_alarm(conn, [AlarmId(row["id"]) for row in rows])
    built = [
        call_in_bulkhead(f"the card of alarm {row['id']}", partial(_card_of, row, told.get(row["id"], ())))
        for row in rows
    ]
    return [one for one in built if not isinstance(one, Defect)]


def _card_of(row: Mapping[str, object], told: Sequence[Told]) -> AlarmCard:
    return _build_card(*_split_row(row), told)


def _split_row(row: Mapping[str, object]) -> tuple[Alarm, _Names]:
    values = dict(row)

    def text(name: str) -> str | None:
        value = values.pop(name)
        return None if value is None else str(value)

    names = _Names(
        address_as=text("address_as"),
        address_as_en=text("address_as_en"),
        room=text("room"),
        room_en=text("room_en"),
        is_present=bool(values.pop("is_present")),
        owner_id=text("named_id"),
        owner=text("owner"),
        owner_en=text("owner_en"),
        lapsed_id=text("lapsed_id"),
        lapsed=text("lapsed"),
        lapsed_en=text("lapsed_en"),
        lapsed_what=text("lapsed_what"),
    )
    return alarm_without_policy(values), names


def _build_card(alarm: Alarm, names: _Names, told: Sequence[Told]) -> AlarmCard:
    return AlarmCard(
        id=alarm.id,
        centre_id=alarm.centre_id,
        number=alarm.number,
        klass=alarm.klass,
        priority=alarm.priority.value,
        state=alarm.state,
        senior=_card_senior(alarm, names),
        room=_card_room(alarm, names),
        away=alarm.senior_id is not None and alarm.room_id is None and not names.is_present,
        device_id=alarm.device_id,
        summary=dict(alarm.summary),
        opened_at=alarm.opened_at,
        pressed_at=alarm.pressed_at,
        late=alarm.late,
        time_uncertain=alarm.time_uncertain,
        drill=alarm.drill,
        cancel_requested=alarm.cancel_requested,
        unreachable=alarm.unreachable,
        times_pressed=alarm.times_pressed,
        tier=alarm.tier,
        owner=_card_owner(names),
        lapsed=_card_lapse(names),
        accepted_at=alarm.accepted_at,
        arrive_by=alarm.arrive_by,
        on_scene_at=alarm.on_scene_at,
        confirm_by=alarm.confirm_by,
        ambulance_card_at=ambulance_card_at(alarm),
        resolved_at=alarm.resolved_at,
        outcome=alarm.outcome,
        linked_id=alarm.linked_id,
        told=[CardTold(account_id=one.account_id, name=one.name, name_en=one.name_en, state=one.state) for one in told],
        version=alarm.version,
    )


def _card_senior(alarm: Alarm, names: _Names) -> CardSenior | None:
    if alarm.senior_id is None or names.address_as is None or names.address_as_en is None:
        return None
    return CardSenior(id=alarm.senior_id, address_as=names.address_as, address_as_en=names.address_as_en)


def _card_room(alarm: Alarm, names: _Names) -> CardRoom | None:
    if alarm.room_id is None or names.room is None or names.room_en is None:
        return None
    return CardRoom(id=alarm.room_id, name=names.room, name_en=names.room_en)


def _card_owner(names: _Names) -> CardPerson | None:
    if names.owner_id is None or names.owner is None or names.owner_en is None:
        return None
    return CardPerson(id=AccountId(names.owner_id), name=names.owner, name_en=names.owner_en)


def _card_lapse(names: _Names) -> CardLapse | None:
    if names.lapsed_id is None:
        return None
    return CardLapse.model_validate(
        {"id": names.lapsed_id, "name": names.lapsed, "name_en": names.lapsed_en, "what": names.lapsed_what}
    )


async def _read_timeline(conn: Conn, alarm_id: AlarmId) -> list[AlarmMoment]:
    async with conn.cursor(row_factory=dict_row) as cur:
        await cur.execute(
            """
            SELECT alarm_step.at, alarm_step.what, account.name AS by_name, account.name_en AS by_name_en,
                   alarm_step.params
              FROM alarm_step
              LEFT JOIN account ON account.id = alarm_step.by_account
             WHERE alarm_step.alarm_id = %(alarm_id)s
             ORDER BY alarm_step.version
            """,
            {"alarm_id": alarm_id},
        )
        rows = await cur.fetchall()
    steps = [call_in_bulkhead(f"a step of alarm {alarm_id}", partial(AlarmMoment.model_validate, row)) for row in rows]
    return [step for step in steps if not isinstance(step, Defect)]
