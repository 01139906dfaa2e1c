"""What do findings come to in one transaction? Alarms are opened, pressed again or cleared; the ledger comes last."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from hub.alarms import policy_service, press_store, sounder_store, store
from hub.alarms.keys import key_of
from hub.alarms.lifecycle import decide_transition, open_alarm
from hub.alarms.model import Again, Alarm, AlarmEvent, AlarmState, CancelRequested, Cleared, Policy
from hub.alarms.reach import Centre, reach_of
from hub.alarms.responder_store import person_of_senior
from hub.alarms.transition import Noted, apply_transition, read_centre
from hub.kit.db import Conn
from hub.kit.ids import AlarmId, CentreId, PressId, new_id
from hub.ledger import service as ledger
from hub.ledger.model import Chain, Entry
from hub.rules import findings as rule_findings
from hub.rules.model import Finding

NOTHING_NOTED: Final = Noted()


@dataclass(frozen=True, slots=True)
class Concluded:
    """What a finding came to: the alarm it opened or belongs to; none for a notice."""

    alarm_id: AlarmId | None
    opened: bool


@dataclass(frozen=True, slots=True)
class CentreMoment:
    """Who and what of a centre can be reached, and the moment for which that holds."""

    centre: Centre
    now: datetime
    are_devices_locked: bool = False


@dataclass(slots=True)
class FindingBatch:
    """What is decided about several alarms in one transaction; `live` are those it has locked, by key.

    New presses of a live alarm are linked and counted each, and are one transition: `write_presses` writes it.
    """

    conn: Conn
    now: datetime
    live: dict[str, Alarm]
    place: CentreMoment | None = None
    entries: list[tuple[CentreId, Entry]] = field(default_factory=list)
    pressed: dict[str, list[Finding]] = field(default_factory=dict)

    async def conclude_finding(self, finding: Finding) -> Concluded:
        """What one finding comes to."""
        if not finding.priority.is_alarm:
            await rule_findings.update_notice(self.conn, finding, self.now)
            return Concluded(None, opened=False)
        key = key_of(finding)
        known = await self._find_alarm_of_press(finding)
        live = self.live.get(key)
        if known is not None or (finding.cleared and live is None):
            return Concluded(known, opened=False)
        if live is None:
            place = await self._load_place(finding.centre_id)
            return Concluded(self._collect_entry(*await _open_alarm(self.conn, finding, place)).id, opened=True)
        if not finding.cleared and await link_press_of(self.conn, live.id, finding):
            self.pressed.setdefault(key, []).append(finding)
            return Concluded(live.id, opened=False)
        await self._write_presses_of(key)
        event = Cleared() if finding.cleared else await self._build_repeat(live.id, finding, None)
        await self._write_event(self.live[key], event)
        return Concluded(live.id, opened=False)

    async def write_presses(self) -> None:
        """Write what new presses come to, one transition for all of an alarm: by key, as they were locked."""
        for key in sorted(self.pressed):
            await self._write_presses_of(key)

    async def mark_cancelled(self, alarm_id: AlarmId, key: str) -> None:
        """The presser cancelled it: it is shown, and ends nothing."""
        alarm = self.live.get(key)
        if alarm is not None and alarm.id == alarm_id:
            await self._write_event(alarm, CancelRequested())

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

    async def _write_presses_of(self, key: str) -> None:
        presses = self.pressed.pop(key, [])
        if presses:
            live, last = self.live[key], presses[-1]
            noted = Noted(recorded={"presses": len(presses)}) if len(presses) > 1 else NOTHING_NOTED
            await self._write_event(live, await self._build_repeat(live.id, last, last.press_id), noted)

    async def _write_event(self, live: Alarm, event: AlarmEvent, noted: Noted = NOTHING_NOTED) -> None:
        place = await self._load_place(live.centre_id)
        self._collect_entry(*await write_transition(self.conn, live, event, place, noted))

    async def _build_repeat(self, alarm_id: AlarmId, finding: Finding, new_press: PressId | None) -> Again:
        return Again(new_press, finding.device_id, tuple(await press_store.presses_of(self.conn, alarm_id)))

    async def _load_place(self, centre_id: CentreId) -> CentreMoment:
        if self.place is None:
            self.place = CentreMoment(
                await read_centre(self.conn, centre_id, self.now), self.now, are_devices_locked=True
            )
        return self.place

    def _collect_entry(self, alarm: Alarm, entry: Entry | None) -> Alarm:
        self.live[alarm.key] = alarm
        if entry is not None:
            self.entries.append((alarm.centre_id, entry))
        return alarm


async def _open_alarm(conn: Conn, finding: Finding, place: CentreMoment) -> tuple[Alarm, Entry]:
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
        degraded=finding.degraded,
    )
    await link_press_of(conn, born.id, finding)
    return born


async def link_press_of(conn: Conn, alarm_id: AlarmId, finding: Finding) -> bool:
    """Link the finding's press to the alarm; False without a press, or when it is linked to another alarm already."""
    if finding.press_id is None:
        return False
    return await press_store.link_press(conn, alarm_id, finding.press_id, finding.device_id, finding.at)


async def write_transition(
    conn: Conn, alarm: Alarm, event: AlarmEvent, place: CentreMoment, noted: Noted
) -> tuple[Alarm, Entry | None]:
    """The alarm after `event`, written; unchanged and without an entry when that means nothing to it."""
    moved = decide_transition(alarm, event, reach_of(alarm.policy, alarm.room_id, place.centre), place.now)
    if moved is None:
        return alarm, None
    if moved.switches_devices and not place.are_devices_locked:
        await sounder_store.lock_devices(conn)
    return await apply_transition(conn, alarm, moved, place.centre.sounders, noted)
