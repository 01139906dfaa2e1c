"""What have staff been told of cameras that cannot be shown? Each problem once, and again when somebody meets it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from hub.kit.ids import CentreId, DeviceId
from hub.notices.model import NoticeCode, Raised
from hub.video.model import CameraProblem

COUNTED_EVERY = 5.0
"""Seconds: many who ask for one camera count as one in so long, so that its notice is not written without end."""


@dataclass(slots=True)
class ToldProblems:
    """Since this process began; what an earlier one told is cleared once the camera is seen to be well."""

    _told: dict[str, tuple[CameraProblem, float]] = field(default_factory=dict)
    _well: set[str] = field(default_factory=set)

    def is_news(self, camera_id: str, problem: CameraProblem, now: float, met: Collection[str]) -> bool:
        """Whether a camera's problem is another one than was told, or somebody `met` it after a while."""
        before = self._told.get(camera_id)
        return before is None or before[0] != problem or (camera_id in met and now - before[1] >= COUNTED_EVERY)

    def may_stand(self, camera_id: str) -> bool:
        """Whether a notice of this camera's may stand."""
        return camera_id not in self._well

    def note_told(self, problems: Mapping[DeviceId, CameraProblem], now: float) -> None:
        for camera_id, problem in problems.items():
            self._told[camera_id] = (problem, now)
            self._well.discard(camera_id)

    def note_cleared(self, camera_ids: Collection[str]) -> None:
        for camera_id in camera_ids:
            self._told.pop(camera_id, None)
            self._well.add(camera_id)


def describe_problem(centre_id: CentreId, camera_id: str, problem: CameraProblem) -> Raised:
    """The notice about a camera: `what` for logs and for whoever reads rows, the rest for pages."""
    params: dict[str, str | int] = {"what": problem.message, "why": problem.code, "codec": problem.codec}
    params |= {name: value for name, value in (("status", problem.status), ("seconds", problem.seconds)) if value}
    return Raised(centre_id, NoticeCode.CAMERA_UNUSABLE, f"device:{camera_id}", params=params)
