"""How does the hub read another broker? With a client and a session of its own for each lane, in two processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeAlias

from hub.kit.clock import Clock
from hub.mqtt.broker_session import BrokerAddress, BrokerSession
from hub.mqtt.model import Inbound, Receivers

ALARM_FILTERS: Final = ("anling/v1/+/alarm/+",)
STATE_FILTERS: Final = tuple(f"anling/v1/+/{kind}/+" for kind in ("status", "done"))
REPORT_FILTERS: Final = tuple(f"anling/v1/+/{kind}/+" for kind in ("tele", "visit"))

ReceiveReport: TypeAlias = Callable[[Inbound, Callable[[], None]], None]
"""Takes a report, and calls what it was given within a second, when it is committed or shed."""


class ExternalBroker:
    """A Transport over somebody else's broker: the alarm path's two lanes."""

    def __init__(self, address: BrokerAddress, *, receivers: Receivers, clock: Clock) -> None:
        self._alarm = BrokerSession(address, "alarm", ALARM_FILTERS, receivers.alarm, clock, in_flight=1000, kept=1000)
        self._state = BrokerSession(address, "state", STATE_FILTERS, receivers.state, clock, in_flight=1000)

    @property
    def is_up(self) -> bool:
        """Whether both lanes are connected and subscribed."""
        return self._alarm.is_up and self._state.is_up

    @property
    def lost_sessions(self) -> int:
        """How often the broker lost a session that it should have kept: messages may have been lost there."""
        return self._alarm.lost_sessions + self._state.lost_sessions

    async def run(self) -> None:
        """Read both lanes until cancelled; a lost connection is made again, after 0.25 s and up to every 15 s."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._alarm.run())
            tasks.create_task(self._state.run())

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Hand a message to the broker, which keeps it for devices with a session of their own.

        Raises Unreachable when the broker is down, does not answer within 5 s, refuses it or says that nobody listens.
        """
        await self._alarm.publish(topic, payload, qos=qos, retain=retain)

    def is_connected(self, device_id: str) -> bool:  # noqa: ARG002 - another broker does not tell who is connected
        """Whether messages can go out at all; whether the device is there, only its status says."""
        return self._alarm.is_up


class ExternalReports:
    """Telemetry's own client at somebody else's broker: readings and visits in, acks of visits out."""

    def __init__(self, address: BrokerAddress, *, receive: ReceiveReport, clock: Clock) -> None:
        self._receive = receive
        self._line = BrokerSession(
            address, "telemetry", REPORT_FILTERS, self._received, clock, in_flight=2000, not_any_more=STATE_FILTERS
        )

    @property
    def is_up(self) -> bool:
        """Whether it is connected and subscribed."""
        return self._line.is_up

    async def run(self) -> None:
        """Read until cancelled; a lost connection is made again, after 0.25 s and up to every 15 s."""
        await self._line.run()

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Hand a message to the broker. Raises Unreachable, as `ExternalBroker.publish`."""
        await self._line.publish(topic, payload, qos=qos, retain=retain)

    async def _received(self, inbound: Inbound) -> None:
        settled = asyncio.Event()
        self._receive(inbound, settled.set)
        await settled.wait()
