"""On which port does a server of ours listen, when somebody else may have taken the one that was wanted?"""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

TRIED = 50
"""How many ports after the wanted one a simulated centre tries."""

_BACKLOG = 512
_REACHED_AT = {"localhost": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not listened on

_claimed: dict[int, socket.socket] = {}
"""Ports that `take_near` has given to this process, each with what keeps others from it until this process ends."""

_given: set[int] = set()
"""Ports that a part of this start has already."""


class PortTaken(Exception):
    """Something else listens there, or nobody may; the message says what to do."""


def is_free(host: str, port: int) -> bool:
    """Nothing listens on that port of `host`, nor on `localhost` over IPv6, which a browser would ask first.

    Raises OSError when it is not for lack of a free port that nothing can listen there.
    """
    return all(_can_bind(family, address, port) for family, address in _resolve_addresses(host))


def reached_at(host: str) -> str:
    """The address at which this machine reaches a server of ours that listens on `host`."""
    return _REACHED_AT.get(host, host)


def forget_given_ports() -> None:
    """A start begins: it may be given what an earlier start in this process was given."""
    _given.clear()


def take_port(host: str, port: int, variable: str) -> int:
    """`port`, if it is free; raises PortTaken, which names the variable that chooses another."""
    if _can_listen(host, port, variable):
        _given.add(port)
        return port
    raise PortTaken(
        f"{variable}={port}: something else listens on that port: stop it, or set {variable} to a port that is free"
    )


def take_port_near(host: str, port: int, variable: str) -> int:
    """`port`, or the next free one after it, the same at every start; raises PortTaken when there is none near.

    Two simulated centres that start at the same time get different ones, and so do two parts of one, although nobody
    listens yet.
    """
    for candidate in range(port, min(port + TRIED, 65536)):
        if candidate not in _given and _can_listen(host, candidate, variable) and _claim_port(candidate):
            _given.add(candidate)
            return candidate
    raise PortTaken(f"{variable}={port}: neither that port nor one of the next {TRIED} is free: set it to one that is")


@contextmanager
def open_listening_sockets(host: str, port: int) -> Iterator[list[socket.socket]]:
    """Sockets that listen at every address of `host` for as long as the block lasts. Raises PortTaken.

    Whoever knocks waits in them until a process that inherited them answers, also while that process is replaced.
    """
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    places = dict.fromkeys((family, address[:2]) for family, _, _, _, address in found)
    with ExitStack() as opened:
        try:
            sockets = [
                opened.enter_context(socket.create_server(address, family=family, backlog=_BACKLOG))
                for family, address in places
            ]
        except OSError as error:
            raise PortTaken(f"port {port} of {host}: {error.strerror}") from error
        yield sockets


def _can_listen(host: str, port: int, variable: str) -> bool:
    """`is_free`; raises PortTaken when another port would not help."""
    try:
        return is_free(host, port)
    except PermissionError as error:
        why = f"{variable}={port}: this account may not use ports below 1024: set {variable} to a higher one"
        raise PortTaken(why) from error
    except OSError as error:
        of_host = variable.replace("_PORT", "_HOST")
        why = f"{of_host}={host!r}: no address of this machine ({error.strerror}): set {of_host} to one that is"
        raise PortTaken(why) from error


def _claim_port(port: int) -> bool:
    """Whether no other process has claimed that port. The claim is the UDP port of that number, which nothing of ours
    uses and which the kernel gives back with the process; a file would have to be tidied away.
    """
    if port in _claimed:
        return True
    claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        claim.bind(("127.0.0.1", port))
    except OSError:
        claim.close()
        return False
    _claimed[port] = claim
    return True


def _resolve_addresses(host: str) -> list[tuple[socket.AddressFamily, str]]:
    asked = [(socket.AF_INET6 if ":" in host else socket.AF_INET, host if host != "localhost" else "127.0.0.1")]
    if host in {"127.0.0.1", "localhost"} and _speaks_ipv6():
        asked.append((socket.AF_INET6, "::1"))
    return asked


def _speaks_ipv6() -> bool:
    if not socket.has_ipv6:
        return False
    with suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


def _can_bind(family: socket.AddressFamily, address: str, port: int) -> bool:
    with socket.socket(family) as probe:
        # As our servers do: a connection that has just ended does not occupy the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            # Two sockets may be bound to one port with that option; only one of them may listen.
            probe.listen(1)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
    return True
