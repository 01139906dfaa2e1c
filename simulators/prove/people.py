"""How do people answer alarms? A tap on the link of a message, or a member of the staff on her page."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from typing import Final

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
    cookies: CookieJar = field(default_factory=CookieJar)

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
        url = path if path.startswith("http") else f"{self.hub.url}{path}"
        headers = {"X-Anling": "1", "content-type": "application/json"}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - our own http URL
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies)
        )
        try:
            with opener.open(request, timeout=_WITHIN) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise NotAnswered(error.code, f"{path}: {error.code} {error.read()[:200]!r}") from error
        except OSError as error:
            raise NotAnswered(0, f"{path}: {error}") from error
