"""How do people answer alarms? A member of the staff on her page, signed in in a browser of her own."""

from dataclasses import dataclass, field
from typing import Final

import httpx

from simulators.prove.proven_hub import ProvenHub
from simulators.prove.prover_centre import STAFF

PASSWORD: Final = "校场路 1937 验证"  # noqa: S105 - of an account that is thrown away
_WITHIN: Final = 15.0


class NotAnswered(Exception):
    """The hub did not answer, or with an error: the status, or 0 without an answer."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status


@dataclass
class StaffPage:
    """A browser of somebody: its cookies, and what it asks the hub."""

    hub: ProvenHub
    browser: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=_WITHIN, trust_env=False))

    def open_invitation(self, account_id: str = STAFF) -> None:
        """Choose a password with the link that the import printed; that signs in. Raises NotAnswered."""
        token = self.hub.invitations[account_id]
        self.post(f"/api/invitations/{token}", {"password": PASSWORD})

    def sign_in(self, account_id: str = STAFF) -> None:
        """Sign in with the password. Raises NotAnswered."""
        self.post("/api/sign-in", {"account": account_id, "password": PASSWORD})

    def accept(self, alarm_id: str) -> None:
        """我来处理. Raises NotAnswered."""
        self.post(f"/api/alarms/{alarm_id}/accept", {})

    def resolve(self, alarm_id: str) -> None:
        """Accepted before: how it ended. Raises NotAnswered."""
        self.post(f"/api/alarms/{alarm_id}/resolve", {"outcome": "reassurance", "sentence": "验证"})

    def post(self, path: str, body: dict[str, str]) -> bytes:
        """What the hub answers to a POST of a page. Raises NotAnswered."""
        try:
            answer = self.browser.post(f"{self.hub.url}{path}", json=body, headers={"X-Anling": "1"})
        except httpx.HTTPError as error:
            raise NotAnswered(0, f"{path}: {type(error).__name__} {error}") from error
        if not answer.is_success:
            raise NotAnswered(answer.status_code, f"{path}: {answer.status_code} {answer.text[:200]}")
        return answer.content
