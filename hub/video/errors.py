"""What can go wrong when somebody wants to see a room."""

from __future__ import annotations

from hub.kit.errors import DomainError
from hub.video.model import Ending, PlayCode
from hub.video.policy import ViewingRefused


class NoSuchCamera(DomainError):
    """There is no such camera, or it looks at no room."""

    code = "no-such-camera"
    status = 404


class NotShown(DomainError):
    """The policy refuses; `code` says why in kind, `next_at` when it may be possible again."""

    status = 403

    def __init__(self, refused: ViewingRefused) -> None:
        when = {"next_at": refused.next_at.isoformat()} if refused.next_at else {}
        super().__init__(refused.code, **when)
        self.code = refused.code


class BadTicket(DomainError):
    """The ticket was used, is older than 15 s, or belongs to another session or camera."""

    code = "bad-ticket"
    status = 401


class NoSuchViewing(DomainError):
    """It has ended, or is somebody else's."""

    code = PlayCode.NO_SUCH_VIEWING
    status = 404


class CannotPlay(DomainError):
    """The media process cannot answer this offer; `code` says why."""

    def __init__(self, code: PlayCode) -> None:
        super().__init__(code)
        self.code = code
        self.status = _STATUS.get(code, 400)


class PictureAway(DomainError):
    """The media process does not answer: it is starting, or down."""

    code = Ending.PICTURE_AWAY
    status = 503


class TooManyViewings(DomainError):
    """This session has as many pictures open as a page could need."""

    code = "too-many-viewings"
    status = 429


_STATUS = {
    PlayCode.NO_H264: 406,
    PlayCode.VIDEO_ONLY: 406,
    PlayCode.TOO_LARGE: 413,
    PlayCode.OUR_MISTAKE: 500,
    PlayCode.CAMERA_UNUSABLE: 503,
    PlayCode.TOO_MANY_VIEWERS: 503,
    PlayCode.NO_SUCH_VIEWING: 404,
}
