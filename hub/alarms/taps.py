"""Who may act on which alarm? It is locked for her, and tried again when it was parked."""

from datetime import datetime

from hub.access.model import Role
from hub.alarms import last_resort, responder_store, store
from hub.alarms.errors import NoSuchAlarm, NotAResponder
from hub.alarms.model import Alarm
from hub.kit.db import Conn
from hub.kit.ids import AccountId, AlarmId
from hub.notices import parking
from hub.notifications import service as notifications
from hub.notifications.model import AcceptLink


async def lock_tapped_alarm(conn: Conn, alarm_id: AlarmId, by: AccountId, now: datetime) -> Alarm:
    """The alarm, locked for somebody who may act on it. One that was parked is tried again: she has looked at it."""
    alarm = await lock_alarm(conn, alarm_id)
    await _require_responder_of(conn, alarm, by)
    await parking.unpark_row(conn, last_resort.polled_row_of(alarm.id, alarm.centre_id), now)
    return alarm


async def lock_linked_alarm(conn: Conn, link: AcceptLink, now: datetime) -> Alarm:
    """The alarm of an accept link, locked for its one person, who has answered."""
    alarm = await lock_tapped_alarm(conn, link.alarm_id, link.account_id, now)
    await notifications.note_answer(conn, link, now)
    return alarm


async def lock_alarm(conn: Conn, alarm_id: AlarmId) -> Alarm:
    """The alarm, locked until the transaction ends. Raises NoSuchAlarm."""
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
