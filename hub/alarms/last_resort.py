"""What is done for an alarm that cannot be processed? It is parked, and everybody is notified, without its policy."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from devices.contract.messages import Do
from hub.alarms import sounder_store, store
from hub.alarms.model import AlarmState
from hub.alarms.store import BareAlarm
from hub.alarms.transition import command_device
from hub.kit.bulkhead import Defect
from hub.kit.db import Conn
from hub.kit.ids import AlarmId, CentreId
from hub.ledger import service as ledger
from hub.ledger.model import Chain, Entry
from hub.notices import parking
from hub.notices.parking import PolledRow
from hub.notifications import service as notifications
from hub.notifications.model import AlarmFacts


def polled_row_of(alarm_id: AlarmId, centre_id: CentreId) -> PolledRow:
    """The alarm as a row that is parked: with all its timers, and with its flag."""
    return PolledRow("alarm", alarm_id, centre_id)


async def run_or_park_alarm(
    conn: Conn, alarm_id: AlarmId, centre_id: CentreId, work: Callable[[], Awaitable[None]], now: datetime
) -> None:
    """Do `work` on one alarm; when it raises, it is undone, the alarm is parked and notified by last resort.

    Raises psycopg.OperationalError and TimeoutError: those are no fault of the alarm.
    """
    outcome = await parking.run_or_park(conn, polled_row_of(alarm_id, centre_id), work, now)
    if isinstance(outcome, Defect):
        await parking.run_in_savepoint(
            conn, f"the last resort for alarm {alarm_id}", lambda: notify_by_last_resort(conn, alarm_id, now)
        )


async def notify_by_last_resort(conn: Conn, alarm_id: AlarmId, now: datetime) -> None:
    """Notify every reachable account of the centre that an alarm cannot be processed, and turn its sirens on.

    Nothing happens when nobody is needed any more. The caller has locked the alarm; the ledger's entry comes last.
    """
    alarm = await store.find_bare_alarm(conn, alarm_id)
    if alarm is None or alarm.state not in {state.value for state in AlarmState if state.is_live}:
        return
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
