"""Is this an address to which a channel can send?"""

import re
from typing import assert_never
from urllib.parse import urlsplit

from hub.notifications.model import ChannelName


def is_address_of(channel: ChannelName, address: str) -> bool:
    """Whether the address has the form that its channel needs; whether anybody is there, only a test shows."""
    match channel:
        case ChannelName.WEBHOOK:
            return _is_web_address(address)
        case ChannelName.EMAIL:
            return re.fullmatch(r"[^@\s]+@[^@\s]+", address) is not None
        case _:
            assert_never(channel)


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        has_place = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and has_place and not re.search(r"\s", value)
