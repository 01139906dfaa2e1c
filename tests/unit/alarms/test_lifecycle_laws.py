"""What holds whatever happens to an alarm, in whatever order?"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.alarms.errors import AlreadyTaken, NotNow, ReasonNeeded
from hub.alarms.lifecycle import decide_transition, open_alarm
from hub.alarms.model import (
    Accept,
    Again,
    Alarm,
    AlarmEvent,
    AlarmState,
    Arrival,
    Arrive,
    CancelRequested,
    Cleared,
    Outcome,
    OwnerDisabled,
    Resolve,
    SomebodyTold,
    TimerKind,
)
from hub.kit.ids import PressId
from tests.unit.alarms.alarm import (
    ACCEPTED,
    BORN,
    CHEN,
    LIU,
    NINE,
    NOBODY,
    ON_SCENE,
    OPEN,
    REACH,
    RESOLVED,
    SUN,
    ZHOU,
    due,
    seconds,
)


@pytest.mark.parametrize(
    ("alarm", "repeated"),
    [
        (ACCEPTED, Accept(LIU)),
        (ON_SCENE, Accept(LIU)),
        (ON_SCENE, Arrive(LIU, Arrival.ROOM_CODE, has_reason=False)),
        (RESOLVED, Accept(ZHOU)),
        (RESOLVED, Resolve(ZHOU, Outcome.FALL, has_sentence=True)),
        (ACCEPTED, due(TimerKind.ESCALATE, NINE + seconds(30))),
        (OPEN, due(TimerKind.LEASE, NINE + seconds(308))),
        (RESOLVED, Cleared()),
    ],
)
def test_t21_what_is_repeated_or_late_changes_nothing(alarm: Alarm, repeated: AlarmEvent) -> None:
    assert decide_transition(alarm, repeated, REACH, NINE + seconds(1000)) is None


@pytest.mark.parametrize(
    ("alarm", "illegal"),
    [
        (OPEN, Arrive(LIU, Arrival.ROOM_CODE, has_reason=False)),
        (RESOLVED, Arrive(LIU, Arrival.ROOM_CODE, has_reason=False)),
        (RESOLVED, Again(PressId("p-9"), None, (NINE,))),
    ],
)
def test_t23_what_the_table_does_not_have_is_refused(alarm: Alarm, illegal: AlarmEvent) -> None:
    with pytest.raises(NotNow):
        decide_transition(alarm, illegal, REACH, NINE + seconds(1000))


NEEDED = {
    AlarmState.OPEN: {TimerKind.ESCALATE, TimerKind.REPEAT},
    AlarmState.ACCEPTED: {TimerKind.LEASE},
    AlarmState.ON_SCENE: {TimerKind.RESOLVE},
    AlarmState.RESOLVED: {TimerKind.CLOSE},
    AlarmState.CLOSED: set(TimerKind),
}
people = st.sampled_from([ZHOU, LIU, SUN, CHEN])
events = st.one_of(
    st.builds(Accept, people),
    st.builds(Arrive, people, st.sampled_from(Arrival), has_reason=st.booleans()),
    st.builds(Resolve, people, st.sampled_from(Outcome), has_sentence=st.booleans()),
    st.just(OwnerDisabled()),
    st.just("press"),
    st.just("wait"),
    st.just(SomebodyTold()),
    st.just(Cleared()),
    st.just(CancelRequested()),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(events, st.integers(0, 400), st.booleans()), max_size=25), st.booleans())
def test_whatever_happens_a_live_alarm_waits_for_something_and_never_loses_its_owner_silently(
    story: list[tuple[AlarmEvent | str, int, bool]], somebody_is_reachable: bool
) -> None:
    reach = REACH if somebody_is_reachable else NOBODY
    now, presses = NINE, [NINE]
    last = open_alarm(BORN, reach, NINE)
    alarm, timers = last.alarm, list(last.timers)
    for event, wait, told in story:
        now += seconds(wait)
        due_now = min((timer for timer in timers if timer.due_at <= now), key=lambda t: t.due_at, default=None)
        if due_now is not None and event == "wait":
            timers.remove(due_now)
            what: AlarmEvent = due(due_now.kind, due_now.due_at, told=told)
        elif isinstance(event, str):
            presses.append(now)
            what = Again(PressId(f"p-{len(presses)}"), None, tuple(presses))
        else:
            what = event
        try:
            result = decide_transition(alarm, what, reach, now)
        except (AlreadyTaken, NotNow, ReasonNeeded):
            result = None
        if result is not None:
            if result.alarm.epoch != alarm.epoch:
                timers.clear()
            if result.answers_confirm:
                timers = [timer for timer in timers if timer.kind is not TimerKind.CONFIRM]
            timers.extend(result.timers)
            assert result.alarm.version == alarm.version + 1
            moved_on = (result.alarm.state, result.alarm.owner_id, result.alarm.tier) != (
                alarm.state,
                alarm.owner_id,
                alarm.tier,
            )
            assert result.alarm.epoch == alarm.epoch + moved_on
            alarm = result.alarm

        assert alarm.state.has_owner == (alarm.owner_id is not None)
        assert 0 <= alarm.tier < len(reach.tiers)
        assert alarm.state is AlarmState.CLOSED or NEEDED[alarm.state] & {timer.kind for timer in timers}
        assert (alarm.confirm_by is not None) == (TimerKind.CONFIRM in {timer.kind for timer in timers})
        assert alarm.arrive_by == next((timer.due_at for timer in timers if timer.kind is TimerKind.LEASE), None)
