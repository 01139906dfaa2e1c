"""How a domain says that something cannot be done, so that somebody can be told."""

from collections.abc import Mapping

from pydantic import JsonValue


class DomainError(Exception):
    """The world is wrong: no such alarm, not allowed, already taken.

    `code` is stable and kebab-case, pages have the words for it in each language; `status` is its HTTP status
    (RFC 9110); `params` are what those words need. Subclasses set `code` and `status`.
    """

    code: str = "not-possible"
    status: int = 400

    def __init__(self, message: str = "", /, **params: str | int) -> None:
        super().__init__(message or self.code)
        self.params: Mapping[str, str | int] = params


class ChangedMeanwhile(DomainError):
    """The row is no longer what a change was made to: its `If-Match` has another tag (RFC 9110, 15.5.13).

    `current` is the row that stands, as its own route shows it, with who changed it and when; `etag` is its tag.
    """

    code = "changed-meanwhile"
    status = 412

    def __init__(self, etag: str, current: Mapping[str, JsonValue]) -> None:
        super().__init__()
        self.etag = etag
        self.current = current
