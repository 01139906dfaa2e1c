"""Every router of the hub, in the order in which they are asked: the pages' own names come last."""

from collections.abc import Iterable

from fastapi import APIRouter

from hub.access.api import router as access
from hub.alarms.api import router as alarms
from hub.attendance.api import router as attendance
from hub.fleet.api import router as fleet
from hub.ingest.api import router as ingest
from hub.rules.api import router as rules
from hub.telemetry.api import router as telemetry
from hub.video.api import router as video
from hub.web.api import router as live
from hub.web.ready import router as ready
from hub.web.sign_in import router as sign_in
from hub.web.static import router as pages


def list_routers(mounted: Iterable[APIRouter] = ()) -> list[APIRouter]:
    """The hub's routers, with those that an installed package mounts."""
    return [access, sign_in, live, alarms, attendance, telemetry, video, fleet, ingest, rules, ready, *mounted, pages]
