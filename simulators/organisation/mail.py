"""The SMTP side of the organisation: a mailbox that keeps what the hub sends."""

from email import message_from_bytes
from email.policy import default

from aiosmtpd.smtp import SMTP, Envelope, Session

_KEPT = 500


class Mailbox:
    """An aiosmtpd handler that keeps each message's recipients, subject and text."""

    def __init__(self, mail: list[dict[str, str]]) -> None:
        self._mail = mail

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 - aiosmtpd's
        """Keep one message (RFC 5321 DATA)."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = message_from_bytes(content, policy=default)
        text = message.get_body(("plain",))
        self._mail.append(
            {
                "to": ", ".join(envelope.rcpt_tos),
                "subject": str(message.get("subject", "")),
                "text": text.get_content() if text is not None else "",
            }
        )
        del self._mail[:-_KEPT]
        return "250 OK"
