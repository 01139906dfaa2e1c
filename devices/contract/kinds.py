"""Which kinds of device are there? The words of a centre's file, for programs that read it beside the hub."""

from enum import StrEnum


class KindOfDevice(StrEnum):
    """What a device is for; the hub's own `DeviceKind` has the same words."""

    BUTTON = "button"
    PULL_CORD = "pull_cord"
    CAMERA = "camera"
    SENSOR = "sensor"
    CARD_READER = "card_reader"
    SIREN = "siren"
    LAMP = "lamp"
    TABLET = "tablet"
    GATEWAY = "gateway"
    OBSERVER = "observer"
