"""GET /api/quarantine: which messages are in quarantine, and why."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from hub.access.may import Action
from hub.access.needs import Caller, Needs
from hub.ingest import quarantine
from hub.ingest.model import QuarantineReason
from hub.kit.http import HubDatabase

router = APIRouter()


class QuarantinedMessage(BaseModel):
    """An undecodable message. `detail` names the field that is wrong and never repeats its value."""

    id: str
    device_id: str | None
    topic: str
    reason: QuarantineReason
    detail: str
    payload_bytes: int
    received_at: datetime
    last_at: datetime
    times: int


@router.get("/api/quarantine")
async def list_quarantine(
    caller: Annotated[Caller, Depends(Needs(Action.SEE_QUARANTINE))], hub: HubDatabase
) -> list[QuarantinedMessage]:
    """What is in quarantine at the caller's centre, newest first."""
    async with hub.transaction() as conn:
        rows = await quarantine.list_quarantined(conn, caller.centre_id)
    return [
        QuarantinedMessage(
            id=row.id,
            device_id=row.device_id,
            topic=row.topic,
            reason=QuarantineReason(row.reason),
            detail=row.detail,
            payload_bytes=row.payload_bytes,
            received_at=row.received_at,
            last_at=row.last_at,
            times=row.times,
        )
        for row in rows
    ]
