"""Who is told of a call for help while the database is down? The first tier and the room's siren, from memory.

What was spooled and is not committed half a second later rings, again each minute until it is committed; so does every
alarm that stood open. Two rings are better than none: once the database is back the alarm opens and rings as usual.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias

import psycopg

from devices.contract.messages import Cmd, Do, serialize_message
from devices.contract.topics import Kind, build_topic
from hub.alarms.model import OpenAlarm
from hub.alarms.ring_plan import Ring, RingPlan, read_ring_plan
from hub.kit.bulkhead import Defect, run_in_bulkhead
from hub.kit.clock import Clock
from hub.kit.db import WORLD_IS_DOWN, Database
from hub.kit.ids import AlarmId, CentreId, DeviceId, new_id
from hub.mqtt.model import Unreachable
from hub.notifications.channels import Channel
from hub.notifications.model import AlarmFacts, ContactRoute, LeasedNotification, Template
from hub.rules.model import PressHeard

log = logging.getLogger(__name__)

RING_AFTER_SECONDS: Final = 0.5
"""After it was spooled: a database that only took longer has committed it by then."""
RING_AGAIN_SECONDS: Final = 60.0
PLAN_EVERY_SECONDS: Final = 5.0
PLAN_WITHIN_SECONDS: Final = 3.0
OPEN_ALARMS_AFTER_SECONDS: Final = 10.0
"""The database has been down for so long: from now on nobody else repeats what stands open."""
SIREN_HOLDS: Final = timedelta(seconds=90)
"""Ends by itself when nobody renews it any more."""
_TICK_SECONDS: Final = 0.1
_PUBLISH_SECONDS: Final = 3.0
_SENDING_AT_ONCE: Final = 32

PublishToDevice: TypeAlias = Callable[[str, bytes], Awaitable[None]]
"""Hands a payload to the device behind a topic. Raises Unreachable."""


@dataclass(slots=True)
class _Unrecorded:
    """A call that rings: when it rings next, and how often it has. `number` is empty while it has no alarm."""

    ring: Ring
    number: str
    alarm_id: AlarmId
    """Of a spooled press an id that no alarm has: by it a phone knows which messages are about one call."""
    due_at: float
    times: int = 0


class UnrecordedCalls:
    """What rings from memory. `note_spooled` and `note_recorded` are told by whoever spools and commits presses."""

    def __init__(self, database: Database, clock: Clock, centre_id: CentreId, channels: Mapping[str, Channel]) -> None:
        self._database = database
        self._clock = clock
        self._centre_id = centre_id
        self._channels = channels
        self._publish: PublishToDevice | None = None
        self._plan: RingPlan | None = None
        self._down_since: float | None = None
        self._calls: dict[str, _Unrecorded] = {}
        self._sending = asyncio.Semaphore(_SENDING_AT_ONCE)

    @property
    def is_down(self) -> bool:
        """Whether the database is known to be down: something is spooled, or the plan cannot be read."""
        return self._down_since is not None or bool(self._calls)

    @property
    def is_ready(self) -> bool:
        """Whether it knows whom and what to ring."""
        return self._plan is not None

    async def run(self, publish: PublishToDevice) -> None:
        """Keep the plan fresh, and ring, until cancelled. `publish` carries commands to sirens."""
        self._publish = publish
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_plan(tasks))
            while True:
                self._ring_due(tasks)
                await asyncio.sleep(_TICK_SECONDS)

    def note_spooled(self, call_id: str, press: PressHeard) -> None:
        """This press is spooled. It rings in half a second, unless it calls nobody."""
        ring = None if self._plan is None else self._plan.ring_of_press(press)
        if ring is None or call_id in self._calls:
            return
        now = asyncio.get_running_loop().time()
        self._calls[call_id] = _Unrecorded(ring, "", AlarmId(new_id("u", self._clock.now())), now + RING_AFTER_SECONDS)

    def note_recorded(self, call_id: str) -> None:
        """This press is committed: its alarm rings from now on."""
        self._calls.pop(call_id, None)

    def _ring_due(self, tasks: asyncio.TaskGroup) -> None:
        now = asyncio.get_running_loop().time()
        self._follow_open_alarms(now)
        for call in self._calls.values():
            if call.due_at <= now:
                call.due_at = now + RING_AGAIN_SECONDS
                call.times += 1
                self._ring(call, tasks)

    def _follow_open_alarms(self, now: float) -> None:
        """Ring for what stood open when the database went down, until it is back."""
        is_long = self._down_since is not None and now - self._down_since >= OPEN_ALARMS_AFTER_SECONDS
        open_alarms: dict[str, OpenAlarm] = {}
        if is_long and self._plan is not None:
            open_alarms = {alarm.id: alarm for alarm in self._plan.open_alarms}
        for call_id in [known for known, call in self._calls.items() if call.number and known not in open_alarms]:
            del self._calls[call_id]
        for call_id in open_alarms.keys() - self._calls.keys():
            assert self._plan is not None
            alarm = open_alarms[call_id]
            self._calls[call_id] = _Unrecorded(self._plan.ring_of_alarm(alarm), alarm.number, alarm.id, now)

    def _ring(self, call: _Unrecorded, tasks: asyncio.TaskGroup) -> None:
        log.warning("a call rings from memory, the database is down (time %d)", call.times)
        for siren in call.ring.sirens:
            tasks.create_task(self._sound_siren(siren))
        for route in call.ring.routes:
            tasks.create_task(self._send(call, call.times, route))

    async def _sound_siren(self, siren: DeviceId) -> None:
        assert self._publish is not None, "what rings runs"
        until = self._clock.now() + SIREN_HOLDS
        command = Cmd(nonce=secrets.token_hex(8), do=Do.SIREN, args={"on": True}, until=until)
        with suppress(Unreachable, TimeoutError):
            async with asyncio.timeout(_PUBLISH_SECONDS):
                await self._publish(build_topic(self._centre_id, Kind.CMD, siren), serialize_message(command))

    async def _send(self, call: _Unrecorded, times: int, route: ContactRoute) -> None:
        channel = self._channels.get(route.channel)
        if channel is None:
            return
        now = self._clock.now()
        outgoing = self._build_message(call, times, route)
        with suppress(*WORLD_IS_DOWN):
            async with self._sending:
                await run_in_bulkhead(
                    f"the channel {route.channel}", lambda: channel.send(outgoing, None, now), expected=WORLD_IS_DOWN
                )

    def _build_message(self, call: _Unrecorded, times: int, route: ContactRoute) -> LeasedNotification:
        now = self._clock.now()
        facts = AlarmFacts(
            number=call.number,
            priority=call.ring.priority,
            klass=call.ring.klass,
            state="open",
            summary=call.ring.summary,
            owner={},
            outcome="",
            times_pressed=1,
            pressed="",
            drill=False,
        )
        template = Template.AGAIN if call.number else Template.UNRECORDED
        return LeasedNotification(
            id=new_id("n", now),
            centre_id=self._centre_id,
            alarm_id=call.alarm_id,
            n=times,
            channel=route.channel,
            template=template,
            facts=facts,
            to=route.to,
            tries=0,
            made_at=now,
            token=None,
        )

    async def _keep_plan(self, tasks: asyncio.TaskGroup) -> None:
        """Read the plan every five seconds; while that is not possible, the one that was read last holds."""
        loop = asyncio.get_running_loop()
        while True:
            reading = tasks.create_task(self._read_plan())
            # Not cancelled: a server that stands still does not answer that either. It is waited for, and goes on then.
            done, _ = await asyncio.wait({reading}, timeout=PLAN_WITHIN_SECONDS)
            if not done and self._down_since is None:
                self._down_since = loop.time()
            plan = await reading
            if plan is not None:
                self._plan, self._down_since = plan, None
            elif self._down_since is None:
                self._down_since = loop.time()
            await asyncio.sleep(PLAN_EVERY_SECONDS if plan is not None else 1.0)

    async def _read_plan(self) -> RingPlan | None:
        async def read() -> RingPlan:
            async with self._database.transaction() as conn:
                return await read_ring_plan(conn, self._centre_id, self._clock.now())

        try:
            plan = await run_in_bulkhead("whom a call rings without the database", read, expected=WORLD_IS_DOWN)
        except (psycopg.OperationalError, TimeoutError):
            return None
        return self._plan if isinstance(plan, Defect) else plan
