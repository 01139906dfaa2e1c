"""How a domain says that something cannot be done, so that somebody can be told."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import JsonValue


class ProblemCode(StrEnum):
    """What any request may be refused with, whatever it asks; each domain's errors add their own codes."""

    NOT_POSSIBLE = "not-possible"
    INVALID = "invalid"
    BAD_REQUEST = "bad-request"
    NOT_ALLOWED = "not-allowed"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    TOO_LARGE = "too-large"
    WRONG_HOST = "wrong-host"
    FOREIGN_ORIGIN = "cross-site"
    CHANGED_MEANWHILE = "changed-meanwhile"
    DATABASE_AWAY = "database-away"
    OUR_MISTAKE = "our-mistake"


class DomainError(Exception):
    """The world is wrong: no such alarm, not allowed, already taken.

    `code` is stable and kebab-case, pages have the words for it in each language; `status` is its HTTP status
    (RFC 9110); `params` are what those words need. Subclasses set `code` and `status`.
    """

    code: str = ProblemCode.NOT_POSSIBLE
    status: int = 400

    def __init__(self, message: str = "", /, **params: str | int) -> None:
        super().__init__(message or self.code)
        self.params: Mapping[str, str | int] = params


class ChangedMeanwhile(DomainError):
    """The row is no longer what a change was made to: its `If-Match` has another tag (RFC 9110, 15.5.13).

    `current` is the row that stands, as its own route shows it, with who changed it and when; `etag` is its tag.
    """

    code = ProblemCode.CHANGED_MEANWHILE
    status = 412

    def __init__(self, etag: str, current: Mapping[str, JsonValue]) -> None:
        super().__init__()
        self.etag = etag
        self.current = current
