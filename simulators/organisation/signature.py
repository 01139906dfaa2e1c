"""Did the hub sign this, and just now? Standard Webhooks, with the time given.

The library's own check compares with the machine's clock; a centre whose clock was wound by `ANLING_CLOCK_FILE` would
be refused after five minutes.
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from standardwebhooks.webhooks import Webhook

TOLERANCE: Final = timedelta(minutes=5)


class NotSigned(Exception):
    """The signature is missing or wrong, or the message is not of now; the message says which."""


def verify_signature(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raise NotSigned unless a signature in `headers` (names in lower case) is that of `body` and the time is near."""
    try:
        message_id, signatures = headers["webhook-id"], headers["webhook-signature"].split()
        sent_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        text = body.decode()
    except (KeyError, ValueError, OverflowError) as error:
        raise NotSigned("a header is missing or unreadable, or the body is no text") from error
    if abs(now - sent_at) > TOLERANCE:
        raise NotSigned(f"sent at {sent_at.isoformat()}, more than {TOLERANCE} from now")
    expected = Webhook(secret).sign(message_id, sent_at, text).encode()
    if not any(hmac.compare_digest(expected, one.encode()) for one in signatures):
        raise NotSigned("the signature is wrong")
