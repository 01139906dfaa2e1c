"""A device whose messages the broker refuses is a notice that says what to set."""

from __future__ import annotations

from hub.fleet.refusals import RefusedDevices
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.mqtt.model import DeviceRefusal
from hub.notices.store import list_standing_notices
from tests.fakes.house import House


async def test_a_refused_device_is_a_notice_with_its_name_and_what_is_wrong(
    database: Database, clock: SetClock, house: House
) -> None:
    refused = RefusedDevices(database, clock, house.centre)
    for _ in range(500):
        refused.note_refusal(house.wang_button, DeviceRefusal.WRONG_TOPIC, "may not publish to 'x'" + "x" * 500)
    refused.note_refusal(house.li_button, DeviceRefusal.QOS_2, "QoS 2 is not offered")
    refused.note_refusal("nobody", DeviceRefusal.QOS_2, "QoS 2 is not offered")

    await refused.write()
    await refused.write()

    async with database.transaction() as conn:
        standing = await list_standing_notices(conn, house.centre, 50)
    assert sorted((n.code, n.subject, n.priority, str(n.params["why"]), n.times) for n in standing) == [
        ("message-refused", "device:b-li", "P3", "qos-2", 1),
        ("message-refused", "device:b-wang", "P3", "wrong-topic", 1),
    ]
