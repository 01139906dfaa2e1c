"""A message to a device that raises stops no other."""

from datetime import timedelta

from hub.fleet.deliver import DeviceMessageDeliverer
from hub.kit.changes import Changes
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.notices import store as notices
from hub.notices.parking import RETRY_AFTER
from tests.fakes.house import House
from tests.integration.fleet.test_fleet import Broker, cue, put, siren


class DefectiveBroker(Broker):
    """One that raises, for one device, what no transport should raise."""

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        if topic.endswith("/siren-corridor"):
            raise KeyError(topic)
        await super().publish(topic, payload, qos=qos, retain=retain)


async def test_a_message_that_raises_is_parked_at_the_third_time_and_the_others_go_out(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    broker = DefectiveBroker()
    deliver = DeviceMessageDeliverer(database, Changes(database_url), broker, clock)
    command_id = await put(database, clock, siren(house, clock))
    await put(database, clock, cue(house, clock, 1))

    for pause in (*RETRY_AFTER, timedelta(minutes=1)):
        await deliver.send_due()
        clock.advance(pause)
    await deliver.send_due()

    assert [message for _, message in broker.taken] == [{"n": 1}]
    async with database.transaction() as conn:
        standing = await notices.list_standing_notices(conn, house.centre, 10)
        (tries,) = await (await conn.execute("SELECT tries FROM device_command WHERE nonce = 'n-1'")).fetchall()
    assert [(one.code, one.subject, one.times) for one in standing] == [
        ("row-parked", f"device-command:{command_id}", 1)
    ]
    assert tries == (3,)
