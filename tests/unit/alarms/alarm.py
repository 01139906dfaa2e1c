"""An alarm of a small centre in each of its states, for the tests of what one event does to it."""

from datetime import UTC, datetime, timedelta

from hub.alarms.escalation import Tier
from hub.alarms.lifecycle import decide_transition, open_alarm
from hub.alarms.model import (
    Accept,
    Again,
    Alarm,
    AlarmEvent,
    AlarmState,
    Arrival,
    Arrive,
    Due,
    Moved,
    Outcome,
    Policy,
    Resolve,
    Step,
    TimerKind,
)
from hub.alarms.tiers import Reach
from hub.kit.ids import AccountId, AlarmId, CentreId, DeviceId, PressId
from hub.rules.model import Priority

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ZHOU, LIU, SUN, CHEN = AccountId("zhou"), AccountId("liu"), AccountId("sun"), AccountId("chen")
LAMP, SIREN = DeviceId("lamp"), DeviceId("siren")


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


POLICY = Policy(
    "day",
    1,
    (
        Step(30, ("duty:primary", "lamp:corridor")),
        Step(30, ("duty:centre_staff", "siren:corridor")),
        Step(60, ("duty:lead",)),
    ),
)
REACH = Reach(
    people=(Tier(seconds(30), (ZHOU,)), Tier(seconds(30), (LIU,)), Tier(seconds(60), (SUN,))),
    devices=((LAMP,), (SIREN,), ()),
    lead=(SUN,),
    everyone=(ZHOU, LIU, SUN, CHEN),
    every_device=(LAMP, SIREN),
)
NOBODY = Reach(
    people=tuple(Tier(tier.wait, ()) for tier in REACH.tiers), devices=REACH.devices, every_device=REACH.every_device
)
BORN = Alarm(
    id=AlarmId("a-1"),
    centre_id=CentreId("jiuquan-road"),
    key="jiuquan-road:senior:s-wang:help",
    klass="help",
    number="23-07",
    priority=Priority.P1,
    state=AlarmState.OPEN,
    version=1,
    epoch=1,
    tier=-1,
    policy=POLICY,
    opened_at=NINE,
    open_since=NINE,
    changed_at=NINE,
    times_pressed=1,
)
OPEN = open_alarm(BORN, REACH, NINE).alarm


def moved(alarm: Alarm, event: AlarmEvent, now: datetime, reach: Reach = REACH) -> Moved:
    result = decide_transition(alarm, event, reach, now)
    assert result is not None
    return result


ACCEPTED = moved(OPEN, Accept(LIU), NINE + seconds(8)).alarm
ON_SCENE = moved(ACCEPTED, Arrive(LIU, Arrival.STAFF_TAG, has_reason=False), NINE + seconds(60)).alarm
RESOLVED = moved(ON_SCENE, Resolve(LIU, Outcome.ASSISTED, has_sentence=True), NINE + seconds(300)).alarm


def again(*at: float, press: str = "p-2") -> Again:
    return Again(PressId(press), DeviceId("b-wang"), tuple(NINE + seconds(second) for second in at))


def due(kind: TimerKind, at: datetime, *, told: bool = True) -> Due:
    return Due(kind, at, anybody_told=told)
