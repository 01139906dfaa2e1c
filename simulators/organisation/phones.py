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


class _PhonePart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class To(_PhonePart):
    account_id: str
    name: str = ""
    phone: str = ""


class AlarmPart(_PhonePart):
    id: str
    number: str
    priority: str
    klass: str
    state: str
    owner: dict[str, str] = Field(default_factory=dict)


class Body(_PhonePart):
    notification_id: str
    to: To
    alarm: AlarmPart
    n: int
    text: dict[str, str] = Field(min_length=1)
    urgent: bool
    accept_url: str | None = None


class Delivery(_PhonePart):
    """The hub's webhook: `alarm.notification` waits for an answer, `alarm.update` tells what became of an alarm."""

    type: str
    timestamp: datetime
    data: Body


@dataclass(frozen=True, slots=True)
class PhoneMessage:
    """One message on a phone: the latest of its alarm. `count` is how often that was told, `n` which telling this is.

    `first_at` is when the alarm was told first, `earlier` are the ids of the messages it stands for; `asks`: it waits
    for an answer.
    """

    notification_id: str
    alarm_id: str
    n: int
    number: str
    priority: str
    text: dict[str, str]
    urgent: bool
    accept_url: str | None
    first_at: datetime
    received_at: datetime
    standing: Standing
    asks: bool
    count: int = 1
    earlier: tuple[str, ...] = ()
    answer: dict[str, str] | None = None

    @property
    def can_take(self) -> bool:
        """Whether it offers 我来处理."""
        return self.standing is Standing.RINGING and self.accept_url is not None

    @property
    def can_confirm(self) -> bool:
        """Whether it offers 我还在路上: she pressed again, and whoever took it has to answer."""
        return self.standing is Standing.MINE and self.asks and self.accept_url is not None


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone: whose, and its messages, the newest first."""

    account_id: str
    name: str
    name_en: str
    role: str
    shown: tuple[PhoneMessage, ...] = field(default=())


_KEPT = 20
_ON_SCREEN = 3


def receive_delivery(phone: Phone, delivery: Delivery, at: datetime) -> Phone:
    """The phone after one delivery: a new alarm rings, one it knows is brought up to date and comes to the top.

    The same delivery once more is nothing: a crash may repeat it. What was told before the message that is shown is
    counted, and changes nothing else.
    """
    body = delivery.data
    former = next((message for message in phone.shown if message.alarm_id == body.alarm.id), None)
    if former is not None and body.notification_id in (former.notification_id, *former.earlier):
        return phone
    if former is not None and body.n < former.n:
        known = replace(former, count=former.count + 1, earlier=(*former.earlier, body.notification_id))
        return _replace_message(phone, known)
    message = PhoneMessage(
        notification_id=body.notification_id,
        alarm_id=body.alarm.id,
        n=body.n,
        number=body.alarm.number,
        priority=body.alarm.priority,
        text=body.text,
        urgent=body.urgent,
        accept_url=body.accept_url or (former.accept_url if former else None),
        first_at=former.first_at if former else at,
        received_at=at,
        standing=_derive_standing(phone, delivery),
        asks=delivery.type == "alarm.notification",
        count=former.count + 1 if former else 1,
        earlier=(*former.earlier, former.notification_id) if former else (),
    )
    others = tuple(shown for shown in phone.shown if shown.alarm_id != body.alarm.id)
    return replace(phone, shown=_limit_messages((message, *others)))


def visible_messages(phone: Phone) -> tuple[PhoneMessage, ...]:
    """The messages in the order the phone shows them: everything that asks for somebody, then the newest of the rest
    up to three.

    What asks is in order of need: P1 before P2, and who has waited longest first.
    """
    asking = sorted(
        (message for message in phone.shown if _needs_answer(message)),
        key=lambda message: (message.priority, message.first_at, message.alarm_id),
    )
    rest = [message for message in phone.shown if not _needs_answer(message)]
    return (*asking, *rest[: max(0, _ON_SCREEN - len(asking))])


def _needs_answer(message: PhoneMessage) -> bool:
    return message.standing is Standing.RINGING or message.can_confirm


def message_of(phone: Phone, notification_id: str) -> PhoneMessage | None:
    """What the phone shows now in place of this message; None when it never had it or shows it no more."""
    return next(
        (shown for shown in phone.shown if notification_id in (shown.notification_id, *shown.earlier)),
        None,
    )


def apply_answer(phone: Phone, alarm_id: str, standing: Standing | None, answer: dict[str, str]) -> Phone:
    """The phone after its person tapped on what it offers and the hub answered; `standing` is None when it did not.

    The hub's own update may be here before its answer. What is over stays over, and no answer changes nothing that is
    settled.
    """
    message = next((shown for shown in phone.shown if shown.alarm_id == alarm_id), None)
    if message is None or message.standing is Standing.OVER:
        return phone
    if standing is None:
        waits = message.can_take or message.can_confirm
        return _replace_message(phone, replace(message, answer=answer)) if waits else phone
    return _replace_message(phone, replace(message, standing=standing, asks=False, answer=answer))


def _replace_message(phone: Phone, message: PhoneMessage) -> Phone:
    """The phone with this message where it showed the alarm before."""
    return replace(
        phone, shown=tuple(message if shown.alarm_id == message.alarm_id else shown for shown in phone.shown)
    )


def _limit_messages(shown: tuple[PhoneMessage, ...]) -> tuple[PhoneMessage, ...]:
    """The newest, and every one that still asks for somebody, however old."""
    return tuple(message for n, message in enumerate(shown) if n < _KEPT or _needs_answer(message))


def _derive_standing(phone: Phone, delivery: Delivery) -> Standing:
    alarm = delivery.data.alarm
    if alarm.state in {"resolved", "closed"}:
        return Standing.OVER
    if delivery.type == "alarm.notification" and alarm.state == "open":
        return Standing.RINGING
    # The hub names whoever has taken it, as in its texts; no two people of a simulated centre have one name.
    return Standing.MINE if alarm.owner.get("zh-CN") == phone.name else Standing.TAKEN
