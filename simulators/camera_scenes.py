"""How does the simulated centre set the scenes of its cameras? Over the cameras' own control port."""

import logging

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

log = logging.getLogger(__name__)

_BLACK = "black"


class CamerasAway(Exception):
    """The process of the simulated cameras does not answer."""


class _Camera(BaseModel):
    id: str
    fault: str | None
    occupancy: int


_CAMERAS = TypeAdapter(list[_Camera])


class CameraScenes:
    """What each camera should show. The cameras' process may be restarted at any time and gets it again."""

    def __init__(self, client: httpx.AsyncClient, control_url: str) -> None:
        self.dark: set[str] = set()
        self.people: dict[str, int] = {}
        self._client = client
        self._control_url = control_url.rstrip("/")

    async def apply_scenes(self) -> None:
        """Make the cameras show what they should. Raises CamerasAway."""
        for camera in await self._list_cameras():
            wanted = _BLACK if camera.id in self.dark else None
            if camera.fault != wanted and camera.fault in (None, _BLACK):
                await self._set_scene(camera.id, "fault", wanted)
            people = self.people.get(camera.id, camera.occupancy)
            if camera.occupancy != people:
                await self._set_scene(camera.id, "occupancy", people)

    async def _list_cameras(self) -> list[_Camera]:
        try:
            answer = await self._client.get(f"{self._control_url}/cameras")
            return _CAMERAS.validate_json(answer.content)
        except (httpx.HTTPError, ValidationError) as error:
            raise CamerasAway(type(error).__name__) from error

    async def _set_scene(self, camera_id: str, what: str, value: str | int | None) -> None:
        try:
            answer = await self._client.post(f"{self._control_url}/cameras/{camera_id}/{what}", json={what: value})
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise CamerasAway(type(error).__name__) from error
