"""What does a simulated camera do? It encodes each stream once while somebody reads it, and nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import tzinfo
from enum import StrEnum

from simulators.rtsp.encoder import CLOCK_RATE, SOUND, SUB, Encoder, Knobs, session_description
from simulators.rtsp.oddities import Oddities
from simulators.rtsp.picture import Planes, Scene, draw_black
from simulators.rtsp.rtp import packetize_unit


class Fault(StrEnum):
    """What may be wrong with a camera."""

    STALL = "stall"  # connections stay, pictures stop coming
    DROP = "drop"  # connections are cut now, and each later one after a second
    REFUSE = "refuse"  # connections are cut, new ones are refused: the line is cut
    FREEZE = "freeze"  # pictures come, always the same one, clock and all
    BLACK = "black"  # pictures come, black: a covered or dead lens


@dataclass(frozen=True, slots=True)
class Sent:
    """One coded picture as every reader of the stream gets it."""

    payloads: tuple[bytes, ...]
    timestamp: int
    is_key: bool


Reader = Callable[[Sent], None]


@dataclass(slots=True)
class Camera:
    """One camera: where it is, what is wrong with it, how many people it sees.

    `offers_sound`: its description has an audio track as well, which never sends anything. `set_up` are the tracks that
    readers asked for, in order.
    """

    id: str
    room_id: str
    timezone: tzinfo
    main: Knobs = field(default_factory=Knobs)
    sub: Knobs = SUB
    occupancy: int = 2
    offers_sound: bool = False
    odd: Oddities = field(default_factory=Oddities)
    set_up: list[str] = field(default_factory=list)
    fault: Fault | None = None
    frozen_at: float = 0.0
    fault_changed: asyncio.Event = field(default_factory=asyncio.Event)

    def break_with(self, fault: Fault | None, now: float) -> None:
        """Set or clear the fault; those who wait for a change of it are woken."""
        self.fault, self.frozen_at = fault, now
        changed, self.fault_changed = self.fault_changed, asyncio.Event()
        changed.set()


class SimulatedStream:
    """One stream of a camera. `run` must run for as long as anybody may read."""

    def __init__(self, camera: Camera, knobs: Knobs) -> None:
        self.camera = camera
        self.knobs = knobs
        self.encoded = 0
        self._readers: set[Reader] = set()
        self._wanted = asyncio.Event()
        self._description: str | None = None

    @property
    def readers(self) -> int:
        return len(self._readers)

    @contextmanager
    def read_by(self, reader: Reader) -> Iterator[None]:
        """Give `reader` every picture for as long as this lasts, beginning anywhere."""
        self._readers.add(reader)
        self._wanted.set()
        try:
            yield
        finally:
            self._readers.discard(reader)

    def description(self) -> str:
        """The SDP. The first call opens an encoder to learn the parameter sets; they are always the same."""
        if self._description is None:
            self._description = session_description(self.knobs, Encoder(self.knobs).parameter_sets)
        described = self.camera.odd.describe(self._description)
        return described + SOUND if self.camera.offers_sound else described

    async def run(self) -> None:
        """Encode while there are readers; begin each time with a key picture. Ends only by cancellation."""
        scene = Scene(self.camera.room_id, self.knobs.width, self.knobs.height, self.camera.timezone)
        while True:
            await self._wanted.wait()
            await self._encode_while_read(scene)
            self._wanted.clear()

    async def _encode_while_read(self, scene: Scene) -> None:
        encoder = Encoder(self.knobs)
        begun = time.monotonic()
        number = 0
        while self._readers:
            if self.camera.fault is not Fault.STALL:
                ticks = int((time.monotonic() - begun) * CLOCK_RATE)
                self._deliver_pictures(await asyncio.to_thread(self._encode_picture, encoder, scene, ticks))
            number += 1
            await asyncio.sleep(begun + number / self.knobs.frames_per_second - time.monotonic())

    def _encode_picture(self, encoder: Encoder, scene: Scene, ticks: int) -> tuple[Sent, ...]:
        units = encoder.encode(self._draw_picture(scene), ticks)
        return tuple(Sent(packetize_unit(unit, self.knobs.codec), unit.shown_at, unit.is_key) for unit in units)

    def _draw_picture(self, scene: Scene) -> Planes:
        match self.camera.fault:
            case Fault.BLACK:
                return draw_black(self.knobs.width, self.knobs.height)
            case Fault.FREEZE:
                return scene.draw(self.camera.frozen_at, self.camera.occupancy)
            case _:
                return scene.draw(time.time(), self.camera.occupancy)

    def _deliver_pictures(self, pictures: tuple[Sent, ...]) -> None:
        for picture in pictures:
            self.encoded += 1
            for reader in tuple(self._readers):
                reader(picture)
