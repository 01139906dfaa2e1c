"""What the fleet is made of: devices, whose they are, and what is to be sent to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from hub.kit.ids import AlarmId, CentreId, DeviceId, RoomId, SeniorId


class DeviceKind(StrEnum):
    """What a device is for."""

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

    @property
    def is_trigger(self) -> bool:
        """Whether its job is to call for help."""
        return self in (DeviceKind.BUTTON, DeviceKind.PULL_CORD)

    @property
    def reads_cards(self) -> bool:
        """Whether it may say who arrived, entered and left: presence is what opens a picture."""
        return self in (DeviceKind.CARD_READER, DeviceKind.GATEWAY)


class SourceKind(StrEnum):
    """Which of a camera's pictures a source is."""

    MAIN = "main"  # what viewers are shown
    SUB = "sub"  # the same, smaller: what watches the camera reads it


class SourceProtocol(StrEnum):
    """How a source is spoken to."""

    RTSP = "rtsp"
    RTSPS = "rtsps"  # RTSP over TLS


class DeviceState(StrEnum):
    """What the device, or its Last Will, said last."""

    UNKNOWN = "unknown"
    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Device:
    """A registered device. `number` stands for it in readings; `heartbeat` is how long it may be silent.

    `off_until`: until then no rule below P1 is asked about it; None when it is not off.
    """

    id: DeviceId
    number: int
    centre_id: CentreId
    kind: DeviceKind
    name: str
    name_en: str
    enabled: bool
    heartbeat: timedelta
    state: DeviceState
    state_at: datetime | None
    heard_at: datetime | None
    firmware: str
    battery_percent: float | None
    off_until: datetime | None


@dataclass(frozen=True, slots=True)
class Assigned:
    """Whose a device is at one moment: a senior's, a room's, or nobody's (both None)."""

    senior_id: SeniorId | None
    room_id: RoomId | None


NOBODYS = Assigned(None, None)


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """Where one of a camera's pictures is. The address may hold a password, and is shown and logged nowhere."""

    kind: SourceKind
    address: str = field(repr=False)

    @property
    def protocol(self) -> SourceProtocol:
        """How it is spoken to: what the address begins with."""
        return SourceProtocol.RTSPS if self.address.startswith("rtsps://") else SourceProtocol.RTSP


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """A device as the centre registers it. `sources` are a camera's; silent longer than `heartbeat` is noticed."""

    id: DeviceId
    centre_id: CentreId
    kind: DeviceKind
    name: str
    name_en: str
    sources: tuple[SourceRecord, ...]
    heartbeat: timedelta
    assigned: Assigned

    @property
    def has_main_source(self) -> bool:
        """Whether there is a picture that viewers can be shown."""
        return any(source.kind is SourceKind.MAIN for source in self.sources)


@dataclass(frozen=True, slots=True)
class DeviceCredentials:
    """What admits a device to the broker."""

    device_id: DeviceId
    centre_id: CentreId
    kind: DeviceKind
    credential_hash: bytes | None
    enabled: bool


class Subtopic(StrEnum):
    """Where a row of the device outbox goes."""

    CUE = "cue"
    CMD = "cmd"


@dataclass(frozen=True, slots=True)
class Command:
    """A message for a device: one with a `nonce` is repeated until it is proven, one without until it is sent."""

    device_id: DeviceId
    subtopic: Subtopic
    payload: Mapping[str, object]
    until_at: datetime
    alarm_id: AlarmId | None = None
    nonce: str | None = None


@dataclass(frozen=True, slots=True)
class DueDeviceMessage:
    """A row of the device outbox that is due. `is_off`: staff have set its device off, and expect no proof of it."""

    id: str
    device_id: DeviceId
    centre_id: CentreId
    subtopic: Subtopic
    payload: Mapping[str, object]
    nonce: str | None
    until_at: datetime
    tries: int
    is_off: bool
