"""In which unit is a reading given?

SenML units: RFC 8428 section 12.1 and the secondary units of RFC 8798 that our readings need.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Unit(StrEnum):
    """The units a reading may carry."""

    CELSIUS = "Cel"
    KELVIN = "K"
    RELATIVE_HUMIDITY = "%RH"
    BATTERY_LEVEL = "%EL"
    BATTERY_SECONDS = "EL"
    RATIO = "/"
    PERCENT = "%"
    COUNT = "count"
    PER_SECOND = "1/s"
    PER_MINUTE = "1/min"
    BEATS_PER_MINUTE = "beat/min"
    SECONDS = "s"
    MILLISECONDS = "ms"
    MINUTES = "min"
    HOURS = "h"
    BITS_PER_SECOND = "bit/s"
    BITS = "bit"
    BYTES = "B"
    DECIBEL = "dB"
    DECIBEL_MILLIWATT = "dBm"
    LUX = "lx"
    LUMEN = "lm"
    VOLT = "V"
    MILLIVOLT = "mV"
    AMPERE = "A"
    WATT = "W"
    JOULE = "J"
    KILOWATT_HOUR = "kWh"
    PASCAL = "Pa"
    HECTOPASCAL = "hPa"
    PARTS_PER_MILLION = "ppm"
    MICROGRAM_PER_CUBIC_METRE = "ug/m3"
    METRE = "m"
    METRES_PER_SECOND = "m/s"
    ACCELERATION = "m/s2"
    KILOGRAM = "kg"
    LITRE = "l"
    HERTZ = "Hz"


UNIT_OF: Final[Mapping[str, Unit]] = MappingProxyType(
    {
        "temperature": Unit.CELSIUS,
        "humidity": Unit.RELATIVE_HUMIDITY,
        "battery": Unit.BATTERY_LEVEL,
        "signal": Unit.DECIBEL_MILLIWATT,
        "frames_per_second": Unit.PER_SECOND,
        "bitrate": Unit.BITS_PER_SECOND,
        "last_frame_age": Unit.SECONDS,
        "black": Unit.RATIO,
        "frozen": Unit.RATIO,
        "moved": Unit.RATIO,
        "motion": Unit.RATIO,
        "occupancy": Unit.COUNT,
    }
)
"""The readings of our own devices. A yes or no (`black`, `frozen`, `moved`) is 1 or 0, as RFC 8428 note 1 has it."""
