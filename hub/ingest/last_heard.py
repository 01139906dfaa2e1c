"""Who was heard, how full are batteries, what was shed, which values were odd? Written beside the lanes, each 2 s."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from devices.contract.messages import AlarmMessage, ConnectionState, Reading, StatusMessage, TeleMessage
from devices.contract.units import Unit
from hub.fleet import service as fleet
from hub.ingest import store
from hub.ingest.attempts import ATTEMPT_SECONDS
from hub.ingest.model import DecodedMessage, ReceivedMessage, Undecodable
from hub.ingest.timing import DeviceClocks
from hub.kit.clock import Clock
from hub.kit.db import Conn, Database
from hub.kit.ids import CentreId, DeviceId
from hub.notices.model import NoticeCode, NoticePriority, Raised
from hub.notices.service import raise_notice

BATTERY: Final = "battery"
NAMES_NOTED: Final = 5
"""Of one device's odd values, until they are written: who mends these sees the others afterwards."""


class LastHeard:
    """What the lanes of one process note, until it is written: the rows that messages want stay free of locks."""

    EVERY_SECONDS: Final = 2.0

    def __init__(self, database: Database, clock: Clock, centre_id: CentreId, clocks: DeviceClocks) -> None:
        """`clocks` is what this process learns of its devices' clocks."""
        self._database = database
        self._clock = clock
        self._centre_id = centre_id
        self.clocks = clocks
        self._heard: dict[DeviceId, datetime] = {}
        self._batteries: dict[DeviceId, float] = {}
        self._odd: dict[DeviceId, frozenset[str]] = {}
        self._flooding: set[str] = set()
        self._shed = 0

    def note_messages(self, arrived: Sequence[ReceivedMessage]) -> None:
        """These messages were kept."""
        self._heard |= collect_heard_times(arrived)
        self._batteries |= collect_battery_levels(arrived)
        for device, names in collect_odd_values(arrived).items():
            self._odd[device] = frozenset(sorted(self._odd.get(device, frozenset()) | names)[:NAMES_NOTED])

    def count_shed(self, messages: int) -> None:
        """So many messages were answered and not kept."""
        self._shed += messages

    def note_press_flood(self, device: str) -> None:
        """This device presses more often than a hand can; its presses ring all the same."""
        self._flooding.add(device)

    async def write(self) -> None:
        """Write now what was noted since the last time; due every two seconds.

        Raises psycopg.OperationalError and TimeoutError: then it is kept for the next time.
        """
        heard, said, odd = dict(self._heard), dict(self._batteries), dict(self._odd)
        shed, flooding = self._shed, sorted(self._flooding)
        if not heard and not shed:
            return
        now = self._clock.now()
        async with asyncio.timeout(ATTEMPT_SECONDS), self._database.transaction() as conn:
            known = {device: behind for device in heard if (behind := self.clocks.known_offset(device)) is not None}
            await fleet.record_heard(conn, heard, known)
            await fleet.record_batteries(conn, said)
            await _notice_odd_values(conn, odd, now)
            if shed:
                raised = Raised(self._centre_id, NoticeCode.TELEMETRY_SHED, "hub", params={"messages": shed})
                await raise_notice(conn, raised, now)
            for device in flooding:
                await raise_notice(conn, Raised(self._centre_id, NoticeCode.PRESS_FLOOD, f"device:{device}"), now)
        self._shed -= shed
        self._flooding.difference_update(flooding)
        self._heard = {device: at for device, at in self._heard.items() if heard.get(device) != at}
        self._batteries = {device: left for device, left in self._batteries.items() if said.get(device) != left}
        self._odd = {device: names for device, names in self._odd.items() if odd.get(device) != names}


async def _notice_odd_values(conn: Conn, odd: Mapping[DeviceId, frozenset[str]], now: datetime) -> None:
    """One notice a device. In the order of their ids, so that the two processes that write them never deadlock."""
    senders = await store.find_senders(conn, sorted(odd), now) if odd else {}
    for device_id in sorted(senders):
        sender = senders[device_id]
        params = {"values": ", ".join(sorted(odd[sender.device_id]))[:200]}
        raised = Raised(sender.centre_id, NoticeCode.VALUE_LEFT_OUT, f"device:{device_id}", NoticePriority.P4, params)
        await raise_notice(conn, raised, now)


def collect_heard_times(arrived: Sequence[ReceivedMessage]) -> dict[DeviceId, datetime]:
    """When devices spoke. What a broker had stored is old, and a Last Will is what a broker says of a device."""
    spoke: dict[DeviceId, datetime] = {}
    for message in arrived:
        match message.decoded:
            case DecodedMessage(_, StatusMessage(state=ConnectionState.OFFLINE)):
                continue
            case DecodedMessage(topic) | Undecodable(topic) if topic is not None and not message.inbound.replayed:
                spoke[DeviceId(topic.device)] = message.inbound.received_at
    return spoke


def collect_battery_levels(arrived: Sequence[ReceivedMessage]) -> dict[DeviceId, float]:
    """What these messages say of batteries, in percent to a tenth; what no battery can have says nothing of one."""
    said: dict[DeviceId, float] = {}
    for message in arrived:
        match message.decoded:
            case DecodedMessage(topic, AlarmMessage(battery=float() | int() as percent)):
                said[DeviceId(topic.device)] = round(percent, 1)
            case DecodedMessage(topic, TeleMessage(readings=readings)):
                for reading in readings:
                    if _is_battery(reading) and 0 <= reading.value <= 100:
                        said[DeviceId(topic.device)] = round(reading.value, 1)
    return said


def _is_battery(reading: Reading) -> bool:
    return reading.name == BATTERY and reading.unit == Unit.BATTERY_LEVEL


def collect_odd_values(arrived: Sequence[ReceivedMessage]) -> dict[DeviceId, frozenset[str]]:
    """Which values of devices' messages were left out, because they were odd."""
    odd: dict[DeviceId, frozenset[str]] = {}
    for message in arrived:
        match message.decoded:
            case DecodedMessage(topic, said, left_out):
                if isinstance(said, TeleMessage) and any(map(_is_impossible_battery, said.readings)):
                    left_out = (*left_out, f"readings.{BATTERY}")
                if left_out:
                    device_id = DeviceId(topic.device)
                    odd[device_id] = odd.get(device_id, frozenset()) | frozenset(left_out)
    return odd


def _is_impossible_battery(reading: Reading) -> bool:
    """255 and -1 are what devices send for "unknown": a reading as any other, and nothing that a battery has."""
    return _is_battery(reading) and not 0 <= reading.value <= 100
