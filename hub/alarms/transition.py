"""Writes one transition: alarm, timers, record, messages to people and to devices, all in the caller's transaction."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from devices.contract.messages import Cmd, Cue, Do
from hub.alarms import press_store, responder_store, sounder_store, store, timer_store
from hub.alarms.cues import cue_text
from hub.alarms.lifecycle import cue_of
from hub.alarms.model import Alarm, AlarmState, Moved, Notify, Sentence, Sounder, TimerKind
from hub.alarms.press_store import Presser
from hub.alarms.reach import Centre
from hub.fleet import service as fleet
from hub.fleet.model import Command, Subtopic
from hub.kit.db import Conn
from hub.kit.ids import AccountId, AlarmId, CentreId, DeviceId, new_id
from hub.kit.language import Language
from hub.ledger.model import Entry
from hub.notices import service as notices
from hub.notices.model import NoticeCode, Raised
from hub.notifications import service as notifications
from hub.notifications.model import AlarmFacts, Telling
from hub.roster import service as roster

CUE_HOLDS: Final = timedelta(minutes=30)
CUE_ENDS_SOON: Final = timedelta(minutes=15)
"""A reminder says a cue again that ends within this: the longest time from one reminder of a live alarm to the next."""
SIREN_HOLDS: Final = timedelta(minutes=10)
LAMP_HOLDS: Final = timedelta(minutes=15)
"""How long a command holds unless it is renewed. Both are renewed each minute while an alarm is open,
the lamp with every reminder while somebody is on scene."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What is written down besides the alarm's state: ids and codes for timeline and ledger, ids for the ledger alone,
    and a sentence, of which the ledger gets the salted hash."""

    params: Mapping[str, str | int] = field(default_factory=dict)
    recorded: Mapping[str, str | int | None] = field(default_factory=dict)
    sentence: Sentence | None = None


async def read_centre(conn: Conn, centre_id: CentreId, now: datetime) -> Centre:
    """Who and what of a centre can be reached at `now`."""
    return Centre(
        await roster.find_posts(conn, centre_id, now),
        await notifications.find_reachable(conn, centre_id),
        tuple(await sounder_store.enabled_sounders(conn, centre_id, now)),
    )


async def apply_transition(
    conn: Conn, before: Alarm | None, moved: Moved, sounders: Sequence[Sounder], noted: Noted
) -> tuple[Alarm, Entry]:
    """Write `moved`, which came from `before` (None: the alarm is new).

    Whoever calls has locked the centre's devices where it switches any. Returns the alarm as it is written and the
    ledger's entry, which the caller appends last.
    """
    alarm = replace(moved.alarm, times_told=moved.alarm.times_told + len(moved.notify))
    async with conn.pipeline():  # a phone waits: only what is read costs a round trip
        await _save_alarm(conn, before, alarm)
        await _set_timers(conn, before, alarm, moved)
        hashed = await _store_sentence(conn, alarm, noted.sentence)
        await store.insert_step(conn, alarm, moved.what, moved.by, {"tier": alarm.tier, **noted.params})
        if alarm.state.has_owner or alarm.state is AlarmState.RESOLVED:
            await notifications.withdraw_ringing(conn, alarm.id, alarm.changed_at)
        await _enqueue_notifications(conn, alarm, moved.notify)
        await _send_cues(conn, alarm, moved)
        await _switch_sounders(conn, alarm, moved, sounders)
        await _notice_empty_tiers(conn, before, alarm, moved)
        by = None if moved.by is None else await responder_store.find_responder(conn, moved.by)
    stands: dict[str, str | int | None] = {
        "alarm": alarm.id,
        "state": alarm.state.value,
        "tier": alarm.tier,
        "epoch": alarm.epoch,
        "by": None if by is None else str(by.person),
    }
    return alarm, Entry(f"alarm.{moved.what}", {**stands, **noted.params, **noted.recorded, **hashed})


async def _save_alarm(conn: Conn, before: Alarm | None, alarm: Alarm) -> None:
    if before is None:
        assert alarm.policy is not None, "a new alarm is given the policy that holds"
        await store.insert_alarm(conn, alarm, alarm.policy)
        return
    written = await store.update_alarm(conn, alarm, before.version)
    assert written, f"alarm {alarm.id} was locked and changed nevertheless"


async def _set_timers(conn: Conn, before: Alarm | None, alarm: Alarm, moved: Moved) -> None:
    """A new epoch voids every pending timer; an answer voids the question."""
    if before is not None and before.epoch != alarm.epoch:
        await timer_store.void_timers(conn, alarm.id, tuple(TimerKind), alarm.changed_at)
    elif moved.answers_confirm:
        await timer_store.void_timers(conn, alarm.id, (TimerKind.CONFIRM,), alarm.changed_at)
    timers = [(new_id("i", alarm.changed_at), pending) for pending in moved.timers]
    await timer_store.insert_timers(conn, alarm, timers, alarm.changed_at)


async def _store_sentence(conn: Conn, alarm: Alarm, sentence: Sentence | None) -> dict[str, str]:
    """Keep what somebody wrote in a row of its own. Returns its salted hash for the ledger."""
    if sentence is None or not sentence.text:
        return {}
    salt = secrets.token_bytes(16)
    await store.insert_sentence(conn, new_id("w", alarm.changed_at), alarm, sentence, salt)
    return {"sentence": sha256(salt + sentence.text.encode()).hexdigest()}


async def _enqueue_notifications(conn: Conn, alarm: Alarm, tells: Sequence[Notify]) -> None:
    if not tells:
        return
    facts = await _read_facts(conn, alarm)
    first = alarm.times_told - len(tells) + 1
    for n, tell in enumerate(tells, first):
        people = await notifications.accounts_told(conn, alarm.id) if tell.all_notified else tell.recipients
        telling = Telling(alarm.centre_id, alarm.id, n, people, tell.template, facts)
        await notifications.enqueue_notifications(conn, telling, alarm.changed_at)


async def _read_facts(conn: Conn, alarm: Alarm) -> AlarmFacts:
    owner_id = alarm.owner_id or alarm.resolved_by
    pressed = alarm.pressed_at if alarm.late else None
    return AlarmFacts(
        number=alarm.number,
        priority=alarm.priority.value,
        klass=alarm.klass,
        state=alarm.state.value,
        summary=dict(alarm.summary),
        owner=await _name_of(conn, owner_id),
        outcome="" if alarm.outcome is None else alarm.outcome.value,
        times_pressed=alarm.times_pressed,
        pressed="" if pressed is None else await responder_store.local_time(conn, alarm.centre_id, pressed),
        drill=alarm.drill,
        owner_id=owner_id,
    )


async def _name_of(conn: Conn, account_id: AccountId | None) -> dict[str, str]:
    """What the account's person is called, per language; empty when there is none."""
    found = None if account_id is None else await responder_store.find_responder(conn, account_id)
    return {} if found is None else {"zh-CN": found.name, "en": found.name_en}


async def _send_cues(conn: Conn, alarm: Alarm, moved: Moved) -> None:
    """Answer every device from which this alarm was pressed; the alarm's version is the cue's rising number.

    A cue that is only kept goes to the devices whose last one ends soon: not a row a minute for as long as it rings.
    """
    if moved.cue is None and not moved.keeps_cue:
        return
    cue = moved.cue or cue_of(alarm.state)
    coming = await _name_of(conn, alarm.owner_id)
    until = alarm.changed_at + CUE_HOLDS
    # Here and not in the database, whose collation may be another: see `fleet.lock_messages_to`.
    for presser in sorted(await press_store.pressers_of(conn, alarm.id), key=lambda one: one.device_id):
        if moved.cue is None and await _is_shown(conn, alarm, presser):
            continue
        language = Language.ENGLISH if presser.language == Language.ENGLISH else Language.CHINESE
        message = Cue(
            alarm=alarm.id,
            n=alarm.version,
            cue=cue,
            until=until,
            text=cue_text(cue, language, coming=coming.get(language)),
        )
        payload = message.model_dump(mode="json", exclude_none=True)
        await fleet.enqueue_command(
            conn, Command(presser.device_id, Subtopic.CUE, payload, until, alarm_id=alarm.id), alarm.changed_at
        )


async def _is_shown(conn: Conn, alarm: Alarm, presser: Presser) -> bool:
    """Whether the device goes on showing the last cue of this alarm until after the next reminder.

    One that ends later than any cue is of a clock that is behind now: nobody knows until when it is shown.
    """
    until = await fleet.cue_until(conn, presser.device_id, alarm.id)
    now = alarm.changed_at
    return until is not None and now + CUE_ENDS_SOON < until <= now + CUE_HOLDS


async def _switch_sounders(conn: Conn, alarm: Alarm, moved: Moved, sounders: Sequence[Sounder]) -> None:
    """Turn sirens and lamps on, or off where no other live alarm needs them: one that was disabled meanwhile, too.

    Device by device, as `fleet.lock_messages_to` locks earlier messages to them. The caller has locked the centre's
    devices.
    """
    do = {sounder.device_id: sounder.do for sounder in sounders}
    switched: list[tuple[DeviceId, Do, bool]] = []
    if moved.sound is not None:
        await sounder_store.set_devices_on(conn, alarm.id, moved.sound.devices, alarm.changed_at)
        switched += [(device_id, do[device_id], True) for device_id in moved.sound.devices]
    if moved.quiet is not None:
        off = await sounder_store.set_devices_off(conn, alarm.id, sorted(moved.quiet.kinds), alarm.changed_at)
        switched += [(device_id, kind, False) for device_id, kind in off]
    if moved.renew:
        on = await sounder_store.devices_on(conn, alarm.id)
        switched += [(device_id, do[device_id], True) for device_id in on if device_id in do]
    for device_id, what, is_on in sorted(switched):
        await command_device(conn, alarm.id, device_id, what, alarm.changed_at, on=is_on)


async def command_device(
    conn: Conn, alarm_id: AlarmId, device_id: DeviceId, do: Do, now: datetime, *, on: bool
) -> None:
    """Turn a siren or lamp on or off for an alarm, until the next command or the end of this one."""
    until = now + (SIREN_HOLDS if do is Do.SIREN else LAMP_HOLDS)
    nonce = secrets.token_hex(8)
    payload = Cmd(nonce=nonce, do=do, args={"on": on}, until=until).model_dump(mode="json", exclude_none=True)
    await fleet.enqueue_command(
        conn, Command(device_id, Subtopic.CMD, payload, until, alarm_id=alarm_id, nonce=nonce), now
    )


async def _notice_empty_tiers(conn: Conn, before: Alarm | None, alarm: Alarm, moved: Moved) -> None:
    """T4: a tier on which nobody is reachable is a notice until an alarm finds somebody there."""
    first = 0 if before is None else min(before.tier + 1, alarm.tier)
    for tier in range(first, alarm.tier + 1):
        if tier in moved.gaps:
            gap = Raised(alarm.centre_id, NoticeCode.ROSTER_GAP, f"tier:{tier + 1}", params={"number": alarm.number})
            await notices.raise_notice(conn, gap, alarm.changed_at)
        elif moved.timers and alarm.state is AlarmState.OPEN:
            await notices.clear_notice(
                conn, alarm.centre_id, NoticeCode.ROSTER_GAP, f"tier:{tier + 1}", alarm.changed_at
            )
