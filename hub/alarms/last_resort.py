"""What is done for an alarm that cannot be processed? It is parked, and everybody is notified, without its policy."""

from datetime import datetime, timedelta
from typing import Final

from devices.contract.messages import Do
from hub.alarms import polled_store, sounder_store, store
from hub.alarms.model import AlarmState
from hub.alarms.store import BareAlarm
from hub.alarms.transition import command_device
from hub.kit.db import Conn, Database
from hub.kit.ids import AlarmId, CentreId
from hub.ledger import service as ledger
from hub.ledger.model import Chain, Entry
from hub.notices import parking
from hub.notices.parking import PolledRow
from hub.notifications import service as notifications
from hub.notifications.model import AlarmFacts

AGAIN_AFTER: Final = timedelta(seconds=60)
"""How often everybody is told of an open alarm that is parked: as often as of any other (T5)."""
AGAIN_AFTER_WITH_OWNER: Final = timedelta(minutes=5)
"""The same while somebody has taken it."""


def polled_row_of(alarm_id: AlarmId, centre_id: CentreId) -> PolledRow:
    """The alarm as a row that is parked: with all its timers, and with its flag."""
    return PolledRow("alarm", alarm_id, centre_id)


async def notify_next_parked_alarm(database: Database, now: datetime) -> bool:
    """Tell everybody of one live alarm that is parked, at once and then again and again; False when none is due.

    It is noted as told before that is tried, so that one whose last resort raises does not hold up the next.
    """
    async with database.transaction() as conn:
        told_before = polled_store.ToldBefore(now - AGAIN_AFTER, now - AGAIN_AFTER_WITH_OWNER)
        alarm = await polled_store.lock_untold_parked_alarm(conn, now, told_before)
        if alarm is None:
            return False
        await parking.note_told(conn, polled_row_of(alarm.id, alarm.centre_id), now)
        await parking.run_in_savepoint(
            conn, f"the last resort for alarm {alarm.id}", lambda: notify_by_last_resort(conn, alarm.id, now)
        )
    return True


async def delete_lost_marks(conn: Conn, centre_id: CentreId, now: datetime) -> None:
    """What is parked and waits no more keeps neither its mark nor its notice."""
    for kind, row_id in await polled_store.lost_marks(conn, now):
        await parking.unpark_row(conn, PolledRow(kind, row_id, centre_id), now)


async def notify_by_last_resort(conn: Conn, alarm_id: AlarmId, now: datetime) -> None:
    """Notify every reachable account of the centre that an alarm cannot be processed, and turn its sirens on.

    Nothing happens when nobody is needed any more. The caller has locked the alarm; the ledger's entry comes last.
    """
    alarm = await store.find_bare_alarm(conn, alarm_id)
    if alarm is None or alarm.state in (AlarmState.RESOLVED, AlarmState.CLOSED):
        return  # of a state that is no word, nobody knows whether somebody is needed
    people = (await notifications.find_reachable(conn, alarm.centre_id)).any_channel
    await notifications.enqueue_last_resort_notifications(
        conn, alarm.centre_id, alarm.id, people, _build_facts(alarm), now
    )
    await _turn_sirens_on(conn, alarm, now)
    entry = Entry("alarm.last-resort", {"alarm": alarm.id, "people": len(people)})
    await ledger.append_entries(conn, alarm.centre_id, Chain.CARE, [entry], now)


async def _turn_sirens_on(conn: Conn, alarm: BareAlarm, now: datetime) -> None:
    """They are the alarm's from now on: whoever resolves it turns them off."""
    await sounder_store.lock_devices(conn)
    found = await sounder_store.enabled_sounders(conn, alarm.centre_id, now)
    # Sorted: device by device, as `fleet.lock_messages_to` locks earlier messages to them (DECISIONS 37).
    sirens = sorted(sounder.device_id for sounder in found if sounder.do is Do.SIREN)
    await sounder_store.set_devices_on(conn, alarm.id, sirens, now)
    for device_id in sirens:
        await command_device(conn, alarm.id, device_id, Do.SIREN, now, on=True)


def _build_facts(alarm: BareAlarm) -> AlarmFacts:
    return AlarmFacts(
        number=alarm.number,
        priority=alarm.priority,
        klass=alarm.klass,
        state=alarm.state,
        summary={},
        owner={},
        outcome="",
        times_pressed=0,
        pressed="",
        drill=alarm.drill,
    )
