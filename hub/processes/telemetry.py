"""Telemetry: readings and visits, the rules of the centre, and what is past keeping.

`python -m hub.processes.telemetry`. It opens no alarm and writes no entry of the ledger: what its rules find are rows
that the alarm path takes. It holds no lock that a press wants, so that a press does not notice when it stands still.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from hub.ingest.last_heard import LastHeard
from hub.ingest.report_lane import WaitingReport
from hub.ingest.reports import ReportNeighbours
from hub.ingest.telemetry import ReportPools, TelemetryIntake
from hub.kit.clock import Clock
from hub.kit.db import Database, Login
from hub.kit.every import Housekeeping
from hub.kit.heartbeats import Process, write_beats
from hub.kit.ids import CentreId
from hub.kit.watchdog import write_pulse
from hub.mqtt.client import ExternalReports
from hub.mqtt.handover_receiver import BrokerLink, HandedOver
from hub.notices.reports import TaskReports
from hub.processes.running import RULES_EVERY_SECONDS, broker_address, run_process, wait_for_centre
from hub.rules.service import Rules
from hub.rules.watch import RulesWatch
from hub.settings import Settings
from hub.telemetry.retention import ReadingRetention
from hub.telemetry.service import Telemetry

KEEP_READINGS_FOR: Final = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class _TelemetryPools:
    """Connections: of readings, of rules that wait, and of what the alarm path writes as well."""

    readings: Database
    rules: Database
    shared: Database


async def serve_telemetry(settings: Settings, clock: Clock, databases: Mapping[Login, str]) -> None:
    """Run telemetry until cancelled. Raises psycopg.OperationalError when the database cannot be reached."""
    rules = Rules([settings.rules_dir] if settings.rules_dir else [], clock, settings.kept_rules)
    telemetry = Telemetry()
    async with _open_pools(databases[Login.TELEMETRY]) as pools, asyncio.TaskGroup() as tasks:
        await rules.load_files()
        every = Housekeeping(TaskReports(pools.shared, clock).report).every
        tasks.create_task(every(RULES_EVERY_SECONDS, rules.load_if_changed, "rule-files"))
        tasks.create_task(write_pulse())
        centre_id = await wait_for_centre(pools.rules, Process.TELEMETRY)
        neighbours = ReportNeighbours(rules, telemetry, centre_id)
        intake = TelemetryIntake(ReportPools(pools.readings, pools.shared), clock, neighbours)
        broker = _build_report_source(settings, clock, intake, centre_id)
        watch = RulesWatch(pools.rules, clock, rules, hears=lambda: broker.is_up)
        await watch.process_due()  # before anything is heard: what was missed counts against no device
        tasks.create_task(broker.run())
        tasks.create_task(intake.run(broker.publish))
        tasks.create_task(watch.run())
        maintain_partitions = ReadingRetention(pools.rules, telemetry, clock, KEEP_READINGS_FOR).maintain_partitions
        tasks.create_task(every(ReadingRetention.EVERY_SECONDS, maintain_partitions, "readings"))
        tasks.create_task(every(LastHeard.EVERY_SECONDS, intake.heard.write, "who-was-heard"))
        tasks.create_task(write_beats(pools.shared, Process.TELEMETRY, lambda: broker.is_up))


@asynccontextmanager
async def _open_pools(conninfo: str) -> AsyncIterator[_TelemetryPools]:
    async with (
        Database.open(conninfo, size=2, name="anling telemetry") as readings,
        Database.open(conninfo, size=2, name="anling rules") as rules,
        Database.open(conninfo, size=2, name="anling telemetry shared", ends_within=timedelta(seconds=1)) as shared,
    ):
        yield _TelemetryPools(readings, rules, shared)


def _build_report_source(
    settings: Settings, clock: Clock, intake: TelemetryIntake, centre_id: CentreId
) -> BrokerLink | ExternalReports:
    """Where reports come from: the built-in broker's socket, or a client of its own at another broker."""
    if settings.mqtt_url is None:
        return BrokerLink(
            settings.telemetry_socket_path, clock, lambda handed: intake.receive_all(_waiting_reports(handed))
        )
    return ExternalReports(broker_address(settings.mqtt_url, centre_id), receive=intake.receive, clock=clock)


def _waiting_reports(handed: Sequence[HandedOver]) -> list[WaitingReport]:
    return [WaitingReport(one.inbound, one.came_at, one.settle) for one in handed]


if __name__ == "__main__":
    sys.exit(run_process("telemetry", (Login.TELEMETRY,), serve_telemetry))
