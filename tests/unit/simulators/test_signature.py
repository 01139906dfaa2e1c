"""Which deliveries does the organisation believe?"""

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from simulators.organisation.signature import NotSigned, verify_signature

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
OTHER = "whsec_OTg3NjU0MzIxMDk4NzY1NDMyMTA5ODc2NTQzMjEwOTg="
SENT = datetime(2026, 11, 23, 2, 14, 5, tzinfo=UTC)
BODY = '{"text": "王奶奶按了呼叫"}'.encode()


def signed(secret: str = SECRET, **changed: str) -> dict[str, str]:
    own = {
        "webhook-id": "n-1",
        "webhook-timestamp": str(int(SENT.timestamp())),
        "webhook-signature": Webhook(secret).sign("n-1", SENT, BODY.decode()),
    }
    return {**own, **changed}


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_what_the_hub_signed_is_believed_for_five_minutes_by_the_clock_of_the_centre(minutes: int) -> None:
    verify_signature(SECRET, signed(), BODY, SENT + timedelta(minutes=minutes))


def test_one_right_signature_of_several_is_enough_while_a_secret_is_changed() -> None:
    both = f"{signed(OTHER)['webhook-signature']} {signed()['webhook-signature']}"

    verify_signature(SECRET, signed(**{"webhook-signature": both}), BODY, SENT)


@pytest.mark.parametrize(
    ("headers", "body", "now"),
    [
        (signed(OTHER), BODY, SENT),
        (signed(), BODY + b" ", SENT),
        (signed(), b"\xff", SENT),
        (signed(**{"webhook-id": "n-2"}), BODY, SENT),
        (signed(**{"webhook-timestamp": str(int(SENT.timestamp()) + 1)}), BODY, SENT),
        (signed(**{"webhook-timestamp": "soon"}), BODY, SENT),
        (signed(**{"webhook-timestamp": "9" * 30}), BODY, SENT),
        (signed(**{"webhook-signature": ""}), BODY, SENT),
        (signed(**{"webhook-signature": "v1,签名"}), BODY, SENT),
        ({}, BODY, SENT),
        (signed(), BODY, SENT + timedelta(minutes=5, seconds=1)),
        (signed(), BODY, SENT - timedelta(minutes=5, seconds=1)),
    ],
)
def test_anything_else_is_not(headers: dict[str, str], body: bytes, now: datetime) -> None:
    with pytest.raises(NotSigned):
        verify_signature(SECRET, headers, body, now)
