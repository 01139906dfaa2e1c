"""What is in the simulated centre? Every device of its file, run by the same code as the real ones, and its people."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol, Self
from urllib.parse import quote, urlsplit

from devices.button import Button
from devices.camera import CameraAgent
from devices.card_reader import CardReader
from devices.contract.kinds import KindOfDevice
from devices.contract.messages import AlarmKind, Do
from devices.contract.times import DeviceClock
from devices.link import BrokerEndpoint, Identity
from devices.outbox import Outbox, open_outbox
from devices.program import boot_id
from devices.sending import Condition
from devices.sensor import Measure, Sensor
from devices.siren import Siren
from simulators.camera_scenes import CamerasAway, CameraScenes
from simulators.day import battery_percent, humidity_percent, temperature_celsius
from simulators.faults import CentreLine
from simulators.people import Card, locate_seniors, plan_cards
from simulators.plan import CentrePlan, PlannedDevice
from simulators.scenario import ScenarioEvent, endings_at, events_between

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 2.0  # seconds between two looks at where everybody is
SHOW_AGAIN_EVERY: Final = 1500.0  # seconds after which a card is shown again by whoever stays where she is


class NoSuch(Exception):
    """The centre has no such device, room or senior."""


class _Runs(Protocol):
    async def run(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Outside:
    """What a simulated centre needs from outside of it."""

    broker: BrokerEndpoint
    passwords: Mapping[str, str]
    data_dir: Path
    clock: DeviceClock
    scenes: CameraScenes
    rtsp: str  # rtsp://HOST:PORT
    camera_account: tuple[str, str] | None


class CentreSimulation:
    """A centre that lives by itself, and does what it is told."""

    def __init__(self, plan: CentrePlan, outside: Outside) -> None:
        """Open every device's storage."""
        self.plan = plan
        self.line = CentreLine()
        self.hot_since: dict[str, float] = {}
        self._outside = outside
        self._clock = outside.clock
        self._boot = boot_id()
        self._sent: dict[str, str | None] = {}
        self._seen: dict[str, str | None] = {}
        self._shown_at: dict[str, float] = {}
        self._touched = asyncio.Event()
        self._moved = asyncio.Event()
        with ExitStack() as opened:
            self.buttons = {
                one.id: self._button(one, opened) for one in plan.of_kind(KindOfDevice.BUTTON, KindOfDevice.PULL_CORD)
            }
            self.readers = {one.id: self._reader(one, opened) for one in plan.of_kind(KindOfDevice.CARD_READER)}
            self._closing = opened.pop_all()
        self.sirens = {one.id: self._siren(one) for one in plan.of_kind(KindOfDevice.SIREN, KindOfDevice.LAMP)}
        self.sensors = {one.id: self._sensor(one) for one in plan.of_kind(KindOfDevice.SENSOR)}
        self.agents = {one.id: self._agent(one) for one in plan.of_kind(KindOfDevice.CAMERA)}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    async def run(self, scenario: tuple[ScenarioEvent, ...] = ()) -> None:
        """Let every device run, the people walk about and the scenario happen, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for one in self._devices():
                group.create_task(one.run())
            group.create_task(self._walk_people())
            group.create_task(self._show_cameras())
            if scenario:
                group.create_task(self._run_scenario(scenario))

    async def press_button(self, device_id: str, kind: AlarmKind | None = None) -> str:
        """Press a button or pull a cord; gives the message's id. Raises NoSuch."""
        if device_id not in self.buttons:
            raise NoSuch(device_id)
        pulls = self.plan.devices[device_id].kind is KindOfDevice.PULL_CORD
        return await self.buttons[device_id].press(kind or (AlarmKind.PULL_CORD if pulls else AlarmKind.PRESS))

    def heat_room(self, room: str, *, on: bool) -> None:
        """Heat a room, or let it cool. Raises NoSuch."""
        if room not in {one.room for one in self.plan.of_kind(KindOfDevice.SENSOR)}:
            raise NoSuch(room)
        if not on:
            self.hot_since.pop(room, None)
        elif room not in self.hot_since:
            self.hot_since[room] = self._clock.monotonic()

    async def darken_camera(self, camera_id: str, *, on: bool) -> None:
        """Cover a camera's lens, or uncover it. Raises NoSuch or CamerasAway; what was wanted is kept either way."""
        if camera_id not in self.agents:
            raise NoSuch(camera_id)
        (self.dark.add if on else self.dark.discard)(camera_id)
        await self._outside.scenes.apply_scenes()

    def send_senior(self, senior: str, room: str | None) -> None:
        """Somebody goes to a room, or leaves (None), and stays until she is sent elsewhere. Raises NoSuch."""
        if senior not in self.plan.seniors or (room is not None and self.plan.reader_in(room) is None):
            raise NoSuch(room if senior in self.plan.seniors and room else senior)
        self._sent[senior] = room
        self._moved.set()

    def end_scenario(self) -> None:
        """Somebody drives the centre now: the scenario ends."""
        self._touched.set()

    @property
    def dark(self) -> set[str]:
        """The cameras whose lens is covered."""
        return self._outside.scenes.dark

    def locate_seniors(self) -> dict[str, str | None]:
        """Where each senior is now."""
        return locate_seniors(self.plan, self._local_time(), self._sent)

    def _devices(self) -> list[_Runs]:
        return [
            *self.buttons.values(),
            *self.readers.values(),
            *self.sirens.values(),
            *self.sensors.values(),
            *self.agents.values(),
        ]

    async def _walk_people(self) -> None:
        """Hold the cards of whoever moves to the readers, and now and then of whoever stays."""
        while True:
            self._moved.clear()
            now, at = self.locate_seniors(), self._clock.monotonic()
            again = {
                senior
                for senior, room in now.items()
                if room is not None and at - self._shown_at.get(senior, at) >= SHOW_AGAIN_EVERY
            }
            before = self._seen
            held, self._seen = plan_cards(self.plan, before, now, again)
            for card in held:
                self._shown_at[card.senior] = at
                if not await self._hold_card(card) and card.senior in before:
                    self._seen[card.senior] = before[card.senior]
            await _wait_for_event(self._moved, LOOK_EVERY)

    async def _hold_card(self, card: Card) -> bool:
        """Hold a card to a reader; False when that took it for the one it had just read: it is held again later."""
        token = self.plan.seniors[card.senior].card_token
        return token is None or await self.readers[card.reader].read(token, card.what) is not None

    async def _show_cameras(self) -> None:
        """Let each camera see as many people as are in its room."""
        scenes = self._outside.scenes
        while True:
            rooms = list(self.locate_seniors().values())
            scenes.people = {one.id: rooms.count(one.room) for one in self.plan.of_kind(KindOfDevice.CAMERA)}
            try:
                await scenes.apply_scenes()
            except CamerasAway as error:
                log.debug("the simulated cameras do not answer: %s", error)
            await asyncio.sleep(LOOK_EVERY)

    async def _run_scenario(self, scenario: tuple[ScenarioEvent, ...]) -> None:
        """Let the scenario happen until it is over or somebody touches a switch; then put right what it began."""
        began = self._clock.monotonic()
        at = -1.0
        while at < scenario[-1].at:
            until = self._clock.monotonic() - began
            steps = endings_at(scenario, at) if self._touched.is_set() else events_between(scenario, at, until)
            for step in steps:
                await self._do_step(step)
            if self._touched.is_set():
                return
            at = until
            await _wait_for_event(self._touched, 0.5)

    async def _do_step(self, step: ScenarioEvent) -> None:
        try:
            match step.verb:
                case "press":
                    await self.press_button(step.what)
                case "hot" | "cool":
                    self.heat_room(step.what, on=step.verb == "hot")
                case "dark" | "light":
                    await self.darken_camera(step.what, on=step.verb == "dark")
        except (NoSuch, CamerasAway) as error:
            log.warning("the scenario's %s of %s did not happen: %s", step.verb, step.what, error)

    def _local_time(self) -> datetime:
        return self._clock.now().astimezone(self.plan.timezone)

    def _identity(self, device: PlannedDevice) -> Identity:
        return Identity(self.plan.centre, device.id, self._outside.passwords.get(device.id))

    def _outbox(self, device: PlannedDevice, opened: ExitStack) -> Outbox:
        return opened.enter_context(open_outbox(self._outside.data_dir / f"{device.id}.outbox", boot_id()))

    def _button(self, device: PlannedDevice, opened: ExitStack) -> Button:
        condition = Condition(battery=battery_percent(self.plan.living, device.id, self._local_time()), signal=-62.0)
        return Button(
            self._outside.broker,
            self._identity(device),
            self._outbox(device, opened),
            self._clock,
            condition=condition,
            dial=self.line.dial,
        )

    def _reader(self, device: PlannedDevice, opened: ExitStack) -> CardReader:
        assert device.room is not None, f"{device.id} hangs nowhere"
        outbox = self._outbox(device, opened)
        identity = self._identity(device)
        return CardReader(self._outside.broker, identity, outbox, self._clock, room=device.room, dial=self.line.dial)

    def _siren(self, device: PlannedDevice) -> Siren:
        can = frozenset({Do.SIREN if device.kind is KindOfDevice.SIREN else Do.LAMP, Do.IDENTIFY})
        return Siren(self._outside.broker, self._identity(device), self._clock, can=can, dial=self.line.dial)

    def _sensor(self, device: PlannedDevice) -> Sensor:
        assert device.room is not None, f"{device.id} hangs nowhere"
        measure = self._climate(device.room)
        return Sensor(self._outside.broker, self._identity(device), self._clock, measure, dial=self.line.dial)

    def _climate(self, room: str) -> Measure:
        def measure() -> Mapping[str, float]:
            since = self.hot_since.get(room)
            hot_for = None if since is None else self._clock.monotonic() - since
            now = self._local_time()
            return {
                "temperature": temperature_celsius(self.plan.living, room, now, hot_for),
                "humidity": humidity_percent(self.plan.living, room, now),
            }

        return measure

    def _agent(self, device: PlannedDevice) -> CameraAgent:
        url = fill_address(device.small_picture, self._outside.rtsp, self._outside.camera_account)
        return CameraAgent(self._outside.broker, self._identity(device), self._clock, url, dial=self.line.dial)


def fill_address(address: str, base: str, account: tuple[str, str] | None) -> str:
    """A camera's address in the file with `{rtsp}` filled in, and the cameras' account."""
    parts = urlsplit(address.replace("{rtsp}", base))
    host = parts.netloc.rpartition("@")[2]
    user = "" if account is None else f"{quote(account[0], safe='')}:{quote(account[1], safe='')}@"
    return f"rtsp://{user}{host}{parts.path}"


async def _wait_for_event(event: asyncio.Event, at_most: float) -> None:
    try:
        async with asyncio.timeout(at_most):
            await event.wait()
    except TimeoutError:
        return
