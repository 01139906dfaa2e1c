"""What each phone of the organisation shows, from the messages it got."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Standing(StrEnum):
    """What a message still asks of the person who holds the phone."""

    RINGING = "ringing"
    MINE = "mine"
    TAKEN = "taken"
    OVER = "over"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class To(_Part):
    account_id: str
    name: str = ""
    phone: str = ""


class AlarmPart(_Part):
    id: str
    number: str
    priority: str
    klass: str
    state: str
    owner: dict[str, str] = Field(default_factory=dict)


class Body(_Part):
    notification_id: str
    to: To
    alarm: AlarmPart
    n: int
    text: dict[str, str] = Field(min_length=1)
    urgent: bool
    accept_url: str | None = None


class Delivery(_Part):
    """The hub's webhook: `alarm.notification` asks for somebody, `alarm.update` tells what became of it."""

    type: str
    timestamp: datetime
    data: Body


@dataclass(frozen=True, slots=True)
class Shown:
    """One message on a phone. `count` is how often the same alarm was told."""

    notification_id: str
    alarm_id: str
    number: str
    priority: str
    text: dict[str, str]
    urgent: bool
    accept_url: str | None
    received_at: datetime
    standing: Standing
    count: int = 1
    answer: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone: whose, and its messages, the newest first."""

    account_id: str
    name: str
    name_en: str
    role: str
    shown: tuple[Shown, ...] = field(default=())


_KEPT = 20


def receive(phone: Phone, delivery: Delivery, at: datetime) -> Phone:
    """The phone after one delivery: a new alarm rings, one it knows is brought up to date and comes to the top."""
    body = delivery.data
    former = next((message for message in phone.shown if message.alarm_id == body.alarm.id), None)
    if former is not None and former.notification_id == body.notification_id:
        return phone  # the same delivery once more: a crash may repeat it, and it is one message
    message = Shown(
        notification_id=body.notification_id,
        alarm_id=body.alarm.id,
        number=body.alarm.number,
        priority=body.alarm.priority,
        text=body.text,
        urgent=body.urgent,
        accept_url=body.accept_url or (former.accept_url if former else None),
        received_at=at,
        standing=_standing(phone, delivery),
        count=former.count + 1 if former else 1,
    )
    others = tuple(shown for shown in phone.shown if shown.alarm_id != body.alarm.id)
    return replace(phone, shown=(message, *others)[:_KEPT])


def answered(phone: Phone, notification_id: str, standing: Standing, answer: dict[str, str]) -> Phone:
    """The phone after its person tapped on 我来处理 and the hub answered."""
    return replace(
        phone,
        shown=tuple(
            replace(message, standing=standing, answer=answer)
            if message.notification_id == notification_id
            else message
            for message in phone.shown
        ),
    )


def _standing(phone: Phone, delivery: Delivery) -> Standing:
    alarm = delivery.data.alarm
    if alarm.state in {"resolved", "closed"}:
        return Standing.OVER
    if delivery.type == "alarm.notification" and alarm.state == "open":
        return Standing.RINGING
    # The hub names whoever has taken it, as in its texts; no two people of a simulated centre have one name.
    return Standing.MINE if alarm.owner.get("zh-CN") == phone.name else Standing.TAKEN
