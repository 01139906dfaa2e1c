"""What is an alarm, and what can happen to it?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from devices.contract.messages import CueKind, Do
from hub.kit.ids import AccountId, AlarmId, CentreId, DeviceId, PressId, RoomId, SeniorId
from hub.notifications.model import Template
from hub.rules.model import Priority


class AlarmState(StrEnum):
    """Where an alarm stands. Live means open, accepted or on_scene."""

    OPEN = "open"
    ACCEPTED = "accepted"
    ON_SCENE = "on_scene"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def is_live(self) -> bool:
        """Whether a human is still needed."""
        return self in (AlarmState.OPEN, AlarmState.ACCEPTED, AlarmState.ON_SCENE)

    @property
    def has_owner(self) -> bool:
        """Whether somebody is responsible by name."""
        return self in (AlarmState.ACCEPTED, AlarmState.ON_SCENE)


class Outcome(StrEnum):
    """How an alarm ended."""

    ASSISTED = "assisted"
    REASSURANCE = "reassurance"
    COMPANY = "company"
    ACCIDENTAL = "accidental"
    DEVICE_FAULT = "device_fault"
    FALL = "fall"
    AMBULANCE = "ambulance"


class TimerKind(StrEnum):
    """What an alarm waits for."""

    ESCALATE = "escalate"
    REPEAT = "repeat"
    UNREACHABLE = "unreachable"
    ARRIVE = "arrive"
    LEASE = "lease"
    CONFIRM = "confirm"
    RESOLVE = "resolve"
    CLOSE = "close"


class LaterTimerKind(StrEnum):
    """What the tables already let an alarm wait for, and no version of the hub sets yet (DECISIONS 19)."""

    SHIFT_END = "shift_end"
    HANDOVER = "handover"


class TimerEnd(StrEnum):
    """What became of a timer: it was due, or it did not count any more."""

    FIRED = "fired"
    VOID = "void"


class Transition(StrEnum):
    """What happened to an alarm: the codes of its story and, after "alarm.", of the ledger."""

    OPENED = "opened"
    PRESSED_AGAIN = "pressed-again"
    HURRIED = "hurried"
    FOUND_AGAIN = "found-again"
    ESCALATED = "escalated"
    REPEATED = "repeated"
    UNREACHABLE = "unreachable"
    REACHED = "reached"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    ARRIVE_OVERDUE = "arrive-overdue"
    LEASE_LAPSED = "lease-lapsed"
    CONFIRM_LAPSED = "confirm-lapsed"
    ON_SCENE = "on-scene"
    RESOLVE_OVERDUE = "resolve-overdue"
    RESOLVE_LAPSED = "resolve-lapsed"
    RESOLVED = "resolved"
    OWNER_DISABLED = "owner-disabled"
    CANCEL_REQUESTED = "cancel-requested"
    CLEARED = "cleared"
    CLOSED = "closed"
    CLOCK_SET = "clock-set"


class SentenceAbout(StrEnum):
    """What a sentence of a responder is about; nobody is asked for a review yet (DECISIONS 19)."""

    ARRIVAL = "arrival"
    OUTCOME = "outcome"
    REVIEW = "review"


class Arrival(StrEnum):
    """How it is known that somebody is on scene."""

    ROOM_CODE = "room_code"
    STAFF_TAG = "staff_tag"
    TAP = "tap"


@dataclass(frozen=True, slots=True)
class Step:
    """One tier of a policy as the centre wrote it: notify these targets, wait so long, then take the next."""

    wait_seconds: int
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """How an alarm climbs: the version of the centre's rows that this alarm copied when it was opened."""

    name: str
    version: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A condition of one senior, room or device that needs a human now.

    `tier` is the index of the highest tier taken. `epoch` counts changes of (state, owner, tier) and nothing else;
    `version` counts every change and is the `n` of the cues. `open_since` is when it last became open. What ends with
    `_by`, and `ambulance_card_at`, move with the timers when the wall clock is set.
    """

    id: AlarmId
    centre_id: CentreId
    key: str
    klass: str
    number: str
    priority: Priority
    state: AlarmState
    version: int
    epoch: int
    tier: int
    policy: Policy | None
    """None: what is stored cannot be read, or was not read."""
    opened_at: datetime
    open_since: datetime
    changed_at: datetime
    pressed_at: datetime | None = None
    senior_id: SeniorId | None = None
    room_id: RoomId | None = None
    device_id: DeviceId | None = None
    rule_id: str = ""
    summary: Mapping[str, str] = field(default_factory=dict)
    owner_id: AccountId | None = None
    accepted_at: datetime | None = None
    on_scene_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: AccountId | None = None
    closed_at: datetime | None = None
    outcome: Outcome | None = None
    times_pressed: int = 0
    times_told: int = 0
    hurried_at: datetime | None = None
    confirm_by: datetime | None = None
    arrive_by: datetime | None = None
    ambulance_card_at: datetime | None = None
    nudges: int = 0
    linked_id: AlarmId | None = None
    drill: bool = False
    late: bool = False
    time_uncertain: bool = False
    degraded: bool = False
    unreachable: bool = False
    cancel_requested: bool = False


@dataclass(frozen=True, slots=True)
class Timer:
    """A row that says what an alarm waits for; it counts only while the alarm's epoch is the timer's.

    `was_parked`: the alarm raised the last time, and is retried.
    """

    id: str
    alarm_id: AlarmId
    centre_id: CentreId
    kind: str  # a TimerKind, unless an older or newer hub wrote it
    due_at: datetime
    epoch: int
    was_parked: bool


@dataclass(frozen=True, slots=True)
class Sounder:
    """A siren or lamp that works, and where it is."""

    device_id: DeviceId
    do: Do
    room_id: RoomId | None
    room_type: str | None


@dataclass(frozen=True, slots=True)
class Sentence:
    """What somebody wrote, and about what."""

    about: SentenceAbout
    by: AccountId
    text: str


# What can happen to an alarm.


@dataclass(frozen=True, slots=True)
class Again:
    """The key of a live alarm once more. `presses`: when the distinct presses of this alarm were, this one included."""

    press_id: PressId | None
    device_id: DeviceId | None
    presses: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """A timer is due. `anybody_told`: a personal channel took a notification since the alarm last became open."""

    kind: TimerKind
    due_at: datetime
    anybody_told: bool


@dataclass(frozen=True, slots=True)
class SomebodyTold:
    """A personal channel has taken a notification of an alarm that was `unreachable`."""


@dataclass(frozen=True, slots=True)
class Accept:
    """A responder takes responsibility, or the owner answers that she heard the presser again."""

    by: AccountId


@dataclass(frozen=True, slots=True)
class Arrive:
    """The owner is there. A mere tap needs a reason."""

    by: AccountId
    how: Arrival
    has_reason: bool


@dataclass(frozen=True, slots=True)
class Resolve:
    """It is over, with an outcome; from `accepted` a sentence must say why nobody went."""

    by: AccountId
    outcome: Outcome
    has_sentence: bool


@dataclass(frozen=True, slots=True)
class OwnerDisabled:
    """The owner's account was disabled: she can say no more how it goes."""


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """The presser cancelled it; people still go and look."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """The condition that opened the alarm has ended; people still look after it."""


AlarmEvent: TypeAlias = (
    Again | Due | SomebodyTold | Accept | Arrive | Resolve | OwnerDisabled | CancelRequested | Cleared
)

# What follows from it.


@dataclass(frozen=True, slots=True)
class Pending:
    """A timer to insert, with the epoch the alarm has afterwards."""

    kind: TimerKind
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Notify:
    """Notify these recipients, each once. `all_notified`: everybody who was notified of this alarm already,
    its owner too: her phone still rings when she took it on the board."""

    template: Template
    recipients: tuple[AccountId, ...] = ()
    all_notified: bool = False


@dataclass(frozen=True, slots=True)
class Sound:
    """Turn these sirens and lamps on, or keep them on."""

    devices: tuple[DeviceId, ...]


@dataclass(frozen=True, slots=True)
class Quiet:
    """Turn off what this alarm turned on, of these kinds, unless another live alarm still needs it."""

    kinds: frozenset[Do]


@dataclass(frozen=True, slots=True)
class Moved:
    """What one event did: the alarm afterwards and everything that goes into the same transaction.

    `what` is the code on the timeline and in the ledger. `gaps` are tiers on which nobody is reachable.
    `answers_confirm`: a pending question "did you hear her again?" is answered. `renew`: what this alarm has on and
    is not to be turned off stays on, though its command would soon end. `keeps_cue`: what the presser's device shows it
    goes on showing, though its cue would soon end.
    """

    alarm: Alarm
    what: Transition
    timers: tuple[Pending, ...] = ()
    notify: tuple[Notify, ...] = ()
    cue: CueKind | None = None
    keeps_cue: bool = False
    sound: Sound | None = None
    quiet: Quiet | None = None
    gaps: tuple[int, ...] = ()
    by: AccountId | None = None
    answers_confirm: bool = False
    renew: bool = False

    @property
    def switches_devices(self) -> bool:
        """Whether sirens and lamps are told something."""
        return self.sound is not None or self.quiet is not None or self.renew


# The waits of the table in `lifecycle`. None is over a quarter of an hour, which the database holds of every timer
# (`alarm_timer_is_soon`): a live alarm is looked at again within that.
REPEAT_EVERY: Final = timedelta(seconds=60)
UNREACHABLE_AFTER: Final = timedelta(seconds=15)
ARRIVE_WITHIN: Final = timedelta(seconds=120)
LEASE: Final = timedelta(seconds=300)
CONFIRM_WITHIN: Final = timedelta(seconds=60)
RESOLVE_WITHIN: Final = timedelta(minutes=15)
CLOSE_AFTER: Final = timedelta(minutes=10)
AMBULANCE_CARD_AFTER: Final = timedelta(minutes=5)
NUDGES_BEFORE_REOPENING: Final = 3


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """As much of an alarm that nobody has taken as it takes to ring for it: its words per language, no policy."""

    id: AlarmId
    number: str
    room_id: RoomId | None
    klass: str
    priority: str
    summary: Mapping[str, str]
