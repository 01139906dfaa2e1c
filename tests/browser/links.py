"""Which links do people get: by mail about an alarm, or from the staff as an invitation?"""

import secrets
from hashlib import sha256

from pydantic import BaseModel

from tests.fakes.demo import Demo
from tests.fakes.free import FreeSenior
from tests.fakes.waiting import wait_until


class _Box(BaseModel):
    """What the organisation's mailbox holds, the oldest first."""

    mail: list[dict[str, str]]


def mailed_link(centre: Demo, account_id: str, about: FreeSenior | None = None) -> str:
    """The newest link in the mails to an account, about this call of somebody or any; waits for the first."""

    def newest() -> str:
        box = _Box.model_validate_json(centre.http.get(f"{centre.phones_url}/messages").content)
        called, earlier = (about.called, about.earlier) if about else ("", frozenset[str]())
        texts = [mail["text"] for mail in box.mail if account_id in mail["to"] and called in mail["subject"]]
        links = [word for text in texts for word in text.split() if "/#take/" in word]
        return next((link for link in reversed(links) if _alarm_behind(centre, link) not in earlier), "")

    return wait_until(newest, what=f"a mail to {account_id}{f' about {about.called}' if about else ''}")


def _alarm_behind(centre: Demo, link: str) -> str:
    token_hash = sha256(link.partition("/#take/")[2].encode()).digest()
    [(alarm_id,)] = centre.rows("SELECT alarm_id FROM accept_link WHERE id = %s", token_hash)
    return str(alarm_id)


def invite(centre: Demo, account_id: str) -> str:
    """An invitation for an account, as the staff hands one out; its token."""
    token = secrets.token_urlsafe(32)
    centre.does(
        "INSERT INTO invitation (id, account_id, made_at, ends_at) VALUES (%s, %s, now(), now() + interval '1 day')",
        sha256(token.encode()).digest(),
        account_id,
    )
    return token
