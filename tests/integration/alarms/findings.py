"""Findings of rules that tests of alarms conclude."""

from hub.rules.model import Finding, Priority
from tests.integration.alarms.conftest import Desk


def room_hot(desk: Desk) -> Finding:
    return Finding(
        rule_id="room-hot",
        priority=Priority.P2,
        klass="room-hot",
        centre_id=desk.house.centre,
        at=desk.clock.now(),
        room_id=desk.house.gym,
        device_id=desk.house.gym_sensor,
        summary={"zh-CN": "健身室 室温 33 °C", "en": "Gym is at 33 °C"},
    )
