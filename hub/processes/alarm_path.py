"""The alarm path: broker or client, alarm lane, safety rules, alarms, timers, and what tells people and devices.

`python -m hub.processes.alarm_path`. It waits for no other process. What was answered is committed, so that a mistake
of ours, which ends it, loses nothing: the supervisor or a container starts it again.
"""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from hub.alarms import last_resort
from hub.alarms.finding_intake import FindingIntake
from hub.alarms.unrecorded import UnrecordedCalls
from hub.alarms.watch import AlarmWatch
from hub.embedded.channels import open_channels
from hub.fleet.authenticator import DeviceAuthenticator
from hub.fleet.deliver import DeviceMessageDeliverer
from hub.fleet.refusals import RefusedDevices
from hub.fleet.watch import BrokerWatch
from hub.ingest.intake import Intake
from hub.ingest.last_heard import LastHeard
from hub.ingest.neighbours import Neighbours
from hub.ingest.spool import Spool
from hub.ingest.spooled_presses import WithoutDatabase
from hub.kit.changes import Changes
from hub.kit.clock import Clock
from hub.kit.db import Database, Login
from hub.kit.every import Housekeeping
from hub.kit.heartbeats import Process, write_beats
from hub.kit.ids import CentreId
from hub.kit.proxy_protocol import read_networks
from hub.kit.watchdog import write_pulse
from hub.mqtt.broker import Broker, listening_socket
from hub.mqtt.client import ExternalBroker
from hub.mqtt.handover import Handover
from hub.mqtt.revalidation import recheck_changed
from hub.notices import parking
from hub.notices.model import NoticeCode, NoticePriority, Raised
from hub.notices.refusals import RefusalReports
from hub.notices.reports import TaskReports
from hub.notices.service import clear_notice, raise_notice
from hub.notifications.channels import Channel
from hub.notifications.deliver import NotificationDeliverer
from hub.processes.running import RULES_EVERY_SECONDS, broker_address, run_process, wait_for_centre
from hub.rules.service import Rules
from hub.settings import Settings

log = logging.getLogger(__name__)

MARKS_EVERY_SECONDS: Final = 60.0
"""Between two looks for marks of parked rows that are gone."""


@dataclass(frozen=True, slots=True)
class _AlarmPools:
    """Connections, divided so that no part waits for another: neither a press nor a timer beside a full lane."""

    alarms: Database
    states: Database
    timers: Database
    deliveries: Database
    others: Database


@dataclass(frozen=True, slots=True)
class _Path:
    """What the tasks of this process share."""

    settings: Settings
    clock: Clock
    pools: _AlarmPools
    changes: Changes
    rules: Rules
    centre_id: CentreId
    channels: Mapping[str, Channel]
    housekeeping: Housekeeping
    without_database: WithoutDatabase | None

    def build_intake(self) -> Intake:
        neighbours = Neighbours(self.rules, self.centre_id)
        return Intake(self.pools.alarms, self.pools.states, self.clock, neighbours, self.without_database)


async def serve_alarm_path(settings: Settings, clock: Clock, databases: Mapping[Login, str]) -> None:
    """Run the alarm path until cancelled. Raises psycopg.OperationalError when the database cannot be reached."""
    rules = Rules([settings.rules_dir] if settings.rules_dir else [], clock, settings.kept_rules, keeps=False)
    changes = Changes(databases[Login.ALARMS])
    async with AsyncExitStack() as stack:
        pools = await stack.enter_async_context(_open_pools(databases[Login.ALARMS]))
        await rules.load_files()
        channels = await stack.enter_async_context(open_channels(settings))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(changes.run())
            housekeeping = Housekeeping(TaskReports(pools.others, clock).report)
            tasks.create_task(housekeeping.every(RULES_EVERY_SECONDS, rules.load_if_changed, "rule-files-of-alarms"))
            await changes.ready()
            centre_id = await _wait_for_centre(pools.states)
            without = await _open_spool(settings, pools.others, clock, centre_id, channels)
            if without is not None:
                stack.callback(without.spool.close)
            path = _Path(settings, clock, pools, changes, rules, centre_id, channels, housekeeping, without)
            await _try_rows_of_other_versions(path)
            await (_run_with_own_broker if settings.mqtt_url is None else _run_with_external_broker)(path, tasks)


async def _delete_lost_marks(path: _Path) -> None:
    async with path.pools.others.transaction() as conn:
        await last_resort.delete_lost_marks(conn, path.centre_id, path.clock.now())


async def _try_rows_of_other_versions(path: _Path) -> None:
    async with path.pools.others.transaction() as conn:
        tried = await parking.unpark_rows_of_other_versions(conn, path.centre_id, path.clock.now())
    if tried:
        log.info("%d rows that raised in another version of the hub are tried again", tried)


@asynccontextmanager
async def _open_pools(conninfo: str) -> AsyncIterator[_AlarmPools]:
    async with (
        Database.open(conninfo, size=2, name="anling alarms", generic_plans=True) as alarm_pool,
        Database.open(conninfo, size=2, name="anling states") as state_pool,
        Database.open(conninfo, size=2, name="anling timers", generic_plans=True) as timer_pool,
        Database.open(conninfo, size=4, name="anling deliveries", generic_plans=True) as delivery_pool,
        Database.open(conninfo, size=3, name="anling others") as other_pool,
    ):
        yield _AlarmPools(alarm_pool, state_pool, timer_pool, delivery_pool, other_pool)


async def _wait_for_centre(database: Database) -> CentreId:
    async with asyncio.TaskGroup() as waiting:
        pulse = waiting.create_task(write_pulse())
        centre_id = await wait_for_centre(database, Process.ALARM_PATH)
        pulse.cancel()
    return centre_id


async def _open_spool(
    settings: Settings, database: Database, clock: Clock, centre_id: CentreId, channels: Mapping[str, Channel]
) -> WithoutDatabase | None:
    """What presses have while the database cannot commit. Without a spool they wait for it; that is noticed."""
    raised = Raised(centre_id, NoticeCode.SPOOL_UNUSABLE, "hub", NoticePriority.P3)
    try:
        spool = await asyncio.to_thread(Spool.open, settings.spool_folder)
    except OSError as error:
        log.error("there is no spool in %s (%s): presses wait for the database", settings.spool_folder, error)
        async with database.transaction() as conn:
            await raise_notice(conn, raised, clock.now())
        return None
    async with database.transaction() as conn:
        await clear_notice(conn, centre_id, raised.code, raised.subject, clock.now())
    return WithoutDatabase(spool, UnrecordedCalls(database, clock, centre_id, channels), centre_id)


async def _run_with_own_broker(path: _Path, tasks: asyncio.TaskGroup) -> None:
    settings, pools = path.settings, path.pools
    intake = path.build_intake()
    handover = Handover(settings.telemetry_socket_path, sheds=intake.heard.count_shed)
    refused = RefusedDevices(pools.others, path.clock, path.centre_id)
    without = path.without_database
    authenticator = DeviceAuthenticator(
        pools.others, path.clock, is_down=lambda: without is not None and without.calls.is_down
    )
    broker = Broker(
        listening_socket(settings.mqtt_host, settings.mqtt_port),
        authenticator=authenticator,
        receivers=intake.receivers,
        take_report=handover.take_report,
        clock=path.clock,
        count_shed=intake.heard.count_shed,
        note_refusal=refused.note_refusal,
        proxies=read_networks(settings.proxy_protocol or ""),
    )
    tasks.create_task(path.housekeeping.every(RefusedDevices.EVERY_SECONDS, refused.write, "refused-devices"))
    passwords = RefusalReports(pools.others, path.clock, authenticator.refusals, NoticeCode.WRONG_CREDENTIALS)
    tasks.create_task(path.housekeeping.every(RefusalReports.EVERY_SECONDS, passwords.write, "refused-passwords"))
    tasks.create_task(authenticator.follow(path.changes))
    tasks.create_task(handover.run(broker.publish_now))
    tasks.create_task(recheck_changed(path.changes, broker))
    _start_tasks(path, tasks, intake, broker, hears=lambda: True)


async def _run_with_external_broker(path: _Path, tasks: asyncio.TaskGroup) -> None:
    assert path.settings.mqtt_url is not None
    intake = path.build_intake()
    address = broker_address(path.settings.mqtt_url, path.centre_id)
    broker = ExternalBroker(address, receivers=intake.receivers, clock=path.clock)
    report_outage = BrokerWatch(path.pools.others, path.clock, path.centre_id, broker).report_outage
    tasks.create_task(path.housekeeping.every(BrokerWatch.EVERY_SECONDS, report_outage, NoticeCode.BROKER_AWAY))
    _start_tasks(path, tasks, intake, broker, hears=lambda: broker.is_up)


def _start_tasks(
    path: _Path, tasks: asyncio.TaskGroup, intake: Intake, broker: Broker | ExternalBroker, *, hears: Callable[[], bool]
) -> None:
    """Let everything run that the alarm path is made of. `hears`: whether devices can reach it now."""
    pools, changes, clock, origin = path.pools, path.changes, path.clock, path.settings.origin
    tasks.create_task(intake.run_alarms(broker.publish))
    tasks.create_task(intake.run_states())
    if path.without_database is not None:
        tasks.create_task(path.without_database.calls.run(broker.publish))
    tasks.create_task(path.housekeeping.every(LastHeard.EVERY_SECONDS, intake.heard.write, "who-was-heard-by-alarms"))
    tasks.create_task(broker.run())
    tasks.create_task(AlarmWatch(pools.timers, changes, clock).run())
    tasks.create_task(FindingIntake(pools.timers, changes, clock).run())
    tasks.create_task(DeviceMessageDeliverer(pools.deliveries, changes, broker, clock).run())
    tasks.create_task(NotificationDeliverer(pools.deliveries, changes, path.channels, clock, origin).run())
    tasks.create_task(path.housekeeping.every(MARKS_EVERY_SECONDS, partial(_delete_lost_marks, path), "parked-rows"))
    tasks.create_task(write_beats(path.pools.states, Process.ALARM_PATH, hears))
    tasks.create_task(write_pulse())


if __name__ == "__main__":
    sys.exit(run_process("alarm-path", (Login.ALARMS,), serve_alarm_path))
