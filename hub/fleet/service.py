"""What happens to devices, in the transaction of the message that says so."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from devices.contract.messages import DoneState
from hub.fleet import store
from hub.fleet.model import NOBODYS, Assigned, Command, Device, DeviceKind, DeviceState, Subtopic
from hub.kit.clock import ClockSet
from hub.kit.db import Conn
from hub.kit.ids import CentreId, DeviceId, RoomId, new_id
from hub.notices import service as notices
from hub.notices.model import NoticeCode, Raised


async def find_device(conn: Conn, device_id: DeviceId) -> Device | None:
    """The device with this id, None when none is registered."""
    return await store.find_device(conn, device_id)


async def assignment_of(conn: Conn, device_id: DeviceId, at: datetime) -> Assigned:
    """Whose the device was at that moment; nobody's when it was not assigned."""
    return await store.assignment_at(conn, device_id, at) or NOBODYS


async def devices_in(conn: Conn, room_id: RoomId, kind: DeviceKind, at: datetime) -> list[DeviceId]:
    """The enabled devices of this kind that belong to a room."""
    return await store.devices_in(conn, room_id, kind, at)


async def devices_of(conn: Conn, centre_id: CentreId) -> list[Device]:
    """All devices of a centre, by kind and id."""
    return await store.devices_of(conn, centre_id)


async def record_heard(
    conn: Conn, devices: Mapping[DeviceId, datetime], clocks_behind: Mapping[DeviceId, timedelta]
) -> None:
    """These devices were heard at these times; so far are their clocks behind, where that is known."""
    if devices:
        await store.set_heard(conn, devices, clocks_behind)


async def record_batteries(conn: Conn, percent: Mapping[DeviceId, float]) -> None:
    """What these devices said of their batteries, in percent."""
    if percent:
        await store.set_battery(conn, percent)


async def lock_messages_to(
    conn: Conn, device_ids: Collection[DeviceId], nonces: Collection[str], now: datetime
) -> None:
    """Lock the messages to these devices before several of their states and proofs are written together.

    In one order, so that this and a change of one alarm never deadlock.
    """
    await store.lock_messages_to(conn, device_ids, nonces, now)


async def record_status(
    conn: Conn, device_id: DeviceId, state: DeviceState, firmware: str | None, now: datetime
) -> bool:
    """A device, or its Last Will, says whether it is online; one that came online is sent what it missed.

    Returns whether its state is news.
    """
    is_news = await store.set_state(conn, device_id, state, firmware, now)
    if state is DeviceState.ONLINE:
        await store.requeue_unsent_messages(conn, device_id, now)
    return is_news


async def enqueue_command(conn: Conn, wanted: Command, now: datetime) -> str:
    """Put a message for a device into its outbox; it is sent after the commit. Returns the id of its row.

    A cue takes the place of the cues of the same alarm that are not sent yet, a command of the unproven ones that
    the device was given to do the same: a siren that was turned off is not turned on again by a repetition.
    """
    if wanted.subtopic is Subtopic.CUE and wanted.alarm_id is not None:
        await store.end_older_cues(conn, wanted.device_id, wanted.alarm_id, now)
    elif wanted.subtopic is Subtopic.CMD:
        await store.end_older_commands(conn, wanted.device_id, wanted.payload.get("do"), now)
    command_id = new_id("m", now)
    await store.insert_command(conn, command_id, wanted, now)
    return command_id


async def cue_until(conn: Conn, device_id: DeviceId, alarm_id: str) -> datetime | None:
    """Until when the last cue of this alarm holds at the device; None when it was given none."""
    return await store.cue_until(conn, device_id, alarm_id)


async def adjust_devices_to_clock(conn: Conn, clock_set: ClockSet) -> None:
    """No device is silent because the clock was set."""
    await store.shift_heard(conn, clock_set)


async def adjust_outbox_to_clock(conn: Conn, clock_set: ClockSet) -> None:
    """A clock that was set back delays no message; set forward, it makes one attempt early, and ends no message."""
    if clock_set.by < timedelta():
        await store.move_attempts_earlier(conn, -clock_set.by, clock_set.since)
    else:
        await store.shift_ends(conn, clock_set)


async def record_proof(conn: Conn, device_id: DeviceId, nonce: str, state: str, now: datetime) -> bool:
    """A device answers a command (`done`). Returns whether it was ever given that command.

    One that refuses is noticed like one that never answers, until it carries a command out.
    """
    centre_id = await store.set_proof(conn, device_id, nonce, state, now)
    if centre_id is None:
        return False
    if state == DoneState.REFUSED:
        await notices.raise_notice(conn, Raised(centre_id, NoticeCode.COMMAND_UNPROVEN, f"device:{device_id}"), now)
    else:
        await notices.clear_notice(conn, centre_id, NoticeCode.COMMAND_UNPROVEN, f"device:{device_id}", now)
    return True
