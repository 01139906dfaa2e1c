"""Is this one plain mail address? (RFC 5321, 4.1.2; without the signs that mean something in a header)"""

import re
from typing import Final

from hub.kit.origins import ascii_host

MAILBOX: Final = re.compile(r"[^\s\x00-\x1f()<>@,;:\\\"\[\]?]{1,64}@[^\s\x00-\x1f()<>@,;:\\\"\[\]?]{1,189}")
"""A name, an @ and a host, without the signs that mean something in a header (RFC 5322, 3.2.3)."""


def is_mailbox(text: str) -> bool:
    """Whether mail can be sent there: in any script, with a domain that has a name in ASCII (UTS 46)."""
    if MAILBOX.fullmatch(text) is None:
        return False
    name, _, domain = text.rpartition("@")
    try:
        ascii_host(domain)
    except ValueError:
        return False
    return not any(part.startswith((".", "-")) or part.endswith(".") or ".." in part for part in (name, domain))
