"""What can be done to alarms: each a lock, a decision of `lifecycle`, and one transaction that holds all of it."""

from collections.abc import Sequence
from datetime import datetime

from hub.alarms import (
    last_resort,
    polled_store,
    press_store,
    responder_store,
    sounder_store,
    store,
    taps,
    timer_store,
)
from hub.alarms.errors import AlreadyTaken, NotAResponder
from hub.alarms.finding_batch import (
    NOTHING_NOTED,
    CentreMoment,
    Concluded,
    FindingBatch,
    link_press_of,
    write_transition,
)
from hub.alarms.keys import key_of
from hub.alarms.model import (
    Accept,
    Alarm,
    AlarmEvent,
    Arrival,
    Arrive,
    Due,
    Outcome,
    OwnerDisabled,
    Resolve,
    Sentence,
    SentenceAbout,
    SomebodyTold,
    Timer,
    TimerKind,
)
from hub.alarms.responder_store import Responder
from hub.alarms.transition import Noted, read_centre
from hub.kit.clock import ReadClock
from hub.kit.db import Conn
from hub.kit.ids import AccountId, AlarmId, PressId
from hub.ledger import service as ledger
from hub.ledger.model import Chain
from hub.notices.parking import RowWork
from hub.notifications import service as notifications
from hub.notifications.model import AcceptLink
from hub.rules.model import Finding


async def conclude_findings(
    conn: Conn,
    findings: Sequence[Finding],
    now: datetime,
    cancelled: Sequence[PressId] = (),
    clock: ReadClock | None = None,
) -> list[Concluded]:
    """Let each finding open an alarm (T1), count on the live one of its key (T2, T12), or raise a notice.

    One result for each finding, in order. A press that is linked already changes nothing. The alarms of presses that
    were `cancelled`, now or before, are marked; that ends nothing. Whatever may be waited for is locked first, in one
    order however many findings there are: keys, alarms, sirens and lamps, the day's number. The ledger is appended to
    last: it is the last thing a transaction does before its own entries.

    `clock` is asked once the locks are given, so that no alarm is opened before the one of its key was resolved.
    """
    keys = [key_of(finding) for finding in findings if finding.priority.is_alarm]
    keys += [key for _, key in await press_store.alarms_of_presses(conn, cancelled)]
    await store.lock_keys(conn, keys)
    live = await store.lock_live_alarms(conn, keys)
    if keys:
        await sounder_store.lock_devices(conn)
    batch = FindingBatch(conn, now if clock is None else clock(), live)
    concluded = [await batch.conclude_finding(finding) for finding in findings]
    await batch.write_presses()
    for alarm_id, key in await press_store.alarms_of_presses(conn, cancelled):
        await batch.mark_cancelled(alarm_id, key)
    await batch.append_entries()
    return concluded


async def accept_alarm(conn: Conn, alarm_id: AlarmId, account_id: AccountId, now: datetime) -> Alarm:
    """Take responsibility (T7); by the owner herself: answer "she pressed again". Late or repeated: nothing (T21).

    Raises NoSuchAlarm, NotAResponder, and AlreadyTaken with the winner's name (T8).
    """
    alarm = await taps.lock_tapped_alarm(conn, alarm_id, account_id, now)
    return await _apply_event(conn, alarm, Accept(account_id), now)


async def accept_through_link(conn: Conn, link: AcceptLink, now: datetime) -> Alarm:
    """`accept_alarm` by the one person of an accept link, whose message has arrived by that. Raises the same."""
    alarm = await taps.lock_linked_alarm(conn, link, now)
    return await _apply_event(conn, alarm, Accept(link.account_id), now)


async def record_arrival(
    conn: Conn, alarm_id: AlarmId, account_id: AccountId, how: Arrival, reason: str, now: datetime
) -> Alarm:
    """The owner is on scene (T9). Raises NoSuchAlarm, NotAResponder, AlreadyTaken, NotNow, ReasonNeeded."""
    alarm = await taps.lock_tapped_alarm(conn, alarm_id, account_id, now)
    return await _apply_arrival(conn, alarm, how, Sentence(SentenceAbout.ARRIVAL, account_id, reason.strip()), now)


async def record_arrival_through_link(conn: Conn, link: AcceptLink, how: Arrival, reason: str, now: datetime) -> Alarm:
    """`record_arrival` by the one person of an accept link, whose message has arrived by that. Raises the same."""
    alarm = await taps.lock_linked_alarm(conn, link, now)
    return await _apply_arrival(conn, alarm, how, Sentence(SentenceAbout.ARRIVAL, link.account_id, reason.strip()), now)


async def resolve_alarm(
    conn: Conn, alarm_id: AlarmId, account_id: AccountId, outcome: Outcome, sentence: str, now: datetime
) -> Alarm:
    """It is over (T16). Raises NoSuchAlarm, NotAResponder, NotNow, ReasonNeeded."""
    alarm = await taps.lock_tapped_alarm(conn, alarm_id, account_id, now)
    said = Sentence(SentenceAbout.OUTCOME, account_id, sentence.strip())
    resolving = Resolve(account_id, outcome, has_sentence=bool(said.text))
    return await _apply_event(conn, alarm, resolving, now, Noted({"outcome": outcome.value}, sentence=said))


async def require_responder(conn: Conn, account_id: AccountId) -> Responder:
    """Who an account is. Raises NotAResponder when there is none."""
    found = await responder_store.find_responder(conn, account_id)
    if found is None:
        raise NotAResponder
    return found


async def take_due_timer(conn: Conn, now: datetime, busy: Sequence[str] = ()) -> RowWork | None:
    """Lock the timer that is due longest, of an alarm that is not `busy`, to do what it says; None when none is due.

    An alarm that raises is parked with all its timers: the others never wait for it.
    """
    timer = await timer_store.lock_due_timer(conn, now, busy)
    if timer is None:
        return None
    row = last_resort.polled_row_of(timer.alarm_id, timer.centre_id)
    return RowWork(row, lambda: _fire_timer(conn, timer, now), has_failed=timer.was_parked)


async def take_reached_alarm(conn: Conn, now: datetime) -> RowWork | None:
    """Lock one alarm of which somebody has been told, to take the flag `unreachable` from it; None for none."""
    return _build_event_work(conn, await polled_store.lock_reached_alarm(conn, now), SomebodyTold(), now)


async def take_alarm_of_disabled_owner(conn: Conn, now: datetime) -> RowWork | None:
    """Lock one alarm whose owner's account was disabled, whoever did that, to reopen it (T14); None for none."""
    return _build_event_work(conn, await polled_store.lock_alarm_of_disabled_owner(conn, now), OwnerDisabled(), now)


def _build_event_work(
    conn: Conn, found: polled_store.PolledAlarm | None, event: AlarmEvent, now: datetime
) -> RowWork | None:
    """Apply the event to the alarm that was found and locked."""
    if found is None:
        return None

    async def apply() -> None:
        await _apply_event(conn, await taps.lock_alarm(conn, found.id), event, now)

    return RowWork(last_resort.polled_row_of(found.id, found.centre_id), apply, has_failed=found.has_failed)


async def conclude_after_defect(
    conn: Conn,
    findings: Sequence[Finding],
    now: datetime,
    cancelled: Sequence[PressId] = (),
    clock: ReadClock | None = None,
) -> list[Concluded]:
    """`conclude_findings` for one message with which it raised: its press is linked, and people are notified."""
    alarms = [finding for finding in findings if finding.priority.is_alarm]
    # All keys before the first alarm, and alarms by key: the order of DECISIONS 37, in which no deadlock is possible.
    await store.lock_keys(conn, [key_of(finding) for finding in alarms])
    live = {key: await store.lock_bare_live_alarm(conn, key) for key in sorted({key_of(finding) for finding in alarms})}
    if findings and not any(live.values()):
        return await conclude_findings(conn, findings, now, cancelled, clock)
    concluded: list[Concluded] = []
    for finding in findings:
        alarm_id = live.get(key_of(finding))
        if alarm_id is None:
            concluded += await conclude_findings(conn, [finding], now, (), clock)
            continue
        if await link_press_of(conn, alarm_id, finding):
            await last_resort.notify_by_last_resort(conn, alarm_id, now)
        concluded.append(Concluded(alarm_id, opened=False))
    return concluded


async def _fire_timer(conn: Conn, timer: Timer, now: datetime) -> None:
    await timer_store.set_timer_fired(conn, timer.id, now)
    alarm = await taps.lock_alarm(conn, timer.alarm_id)
    told = await notifications.is_anybody_told_since(conn, alarm.id, alarm.open_since)
    late_seconds = int((now - timer.due_at).total_seconds())
    noted = Noted({"late_by_seconds": late_seconds} if late_seconds > 0 else {})
    await _apply_event(conn, alarm, Due(TimerKind(timer.kind), timer.due_at, anybody_told=told), now, noted)


async def _apply_arrival(conn: Conn, alarm: Alarm, how: Arrival, said: Sentence, now: datetime) -> Alarm:
    arriving = Arrive(said.by, how, has_reason=bool(said.text))
    return await _apply_event(conn, alarm, arriving, now, Noted({"how": how.value}, sentence=said))


async def _apply_event(
    conn: Conn, alarm: Alarm, event: AlarmEvent, now: datetime, noted: Noted = NOTHING_NOTED
) -> Alarm:
    """One transition of one alarm, with its entry in the ledger as the last statement."""
    place = CentreMoment(await read_centre(conn, alarm.centre_id, now), now)
    try:
        alarm, entry = await write_transition(conn, alarm, event, place, noted)
    except AlreadyTaken as lost:
        winner = await responder_store.find_responder(conn, lost.owner_id)
        assert winner is not None
        raise AlreadyTaken(lost.owner_id, name=winner.name, name_en=winner.name_en) from None
    if entry is not None:
        await ledger.append_entries(conn, alarm.centre_id, Chain.CARE, [entry], now)
    return alarm
