"""Which links do people get: by mail about an alarm, or from the staff as an invitation?"""

import secrets
from hashlib import sha256

import httpx
from pydantic import BaseModel

from tests.fakes.demo import Demo
from tests.fakes.waiting import wait_until


class _Box(BaseModel):
    """What the organisation's mailbox holds, the oldest first."""

    mail: list[dict[str, str]]


def mailed_link(centre: Demo, account_id: str, about: str) -> str:
    """The newest link in the mails to somebody about somebody; waits for the first."""

    def newest() -> str:
        box = _Box.model_validate_json(httpx.get(f"{centre.phones_url}/messages", trust_env=False).content)
        texts = [mail["text"] for mail in box.mail if account_id in mail["to"] and about in mail["subject"]]
        links = [word for text in texts for word in text.split() if "/#take/" in word]
        return links[-1] if links else ""

    return wait_until(newest, what=f"a mail to {account_id} about {about}")


def invite(centre: Demo, account_id: str) -> str:
    """An invitation for an account, as the staff hands one out; its token."""
    token = secrets.token_urlsafe(32)
    centre.does(
        "INSERT INTO invitation (id, account_id, made_at, ends_at) VALUES (%s, %s, now(), now() + interval '1 day')",
        sha256(token.encode()).digest(),
        account_id,
    )
    return token
