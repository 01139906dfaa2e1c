"""What does the alarm path do with messages? It has two lanes, of presses and of states, each with queue and task."""

from __future__ import annotations

from hub.ingest.alarm_lane import AlarmLane
from hub.ingest.lane import LaneCounts
from hub.ingest.last_heard import LastHeard
from hub.ingest.model import SendToDevice
from hub.ingest.neighbours import Neighbours
from hub.ingest.spooled_presses import WithoutDatabase
from hub.ingest.state_lane import StateLane
from hub.ingest.timing import DeviceClocks
from hub.kit.clock import Clock
from hub.kit.db import Database
from hub.mqtt.model import Receivers


class Intake:
    """Receives the messages of the alarm path's lanes. Each has a pool of its own: neither waits for the other.

    Give `receivers` to a transport, then run both lanes, that of alarms with what sends acks through that transport.
    """

    def __init__(
        self,
        alarms: Database,
        states: Database,
        clock: Clock,
        neighbours: Neighbours,
        without: WithoutDatabase | None = None,
    ) -> None:
        """`without`: what presses have while the database cannot commit; else they wait for it."""
        self.counts = LaneCounts()
        self.heard = LastHeard(states, clock, neighbours.centre_id, DeviceClocks())
        self._alarm_lane = AlarmLane(alarms, clock, neighbours, self.heard, self.counts, without)
        self._state_lane = StateLane(states, clock, neighbours, self.heard, self.counts)

    @property
    def receivers(self) -> Receivers:
        return Receivers(self._alarm_lane.receive, self._state_lane.receive)

    async def run_alarms(self, send: SendToDevice) -> None:
        """Serve the alarm lane until cancelled."""
        await self._alarm_lane.run(send)

    async def run_states(self) -> None:
        """Serve the state lane until cancelled."""
        await self._state_lane.run()
