"""What is decided about a device: off for a while, on again, revoked; and what the rules and the broker make of it."""

from datetime import timedelta

import psycopg
import pytest

from hub.alarms import service as alarms
from hub.fleet.authenticator import DeviceAuthenticator
from hub.fleet.decisions import DEVICE_RETURNS, end_device_off, revoke_device, set_device_off, set_device_on
from hub.fleet.deliver import DeviceMessageDeliverer
from hub.fleet.errors import NoSuchDevice, OffIsOver, OffTooLong
from hub.kit.changes import Changes
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.kit.ids import DeviceId
from hub.ledger.edit import COMMAND_LINE, open_edit
from hub.notices.jobs import DueJobs
from hub.rules import findings
from hub.rules.model import ReportedState, StatusHeard
from hub.rules.service import Rules
from tests.fakes.house import House, password_of
from tests.integration.fleet.test_fleet import Broker, put, siren

HOUR = timedelta(hours=1)


async def set_off(database: Database, clock: SetClock, device_id: DeviceId, lasts: timedelta = HOUR) -> None:
    async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
        await set_device_off(editing, device_id, clock.now() + lasts)


def due_jobs(database: Database, url: str, clock: SetClock) -> DueJobs:
    return DueJobs(database, Changes(url), clock, {DEVICE_RETURNS: end_device_off})


async def look(telemetry_database: Database, rules: Rules, clock: SetClock) -> None:
    """The rules are asked, as telemetry does it."""
    async with telemetry_database.transaction() as conn:
        await findings.dispatch_findings(conn, await rules.evaluate_due(conn, clock.now()), clock.now())


async def say_state(database: Database, rules: Rules, clock: SetClock, house: House, state: ReportedState) -> None:
    now = clock.now()
    async with database.transaction() as conn:
        found = await rules.evaluate_events(conn, [StatusHeard(house.centre, house.wang_button, state, now)], now)
        await alarms.conclude_findings(conn, found, now)


def standing(url: str) -> list[tuple[str, str]]:
    """Code and subject of each notice that stands."""
    with psycopg.connect(url) as conn:
        rows = conn.execute("SELECT code, subject FROM notice WHERE cleared_at IS NULL ORDER BY code, subject")
        return [(code, subject) for code, subject in rows]


def recorded(url: str, table: str) -> list[str]:
    with psycopg.connect(url) as conn:
        rows = conn.execute(f"SELECT entry::jsonb ->> 'kind' FROM {table} ORDER BY n".encode())
        return [kind for (kind,) in rows]


async def test_a_silent_button_that_is_set_off_is_no_notice_and_one_again_when_its_time_is_over(
    database: Database,
    telemetry_database: Database,
    pages_database: Database,
    database_url: str,
    house: House,
    clock: SetClock,
) -> None:
    rules, returning = Rules([], clock), due_jobs(pages_database, database_url, clock)
    await say_state(database, rules, clock, house, ReportedState.ONLINE)
    clock.advance(timedelta(minutes=6))
    await look(telemetry_database, rules, clock)
    assert ("trigger-silent", "device:b-wang") in standing(database_url)

    await set_off(pages_database, clock, house.wang_button)
    clock.advance(timedelta(seconds=11))
    await look(telemetry_database, rules, clock)
    while_off = standing(database_url)
    clock.advance(timedelta(minutes=50))
    await look(telemetry_database, rules, clock)
    await returning.do_due()
    still_off = standing(database_url)
    clock.advance(timedelta(minutes=10))
    await returning.do_due()
    await look(telemetry_database, rules, clock)
    back = standing(database_url)
    clock.advance(timedelta(minutes=6))
    await look(telemetry_database, rules, clock)

    assert ("device-off", "device:b-wang") in while_off
    assert ("trigger-silent", "device:b-wang") not in while_off
    assert [one for one in still_off if one[1] == "device:b-wang"] == [("device-off", "device:b-wang")]
    assert [one for one in back if one[1] == "device:b-wang"] == []
    assert ("trigger-silent", "device:b-wang") in standing(database_url)
    assert recorded(database_url, "ledger_care") == ["device.off", "device.on"]


async def test_a_device_can_be_watched_again_before_its_time_is_over(
    pages_database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    await set_off(pages_database, clock, house.siren)
    async with open_edit(pages_database, COMMAND_LINE, clock.now()) as editing:
        assert await set_device_on(editing, house.siren)
        assert not await set_device_on(editing, house.siren), "it is already"

    clock.advance(2 * HOUR)
    await due_jobs(pages_database, database_url, clock).do_due()
    assert standing(database_url) == []
    assert recorded(database_url, "ledger_care") == ["device.off", "device.on"]


async def test_no_device_is_off_until_a_time_that_is_over_or_for_ever(
    pages_database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    for device_id, lasts, refused in (
        (house.siren, timedelta(), OffIsOver),
        (house.siren, timedelta(days=31, seconds=1), OffTooLong),
        (DeviceId("nothing"), HOUR, NoSuchDevice),
    ):
        with pytest.raises(refused):
            await set_off(pages_database, clock, device_id, lasts)

    assert (standing(database_url), recorded(database_url, "ledger_care")) == ([], [])


async def test_a_siren_that_is_off_is_told_to_sound_and_not_expected_to_prove_it(
    database: Database, pages_database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    broker = Broker()
    deliver = DeviceMessageDeliverer(database, Changes(database_url), broker, clock)
    await set_off(pages_database, clock, house.siren)
    await put(database, clock, siren(house, clock))

    await deliver.send_due()
    clock.advance(timedelta(minutes=2))
    await deliver.send_due()

    assert len(broker.taken) == 1
    assert standing(database_url) == [("device-off", "device:siren-corridor")]


async def test_a_revoked_password_opens_nothing_and_its_connections_are_not_to_stay(
    database: Database, pages_database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    authenticator = DeviceAuthenticator(database, clock)
    assert await authenticator.stamp_of("b-wang") is not None

    async with open_edit(pages_database, COMMAND_LINE, clock.now()) as editing:
        await revoke_device(editing, house.wang_button)

    assert await authenticator.stamp_of("b-wang") is None
    assert await authenticator.authenticate("b-wang", password_of("b-wang"), "any") is None
    assert recorded(database_url, "ledger_access") == ["device-revoked"]
