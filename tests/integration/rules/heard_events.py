"""Events of the small centre that rules hear, and what they found, for comparison."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hub.kit.ids import DeviceId
from hub.notices.model import NoticeCode
from hub.rules.model import Finding, ReadingHeard, ReportedState, StatusHeard
from tests.fakes.house import House

FIVE_MINUTES = timedelta(minutes=5)


def warm(house: House, value: float, at: datetime) -> ReadingHeard:
    return ReadingHeard(house.centre, house.gym_sensor, None, house.gym, "temperature", "Cel", value, at, at)


def occupied(house: House, people: float, at: datetime) -> ReadingHeard:
    return ReadingHeard(house.centre, house.gym_camera, None, house.gym, "occupancy", "1", people, at, at)


def online(house: House, device_id: DeviceId, at: datetime) -> StatusHeard:
    return StatusHeard(house.centre, device_id, ReportedState.ONLINE, at)


def told(findings: Sequence[Finding], *but: str) -> list[tuple[str, str, bool]]:
    """Class, subject and whether it clears, without notices about rule files and what `but` names."""
    left_out = {NoticeCode.RULE_FILES_NOT_LOADED, *but}
    return [(found.klass, found.subject, found.cleared) for found in findings if found.klass not in left_out]


SILENT = ("trigger-silent", "camera-silent", "device-silent")
