"""GET /api/devices: what is in the building, whether it is heard, and how its battery is."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from hub.access.may import Action
from hub.access.needs import Caller, Needs
from hub.fleet import service
from hub.fleet.model import DeviceKind, DeviceState
from hub.kit.http import HubDatabase, Now

router = APIRouter()


class DeviceRow(BaseModel):
    """One device as the devices page shows it. `senior_id` or `room_id` says whose it is."""

    id: str
    kind: DeviceKind
    name: str
    name_en: str
    enabled: bool
    state: DeviceState
    state_at: datetime | None
    heard_at: datetime | None
    firmware: str
    battery_percent: float | None
    senior_id: str | None
    room_id: str | None


@router.get("/api/devices")
async def list_devices(
    caller: Annotated[Caller, Depends(Needs(Action.SEE_DEVICES))], hub: HubDatabase, now: Now
) -> list[DeviceRow]:
    """All devices of the caller's centre, by kind and id."""
    rows = []
    async with hub.transaction() as conn:
        for device in await service.devices_of(conn, caller.centre_id):
            whose = await service.assignment_of(conn, device.id, now)
            rows.append(
                DeviceRow(
                    id=device.id,
                    kind=device.kind,
                    name=device.name,
                    name_en=device.name_en,
                    enabled=device.enabled,
                    state=device.state,
                    state_at=device.state_at,
                    heard_at=device.heard_at,
                    firmware=device.firmware,
                    battery_percent=device.battery_percent,
                    senior_id=whose.senior_id,
                    room_id=whose.room_id,
                )
            )
    return rows
