"""What is this machine called on the local network?"""

import socket
from ipaddress import ip_address

LOOPBACK = "127.0.0.1"
_ELSEWHERE = ("192.0.2.1", 9)  # RFC 5737: nobody; a datagram socket that connects sends nothing


class NoNetwork(Exception):
    """This machine has no address that a phone could reach; the message says what to do."""


def choose_address(media_hosts: tuple[str, ...]) -> str:
    """The address of ANLING_MEDIA_HOSTS, where one is set (a machine may be on several networks); else `address`."""
    named = [host for host in media_hosts if host != LOOPBACK]
    return named[0] if named else find_lan_address()


def find_lan_address() -> str:
    """The IPv4 address under which phones on the same network reach this machine. Raises NoNetwork."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
            found = str(probe.getsockname()[0])
        except OSError as error:
            raise NoNetwork(_WHAT_TO_DO) from error
    if ip_address(found).is_loopback or ip_address(found).is_unspecified:
        raise NoNetwork(_WHAT_TO_DO)
    return found


_WHAT_TO_DO = "--lan: this machine is on no network: connect it, or start without --lan"
