"""Is a device disconnected when its rows change while it is connected?"""

from __future__ import annotations

import psycopg

from hub.fleet.authenticator import DeviceAuthenticator
from hub.kit.changes import Changes
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.mqtt.broker import Broker, listening_socket
from hub.mqtt.codec import Pingreq, Pingresp
from hub.mqtt.model import Receivers
from hub.mqtt.revalidation import recheck_changed
from tests.fakes.house import House
from tests.integration.mqtt.fakes import Lane, raw_client, running, within
from tests.integration.mqtt.taken_reports import Taken


async def test_a_disabled_button_is_disconnected_and_its_neighbour_stays(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    changes = Changes(database_url)
    broker = Broker(
        listening_socket("127.0.0.1", 0),
        authenticator=DeviceAuthenticator(database, clock),
        receivers=Receivers(Lane(), Lane()),
        take_report=Taken().take_report,
        clock=clock,
    )
    async with (
        running(broker.run),
        running(changes.run),
        running(lambda: recheck_changed(changes, broker)),
        raw_client(broker.port, "b-wang") as wang,
        raw_client(broker.port, "b-li") as li,
    ):
        await within(changes.ready())
        with psycopg.connect(database_url) as conn:
            conn.execute("UPDATE device SET enabled = false WHERE id = 'b-wang'")

        assert await wang.next() is None
        await li.send(Pingreq())
        assert await li.next() == Pingresp()
