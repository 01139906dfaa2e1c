"""What does a climate sensor do? It measures often, and says so now and then or when something has changed."""

import argparse
import asyncio
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from devices.contract.messages import Reading, TeleMessage, serialize_message
from devices.contract.times import DeviceClock
from devices.contract.units import UNIT_OF
from devices.link import BrokerEndpoint, DeviceLink, Dial, Identity, connect_socket
from devices.program import Installation, boot_id, build_parser, run_device

Measure = Callable[[], Mapping[str, float]]

MEASURE_EVERY: Final = 2.0  # seconds
SAY_EVERY: Final = 30.0  # seconds, at most
WORTH_SAYING: Final[Mapping[str, float]] = MappingProxyType({"temperature": 0.5, "humidity": 5.0})
"""A change by this much is said at once."""


def is_reportable(said: Mapping[str, float], measured: Mapping[str, float]) -> bool:
    """Whether something was never said, or has moved enough since."""
    return any(
        name not in said or abs(value - said[name]) >= WORTH_SAYING.get(name, float("inf"))
        for name, value in measured.items()
    )


class Sensor:
    """A sensor whose `measure` gives values by the names of `devices.contract.units`."""

    def __init__(
        self,
        broker: BrokerEndpoint,
        identity: Identity,
        clock: DeviceClock,
        measure: Measure,
        *,
        dial: Dial = connect_socket,
    ) -> None:
        self._clock = clock
        self._measure = measure
        self._boot = boot_id()
        self._count = 0
        self.link = DeviceLink(broker, identity, hears={}, dial=dial)

    async def run(self) -> None:
        """Connect and measure until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.link.run())
            group.create_task(self._report_readings())

    async def _report_readings(self) -> None:
        said: Mapping[str, float] = {}
        say_again = 0.0
        while True:
            measured = self._measure()
            now = self._clock.monotonic()
            if (now >= say_again or is_reportable(said, measured)) and self._send_readings(measured):
                said = measured
                # Spread, so that a house's sensors do not speak in one instant; no secret.
                say_again = now + SAY_EVERY * random.uniform(0.8, 1.0)  # noqa: S311
            await asyncio.sleep(MEASURE_EVERY)

    def _send_readings(self, measured: Mapping[str, float]) -> bool:
        if not measured or not self.link.connected:
            return False
        self._count += 1
        readings = tuple(Reading(name=name, value=value, unit=UNIT_OF[name]) for name, value in measured.items())
        message = TeleMessage(id=f"{self._boot}-{self._count}", at=self._clock.now(), age_ms=0, readings=readings)
        return self.link.send_reading(serialize_message(message))


def _measure_files(temperature: Path | None, humidity: Path | None) -> Measure:
    """Read what Linux's sensor drivers write: thousandths in a file each. A file that cannot be read is left out."""
    files = {name: path for name, path in (("temperature", temperature), ("humidity", humidity)) if path is not None}

    def measure() -> Mapping[str, float]:
        measured: dict[str, float] = {}
        for name, path in files.items():
            try:
                measured[name] = int(path.read_text()) / 1000
            except (OSError, ValueError):
                continue
        return measured

    return measure


def main() -> None:
    """Run a sensor."""
    arguments = build_parser("devices.sensor", "A climate sensor on a Linux board.")
    arguments.add_argument(
        "--temperature-file", type=Path, help="such as /sys/bus/iio/devices/iio:device0/in_temp_input"
    )
    arguments.add_argument("--humidity-file", type=Path)
    run_device(arguments, _run_sensor)


async def _run_sensor(given: argparse.Namespace, place: Installation) -> None:
    measure = _measure_files(given.temperature_file, given.humidity_file)
    await Sensor(place.broker, place.identity, place.clock, measure).run()


if __name__ == "__main__":
    main()
