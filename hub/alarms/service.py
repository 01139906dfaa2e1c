"""What can be done to alarms: each a lock, a decision of `lifecycle`, and one transaction that holds all of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from hub.access.model import Role
from hub.alarms import (
    last_resort,
    policy_service,
    press_store,
    responder_store,
    sounder_store,
    store,
    timer_store,
)
from hub.alarms.errors import AlreadyTaken, NoSuchAlarm, NotAResponder
from hub.alarms.keys import key_of
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
    Due,
    Outcome,
    OwnerDisabled,
    Policy,
    Resolve,
    Sentence,
    SentenceAbout,
    SomebodyTold,
    Timer,
    TimerKind,
)
from hub.alarms.reach import Centre, reach_of
from hub.alarms.responder_store import Responder, person_of_senior
from hub.alarms.transition import Noted, apply_transition, read_centre
from hub.kit.db import Conn
from hub.kit.ids import AccountId, AlarmId, CentreId, PressId, new_id
from hub.ledger import service as ledger
from hub.ledger.model import Chain, Entry
from hub.notices import parking
from hub.notifications import service as notifications
from hub.notifications.model import AcceptLink
from hub.rules import findings as rule_findings
from hub.rules.model import Finding

NOTHING_NOTED: Final = Noted()


@dataclass(frozen=True, slots=True)
class Concluded:
    """What a finding came to: the alarm it opened or belongs to; none for a notice."""

    alarm_id: AlarmId | None
    opened: bool


async def conclude_findings(
    conn: Conn, findings: Sequence[Finding], now: datetime, cancelled: Sequence[PressId] = ()
) -> list[Concluded]:
    """Let each finding open an alarm (T1), count on the live one of its key (T2, T12), or raise a notice.

    One result for each finding, in order. A press that is linked already changes nothing. The alarms of presses that
    were `cancelled`, now or before, are marked; that ends nothing. Whatever may be waited for is locked first, in one
    order however many findings there are: keys, alarms, sirens and lamps, the day's number. The ledger is appended to
    last: it is the last thing a transaction does before its own entries.
    """
    keys = [key_of(finding) for finding in findings if finding.priority.is_alarm]
    keys += [key for _, key in await press_store.alarms_of_presses(conn, cancelled)]
    await store.lock_keys(conn, keys)
    batch = _FindingBatch(conn, now, await store.lock_live_alarms(conn, keys))
    if keys:
        await sounder_store.lock_devices(conn)
    concluded = [await batch.conclude_finding(finding) for finding in findings]
    for alarm_id, key in await press_store.alarms_of_presses(conn, cancelled):
        await batch.mark_cancelled(alarm_id, key)
    await batch.append_entries()
    return concluded


async def accept_alarm(conn: Conn, alarm_id: AlarmId, account_id: AccountId, now: datetime) -> Alarm:
    """Take responsibility (T7); by the owner herself: answer "she pressed again". Late or repeated: nothing (T21).

    Raises NoSuchAlarm, NotAResponder, and AlreadyTaken with the winner's name (T8).
    """
    alarm = await _lock_alarm(conn, alarm_id)
    await _require_responder_of(conn, alarm, account_id)
    return await _apply_event(conn, alarm, Accept(account_id), now)


async def accept_through_link(conn: Conn, link: AcceptLink, now: datetime) -> Alarm:
    """`accept_alarm` by the one person of an accept link, whose message has arrived by that. Raises the same."""
    alarm = await _lock_linked_alarm(conn, link, now)
    return await _apply_event(conn, alarm, Accept(link.account_id), now)


async def record_arrival(
    conn: Conn, alarm_id: AlarmId, account_id: AccountId, how: Arrival, reason: str, now: datetime
) -> Alarm:
    """The owner is on scene (T9). Raises NoSuchAlarm, NotAResponder, AlreadyTaken, NotNow, ReasonNeeded."""
    alarm = await _lock_alarm(conn, alarm_id)
    await _require_responder_of(conn, alarm, account_id)
    return await _apply_arrival(conn, alarm, how, Sentence(SentenceAbout.ARRIVAL, account_id, reason.strip()), now)


async def record_arrival_through_link(conn: Conn, link: AcceptLink, how: Arrival, reason: str, now: datetime) -> Alarm:
    """`record_arrival` by the one person of an accept link, whose message has arrived by that. Raises the same."""
    alarm = await _lock_linked_alarm(conn, link, now)
    return await _apply_arrival(conn, alarm, how, Sentence(SentenceAbout.ARRIVAL, link.account_id, reason.strip()), now)


async def resolve_alarm(
    conn: Conn, alarm_id: AlarmId, account_id: AccountId, outcome: Outcome, sentence: str, now: datetime
) -> Alarm:
    """It is over (T16). Raises NoSuchAlarm, NotAResponder, NotNow, ReasonNeeded."""
    alarm = await _lock_alarm(conn, alarm_id)
    await _require_responder_of(conn, alarm, account_id)
    said = Sentence(SentenceAbout.OUTCOME, account_id, sentence.strip())
    resolving = Resolve(account_id, outcome, has_sentence=bool(said.text))
    return await _apply_event(conn, alarm, resolving, now, Noted({"outcome": outcome.value}, sentence=said))


async def require_responder(conn: Conn, account_id: AccountId) -> Responder:
    """Who an account is. Raises NotAResponder when there is none."""
    found = await responder_store.find_responder(conn, account_id)
    if found is None:
        raise NotAResponder
    return found


async def fire_due_timer(conn: Conn, now: datetime) -> bool:
    """Do what the timer says that is due longest; False when none is due (or somebody else is at it).

    An alarm that raises is parked, with all its timers, and notified by last resort: the others never wait for it.
    """
    timer = await timer_store.lock_due_timer(conn, now)
    if timer is None:
        return False
    await last_resort.run_or_park_alarm(
        conn, timer.alarm_id, timer.centre_id, lambda: _fire_timer(conn, timer, now), now
    )
    return True


async def clear_unreachable_flag(conn: Conn, now: datetime) -> bool:
    """Take the flag `unreachable` from one alarm of which somebody has been told; False for none. One may be parked."""
    return await _apply_event_or_park(conn, await store.lock_reached_alarm(conn, now), SomebodyTold(), now)


async def reopen_alarm_of_disabled_owner(conn: Conn, now: datetime) -> bool:
    """Reopen one alarm whose owner's account was disabled, whoever did that (T14); False when there is none.

    An alarm that raises is parked.
    """
    return await _apply_event_or_park(conn, await store.lock_alarm_of_disabled_owner(conn, now), OwnerDisabled(), now)


async def _apply_event_or_park(
    conn: Conn, found: tuple[AlarmId, CentreId] | None, event: AlarmEvent, now: datetime
) -> bool:
    """Apply the event to the alarm that was found and locked, or park it; False when none was found."""
    if found is None:
        return False
    alarm_id, centre_id = found

    async def apply() -> None:
        await _apply_event(conn, await _lock_alarm(conn, alarm_id), event, now)

    await last_resort.run_or_park_alarm(conn, alarm_id, centre_id, apply, now)
    return True


async def conclude_after_defect(
    conn: Conn, findings: Sequence[Finding], now: datetime, cancelled: Sequence[PressId] = ()
) -> list[Concluded]:
    """`conclude_findings` for one message with which it raised: its press is linked, and people are notified."""
    alarms = [finding for finding in findings if finding.priority.is_alarm]
    # All keys before the first alarm, and alarms by key: the order of DECISIONS 37, in which no deadlock is possible.
    await store.lock_keys(conn, [key_of(finding) for finding in alarms])
    live = {key: await store.lock_bare_live_alarm(conn, key) for key in sorted({key_of(finding) for finding in alarms})}
    if findings and not any(live.values()):
        return await conclude_findings(conn, findings, now, cancelled)
    concluded: list[Concluded] = []
    for finding in findings:
        alarm_id = live.get(key_of(finding))
        if alarm_id is None:
            concluded += await conclude_findings(conn, [finding], now)
            continue
        if await _link_press(conn, alarm_id, finding):
            await last_resort.notify_by_last_resort(conn, alarm_id, now)
        concluded.append(Concluded(alarm_id, opened=False))
    return concluded


async def _fire_timer(conn: Conn, timer: Timer, now: datetime) -> None:
    if timer.was_parked:
        await parking.unpark_row(conn, last_resort.polled_row_of(timer.alarm_id, timer.centre_id), now)
    await timer_store.set_timer_fired(conn, timer.id, now)
    alarm = await _lock_alarm(conn, timer.alarm_id)
    told = await notifications.is_anybody_told_since(conn, alarm.id, alarm.open_since)
    late_seconds = int((now - timer.due_at).total_seconds())
    noted = Noted({"late_by_seconds": late_seconds} if late_seconds > 0 else {})
    await _apply_event(conn, alarm, Due(TimerKind(timer.kind), timer.due_at, anybody_told=told), now, noted)


@dataclass(frozen=True, slots=True)
class _Place:
    """Who and what of a centre can be reached, and the moment for which that holds."""

    centre: Centre
    now: datetime
    are_devices_locked: bool = False


@dataclass(slots=True)
class _FindingBatch:
    """What is decided about several alarms in one transaction; `live` are those it has locked, by key."""

    conn: Conn
    now: datetime
    live: dict[str, Alarm]
    place: _Place | None = None
    entries: list[tuple[CentreId, Entry]] = field(default_factory=list)

    async def conclude_finding(self, finding: Finding) -> Concluded:
        """What one finding comes to."""
        if not finding.priority.is_alarm:
            await rule_findings.update_notice(self.conn, finding, self.now)
            return Concluded(None, opened=False)
        known = await self._find_alarm_of_press(finding)
        live = self.live.get(key_of(finding))
        if known is not None or (finding.cleared and live is None):
            return Concluded(known, opened=False)
        place = await self._load_place(finding.centre_id)
        if live is None:
            return Concluded(self._collect_entry(*await _open_alarm(self.conn, finding, place)).id, opened=True)
        event = Cleared() if finding.cleared else await self._build_repeat(live, finding)
        self._collect_entry(*await _write_transition(self.conn, live, event, place, NOTHING_NOTED))
        return Concluded(live.id, opened=False)

    async def mark_cancelled(self, alarm_id: AlarmId, key: str) -> None:
        """The presser cancelled it: it is shown, and ends nothing."""
        alarm = self.live.get(key)
        if alarm is not None and alarm.id == alarm_id:
            place = await self._load_place(alarm.centre_id)
            self._collect_entry(*await _write_transition(self.conn, alarm, CancelRequested(), place, NOTHING_NOTED))

    async def append_entries(self) -> None:
        """Append to the ledger, as the last statement before the commit."""
        if self.entries:
            entries = [entry for _, entry in self.entries]
            await ledger.append_entries(self.conn, self.entries[0][0], Chain.CARE, entries, self.now)

    async def _find_alarm_of_press(self, finding: Finding) -> AlarmId | None:
        """The alarm that the finding's press belongs to already."""
        if finding.press_id is None:
            return None
        return await press_store.alarm_of_press(self.conn, finding.press_id, key_of(finding))

    async def _build_repeat(self, live: Alarm, finding: Finding) -> Again:
        is_new_press = await _link_press(self.conn, live.id, finding)
        press_id = finding.press_id if is_new_press else None
        return Again(press_id, finding.device_id, tuple(await press_store.presses_of(self.conn, live.id)))

    async def _load_place(self, centre_id: CentreId) -> _Place:
        if self.place is None:
            self.place = _Place(await read_centre(self.conn, centre_id, self.now), self.now, are_devices_locked=True)
        return self.place

    def _collect_entry(self, alarm: Alarm, entry: Entry | None) -> Alarm:
        self.live[alarm.key] = alarm
        if entry is not None:
            self.entries.append((alarm.centre_id, entry))
        return alarm


async def _open_alarm(conn: Conn, finding: Finding, place: _Place) -> tuple[Alarm, Entry]:
    """T1, T18."""
    policy = await policy_service.policy_of_new_alarm(conn, finding.centre_id, place.now)
    born = await _build_new_alarm(conn, finding, policy, place.now)
    moved = open_alarm(born, reach_of(policy, born.room_id, place.centre), place.now)
    noted = Noted(
        {"class": born.klass, "priority": born.priority.value, "rule": born.rule_id, "policy": policy.version},
        {
            "senior": None if born.senior_id is None else str(await person_of_senior(conn, born.senior_id)),
            "room": born.room_id,
            "device": born.device_id,
            "press": finding.press_id,
        },
    )
    return await apply_transition(conn, None, moved, place.centre.sounders, noted)


async def _build_new_alarm(conn: Conn, finding: Finding, policy: Policy, now: datetime) -> Alarm:
    """A new alarm, which is not written yet, to which the finding's press is linked."""
    key = key_of(finding)
    subject = key.removesuffix(f":{finding.klass}")
    born = Alarm(
        id=AlarmId(new_id("a", now)),
        centre_id=finding.centre_id,
        key=key,
        klass=finding.klass,
        number=await store.next_number(conn, finding.centre_id, now),
        priority=finding.priority,
        state=AlarmState.OPEN,
        version=1,
        epoch=1,
        tier=0,
        policy=policy,
        opened_at=now,
        open_since=now,
        changed_at=now,
        pressed_at=finding.at if finding.press_id is not None else None,
        senior_id=finding.senior_id,
        room_id=finding.room_id,
        device_id=finding.device_id,
        rule_id=finding.rule_id,
        summary=finding.summary,
        times_pressed=0 if finding.press_id is None else 1,
        linked_id=await store.find_related_alarm(conn, key, subject),
        late=finding.late,
        time_uncertain=finding.time_uncertain,
    )
    await _link_press(conn, born.id, finding)
    return born


async def _lock_linked_alarm(conn: Conn, link: AcceptLink, now: datetime) -> Alarm:
    """The alarm of an accept link, locked for its one person, who has answered."""
    alarm = await _lock_alarm(conn, link.alarm_id)
    await _require_responder_of(conn, alarm, link.account_id)
    await notifications.note_answer(conn, link, now)
    return alarm


async def _apply_arrival(conn: Conn, alarm: Alarm, how: Arrival, said: Sentence, now: datetime) -> Alarm:
    arriving = Arrive(said.by, how, has_reason=bool(said.text))
    return await _apply_event(conn, alarm, arriving, now, Noted({"how": how.value}, sentence=said))


async def _link_press(conn: Conn, alarm_id: AlarmId, finding: Finding) -> bool:
    """Link the finding's press to the alarm; False without a press, or when it is linked to another alarm already."""
    if finding.press_id is None:
        return False
    return await press_store.link_press(conn, alarm_id, finding.press_id, finding.device_id, finding.at)


async def _apply_event(
    conn: Conn, alarm: Alarm, event: AlarmEvent, now: datetime, noted: Noted = NOTHING_NOTED
) -> Alarm:
    """One transition of one alarm, with its entry in the ledger as the last statement."""
    place = _Place(await read_centre(conn, alarm.centre_id, now), now)
    try:
        alarm, entry = await _write_transition(conn, alarm, event, place, noted)
    except AlreadyTaken as lost:
        winner = await responder_store.find_responder(conn, lost.owner_id)
        assert winner is not None
        raise AlreadyTaken(lost.owner_id, name=winner.name, name_en=winner.name_en) from None
    if entry is not None:
        await ledger.append_entries(conn, alarm.centre_id, Chain.CARE, [entry], now)
    return alarm


async def _write_transition(
    conn: Conn, alarm: Alarm, event: AlarmEvent, place: _Place, noted: Noted
) -> tuple[Alarm, Entry | None]:
    """The alarm after `event`, written; unchanged and without an entry when that means nothing to it."""
    moved = decide_transition(alarm, event, reach_of(alarm.policy, alarm.room_id, place.centre), place.now)
    if moved is None:
        return alarm, None
    if moved.switches_devices and not place.are_devices_locked:
        await sounder_store.lock_devices(conn)
    return await apply_transition(conn, alarm, moved, place.centre.sounders, noted)


async def _lock_alarm(conn: Conn, alarm_id: AlarmId) -> Alarm:
    alarm = await store.lock_alarm(conn, alarm_id)
    if alarm is None:
        raise NoSuchAlarm
    return alarm


async def _require_responder_of(conn: Conn, alarm: Alarm, account_id: AccountId) -> None:
    """Notified or not, everybody of the centre may act; family never accepts."""
    account = await responder_store.find_responder(conn, account_id)
    if account is None or not account.active or account.centre_id != alarm.centre_id:
        raise NotAResponder
    if not Role(account.role).may_respond:
        raise NotAResponder
