"""The whole line: a real button presses at the built-in broker, and learns from the hub that it was heard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psycopg

from devices.button import Button
from devices.contract.times import DeviceSystemClock
from devices.link import BrokerEndpoint, Identity
from devices.outbox import Outbox
from hub.fleet.authenticator import DeviceAuthenticator
from hub.fleet.deliver import DeviceMessageDeliverer
from hub.ingest.intake import Intake
from hub.ingest.neighbours import Neighbours
from hub.kit.changes import Changes
from hub.kit.clock import Clock, FileClock, SystemClock
from hub.kit.db import Database, Login
from hub.mqtt.broker import Broker, listening_socket
from hub.rules.service import Rules
from tests.fakes.house import House, load_house, password_of
from tests.fakes.logins import url_as
from tests.fakes.recording_database import Recorded
from tests.integration.alarms.conftest import give_phones
from tests.integration.mqtt.fakes import running, until
from tests.integration.mqtt.taken_reports import Taken


@asynccontextmanager
async def hub(database: Database, database_url: str, house: House, clock: Clock | None = None) -> AsyncIterator[Broker]:
    """The alarm path from the socket to the device outbox."""
    clock = clock or SystemClock()
    intake = Intake(database, database, clock, Neighbours(Rules([], clock), house.centre))
    authenticator = DeviceAuthenticator(database, clock)
    broker = Broker(
        listening_socket("127.0.0.1", 0),
        authenticator=authenticator,
        receivers=intake.receivers,
        take_report=Taken().take_report,
        clock=clock,
    )
    changes = Changes(database_url)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(changes.run))
        await stack.enter_async_context(running(broker.run))
        await stack.enter_async_context(running(lambda: intake.run_alarms(broker.publish)))
        await stack.enter_async_context(running(intake.run_states))
        await stack.enter_async_context(running(DeviceMessageDeliverer(database, changes, broker, clock).run))
        yield broker


@asynccontextmanager
async def heard_button(broker: Broker, house: House, folder: Path) -> AsyncIterator[tuple[Button, Outbox]]:
    """王奶奶's button, which was pressed and says that it was heard; and what it keeps until it is answered."""
    identity = Identity(house.centre, house.wang_button, password_of(house.wang_button))
    with Outbox(folder / "outbox", "9f3c2a7be41d0c55") as outbox:
        button = Button(BrokerEndpoint("127.0.0.1", broker.port), identity, outbox, DeviceSystemClock())
        async with running(button.run):
            await button.press()
            await until(lambda: button.light[1] == "听到了，有人来")
            yield button, outbox


def mid_morning(folder: Path) -> FileClock:
    """10:00 of today in Shanghai, and going on: the centre is open, whenever the test runs."""
    now = SystemClock().now()
    at_ten = now.replace(hour=2, minute=0, second=0)
    (folder / "clock").write_text(f"{(at_ten - now).total_seconds()}")
    return FileClock(folder / "clock")


async def test_a_press_makes_one_alarm_and_the_button_says_that_it_was_heard(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    house = load_house(database_url, SystemClock().now())
    async with hub(database, database_url, house) as broker, heard_button(broker, house, tmp_path):
        pass

    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT senior_id, kind FROM press").fetchall() == [(house.wang, "press")]
        assert conn.execute("SELECT state, times_pressed FROM alarm").fetchall() == [("open", 1)]


async def test_a_press_is_one_transaction_of_few_statements(database_url: str, tmp_path: Path) -> None:
    """A phone waits for each. What reads or writes for every press may be one more, and then says here why."""
    clock = mid_morning(tmp_path)
    house = load_house(database_url, clock.now())
    give_phones(database_url, clock.now())
    async with (
        Recorded.open(url_as(database_url, Login.ALARMS), size=4, name="test recorded") as recorded,
        hub(recorded, database_url, house, clock) as broker,
        heard_button(broker, house, tmp_path),
    ):
        pass

    of_the_press = [asked for asked in recorded.transactions if any("INSERT INTO press" in one for one in asked)]
    assert [len(asked) for asked in of_the_press] == [35]


async def test_a_press_holds_the_ledger_for_nothing_but_its_commit(database_url: str, tmp_path: Path) -> None:
    house = load_house(database_url, SystemClock().now())
    async with (
        Recorded.open(url_as(database_url, Login.ALARMS), size=4, name="test recorded") as recorded,
        hub(recorded, database_url, house) as broker,
        heard_button(broker, house, tmp_path),
    ):
        pass

    assert any("ledger_care" in statement for asked in recorded.transactions for statement in asked)
    assert recorded.asked_after_the_ledger() == []


async def test_a_press_that_belongs_to_an_alarm_that_cannot_be_processed_is_heard_and_notified_by_last_resort(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    house = load_house(database_url, SystemClock().now())
    give_phones(database_url, SystemClock().now())
    async with hub(database, database_url, house) as broker, heard_button(broker, house, tmp_path) as (button, outbox):
        with psycopg.connect(database_url) as conn:
            conn.execute("SET session_replication_role = replica")
            conn.execute("UPDATE alarm SET policy = '{}'")
        await button.press()
        await until(lambda: not outbox.list_unanswered())

    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT count(*), count(unreadable_reason) FROM press").fetchall() == [(2, 0)]
        assert conn.execute("SELECT count(*) FROM alarm").fetchall() == [(1,)]
        assert conn.execute("SELECT count(*) FROM alarm_press").fetchall() == [(2,)]
        told = "SELECT DISTINCT account_id FROM notification WHERE template = 'last-resort' ORDER BY 1"
        assert conn.execute(told).fetchall() == [("chen",), ("liu",), ("sun",), ("zhou",)]
