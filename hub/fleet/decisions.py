"""What the centre decides about a device: off for a while, on again, revoked. Each has its ledger entry."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hub.centre.shown import read_shown_centre
from hub.fleet import decision_store, store
from hub.fleet.errors import NoSuchDevice, OffIsOver, OffTooLong
from hub.fleet.model import Device
from hub.kit.due_jobs import set_due_job
from hub.kit.ids import CentreId, DeviceId
from hub.ledger.edit import Edit
from hub.ledger.model import Chain
from hub.notices import service as notices
from hub.notices.model import NoticeCode, NoticePriority, Raised

LONGEST_OFF: Final = timedelta(days=31)
"""A repair takes no longer; a device that is off for ever is one that nobody notices any more."""
DEVICE_RETURNS: Final = "device-returns"
"""The kind of the job that lets a device come back when its time is over."""


async def set_device_off(edit: Edit, device_id: DeviceId, until: datetime) -> Device:
    """Let no rule below P1 be asked about the device until then; it comes back by itself. Returns it as it was.

    Its presses ring: no decision of a person takes a call for help away. Raises NoSuchDevice, OffIsOver, OffTooLong.
    """
    if until <= edit.now:
        raise OffIsOver
    if until > edit.now + LONGEST_OFF:
        raise OffTooLong
    device = await _require_device(edit, device_id)
    await set_due_job(edit.conn, device.centre_id, DEVICE_RETURNS, device_id, until, edit.now)
    await decision_store.set_off_until(edit.conn, device_id, until)
    local = until.astimezone(await _zone_of(edit, device.centre_id))
    params = {"until": f"{local:%Y-%m-%d %H:%M}"}
    notice = Raised(
        device.centre_id, NoticeCode.DEVICE_OFF, f"device:{device_id}", priority=NoticePriority.P4, params=params
    )
    await notices.raise_notice(edit.conn, notice, edit.now)
    ends = until.isoformat(timespec="seconds")
    edit.note_entry(device.centre_id, Chain.CARE, "device.off", device=device_id, until=ends)
    return device


async def set_device_on(edit: Edit, device_id: DeviceId) -> bool:
    """Let the rules be asked about the device again. False when it is not off. Raises NoSuchDevice."""
    device = await _require_device(edit, device_id)
    if device.off_until is None:
        return False
    await decision_store.set_off_until(edit.conn, device_id, None)
    await _append_on_entry(edit, device.centre_id, device_id)
    return True


async def end_device_off(edit: Edit, device_id: str) -> None:
    """The time of a device that is off is over. Nothing happens when it is on again already."""
    await set_device_on(edit, DeviceId(device_id))


async def revoke_device(edit: Edit, device_id: DeviceId) -> Device:
    """Revoke the device's password; its connections end within a second. Returns it as it was.

    The next import of the centre's file makes a new password for it, if the file still names it. Raises NoSuchDevice.
    """
    device = await _require_device(edit, device_id)
    await decision_store.clear_credential(edit.conn, device_id)
    edit.note_entry(device.centre_id, Chain.ACCESS, "device-revoked", device=device_id)
    return device


async def _require_device(edit: Edit, device_id: DeviceId) -> Device:
    device = await store.find_device(edit.conn, device_id)
    if device is None:
        raise NoSuchDevice(f"no device is called {device_id}")
    return device


async def _zone_of(edit: Edit, centre_id: CentreId) -> ZoneInfo:
    return ZoneInfo((await read_shown_centre(edit.conn, centre_id)).timezone)


async def _append_on_entry(edit: Edit, centre_id: CentreId, device_id: DeviceId) -> None:
    await notices.clear_notice(edit.conn, centre_id, NoticeCode.DEVICE_OFF, f"device:{device_id}", edit.now)
    edit.note_entry(centre_id, Chain.CARE, "device.on", device=device_id)
