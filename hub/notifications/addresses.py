"""Is this an address to which a channel can send, and what is one?"""

import re
from typing import assert_never
from urllib.parse import urlsplit

from hub.kit.mailboxes import is_mailbox
from hub.notifications.model import ChannelName


def is_address_of(channel: ChannelName, address: str) -> bool:
    """Whether the address has the form that its channel needs; whether anybody is there, only a test shows."""
    match channel:
        case ChannelName.WEBHOOK:
            return _is_web_address(address)
        case ChannelName.EMAIL:
            return is_mailbox(address)
        case _:
            assert_never(channel)


def describe_address(channel: ChannelName) -> str:
    """What an address of the channel is, with an example: what to write instead of one that is none."""
    match channel:
        case ChannelName.WEBHOOK:
            return "a URL such as https://example.org/hooks/anling"
        case ChannelName.EMAIL:
            return "an email address such as li.min@example.org"
        case _:
            assert_never(channel)


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        has_place = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and has_place and not re.search(r"\s", value)
