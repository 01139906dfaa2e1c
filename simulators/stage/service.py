"""The stage's state and its switches: the hub's own rows, and the simulated centre over its loopback control."""

from datetime import datetime

import httpx
from pydantic import ValidationError

from extension.pages import MountPoint
from simulators.stage import store
from simulators.stage.model import SimulatedButton, SimulatedState, Stage, StageCamera, StageRoom, StageSenior, Steps


class SimulatorsAway(Exception):
    """The simulated centre does not answer: its process is down or starting."""


class NoSuchSwitch(Exception):
    """Nothing in the simulated centre has this id."""


class StageService:
    """What the stage's page asks for. Restarting the tour moves `since`."""

    def __init__(self, hub: MountPoint, client: httpx.AsyncClient) -> None:
        self._hub = hub
        self._client = client
        self._control_url, self.organisation_url = hub.urls
        self.since = hub.now()
        self._charted_at: datetime | None = None

    def restart(self) -> None:
        """The tour begins now."""
        self.since = self._hub.now()
        self._charted_at = None

    def charted(self) -> None:
        """Somebody was shown a room's day."""
        self._charted_at = self._charted_at or self._hub.now()

    async def stage(self) -> Stage:
        """Everything the page shows, read now."""
        simulated = await self._state()
        async with self._hub.transaction() as conn:
            happened = await store.first_events_since(conn, self.since)
            buttons = await store.read_buttons(conn)
            rooms = await store.read_rooms(conn)
            daughter_of = await store.senior_of(conn, self._hub.invited)
        seen = simulated or SimulatedState()
        return Stage(
            organisation_url=self.organisation_url,
            family_url=f"/family#i/{self._hub.invitation}",
            reachable=simulated is not None,
            seniors=[_build_senior(row, seen) for row in buttons],
            rooms=[StageRoom(id=row.id, name=row.name, name_en=row.name_en, hot=row.id in seen.hot) for row in rooms],
            cameras=[
                StageCamera(id=row.camera_id, room_id=row.id, dark=row.camera_id in seen.dark)
                for row in rooms
                if row.camera_id is not None
            ],
            line_cut=seen.line_cut,
            steps=Steps(
                data=happened.data,
                press=happened.press,
                told=happened.told,
                taken=happened.taken,
                picture=happened.picture,
                chart=self._charted_at,
            ).in_order(),
            daughter_of=daughter_of,
        )

    async def press(self, device_id: str) -> None:
        """The simulated device's own process presses. Raises NoSuchSwitch and SimulatorsAway."""
        await self._request_control(f"/devices/{device_id}/press", {})

    async def hot(self, room_id: str, *, on: bool) -> None:
        """Heat a room, or let it cool. Raises NoSuchSwitch and SimulatorsAway."""
        await self._request_control(f"/rooms/{room_id}/hot", {"on": on})

    async def dark(self, camera_id: str, *, on: bool) -> None:
        """Cover a camera, or uncover it. Raises NoSuchSwitch and SimulatorsAway."""
        await self._request_control(f"/cameras/{camera_id}/dark", {"on": on})

    async def cut(self, *, on: bool) -> None:
        """Cut the line between the devices and the hub, or mend it. Raises SimulatorsAway."""
        await self._request_control("/line/cut", {"on": on})

    async def _request_control(self, path: str, body: dict[str, bool]) -> None:
        try:
            answer = await self._client.post(self._control_url + path, json=body)
        except httpx.HTTPError as error:
            raise SimulatorsAway from error
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NoSuchSwitch
        if not answer.is_success:
            raise SimulatorsAway

    async def _state(self) -> SimulatedState | None:
        try:
            answer = await self._client.get(self._control_url + "/state")
            return SimulatedState.model_validate_json(answer.content) if answer.is_success else None
        except (httpx.HTTPError, ValidationError):
            return None


def _build_senior(row: store.ButtonRow, seen: SimulatedState) -> StageSenior:
    button = seen.buttons.get(row.device_id, SimulatedButton())
    return StageSenior(
        id=row.senior_id,
        address_as=row.address_as,
        address_as_en=row.address_as_en,
        device_id=row.device_id,
        light=button.light,
        light_text=button.text,
        owner_name_en=row.owner_name_en,
        room_id=seen.seniors.get(row.senior_id),
    )
