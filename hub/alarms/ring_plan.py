"""Whom and what does a press ring while the database is down? Read while it works, and kept in memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from devices.contract.messages import Do
from hub.alarms import policy_service, ring_store
from hub.alarms.model import OpenAlarm, Policy
from hub.alarms.reach import Centre, reach_of
from hub.alarms.transition import read_centre
from hub.fleet import service as fleet
from hub.kit.db import Conn
from hub.kit.ids import AccountId, CentreId, DeviceId, RoomId
from hub.notifications import service as notifications
from hub.notifications.model import ContactRoute
from hub.rules.context import Context
from hub.rules.contexts import load_device_contexts
from hub.rules.model import PressHeard
from hub.rules.safety import apply_safety_rules


@dataclass(frozen=True, slots=True)
class Ring:
    """What one call for help rings: people over their working channels, and sirens. `summary` is text per language."""

    summary: Mapping[str, str]
    priority: str
    klass: str
    routes: tuple[ContactRoute, ...]
    sirens: tuple[DeviceId, ...]


@dataclass(frozen=True, slots=True)
class RingPlan:
    """What was read last: the devices with whose they are, who is on duty, how they are reached, what is open."""

    centre_id: CentreId
    policy: Policy
    centre: Centre
    routes: Mapping[AccountId, tuple[ContactRoute, ...]]
    contexts: Mapping[DeviceId, Context]
    open_alarms: tuple[OpenAlarm, ...]

    def ring_of_press(self, press: PressHeard) -> Ring | None:
        """What a press rings; None for one that calls nobody, or of a device that nobody has registered."""
        context = self.contexts.get(press.device_id)
        finding = None if context is None else apply_safety_rules(press, context)
        if finding is None or not finding.priority.is_alarm:
            return None
        return self._build_ring(finding.room_id, finding.summary, finding.priority, finding.klass)

    def ring_of_alarm(self, alarm: OpenAlarm) -> Ring:
        """What an alarm rings that stood open when the database went down."""
        return self._build_ring(alarm.room_id, alarm.summary, alarm.priority, alarm.klass)

    def _build_ring(self, room_id: RoomId | None, summary: Mapping[str, str], priority: str, klass: str) -> Ring:
        reach = reach_of(self.policy, room_id, self.centre)
        first = next((tier.responders for tier in reach.tiers if tier.responders), self.centre.reachable.any_channel)
        routes = tuple(route for account in first for route in self.routes.get(account, ()))
        return Ring(summary, priority, klass, routes, self._sirens_of(room_id))

    def _sirens_of(self, room_id: RoomId | None) -> tuple[DeviceId, ...]:
        """The sirens of the room; of a room without one, and of no room, every siren: somebody has to hear it."""
        sirens = [sounder for sounder in self.centre.sounders if sounder.do is Do.SIREN]
        here = tuple(one.device_id for one in sirens if room_id is not None and one.room_id == room_id)
        return here or tuple(one.device_id for one in sirens)


async def read_ring_plan(conn: Conn, centre_id: CentreId, now: datetime) -> RingPlan:
    """Read all that a press needs to ring without the database."""
    policy = await policy_service.policy_of_new_alarm(conn, centre_id, now)
    centre = await read_centre(conn, centre_id, now)
    devices = {device.id for device in await fleet.devices_of(conn, centre_id)}
    return RingPlan(
        centre_id=centre_id,
        policy=policy,
        centre=centre,
        routes=await notifications.read_contact_routes(conn, centre.reachable.any_channel),
        contexts=await load_device_contexts(conn, devices, now),
        open_alarms=tuple(await ring_store.list_open_alarms(conn, centre_id)),
    )
