"""How a domain says that something cannot be done, so that somebody can be told."""

from collections.abc import Mapping


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
