"""How many file descriptors may a process have, and how many of them may clients take?"""

import resource
from typing import Final

WANTED: Final = 65_536
"""More than any process of ours needs; an unlimited number makes programs that walk through all of them slow."""
KEPT: Final = 200
"""Not for clients: the database, phones and mail servers, files, and the other processes."""


def raise_descriptor_limit() -> int:
    """Raise the soft limit of this process, which what it starts inherits, to the hard one; gives what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(hard, WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return WANTED if soft == resource.RLIM_INFINITY else soft


def places_for_clients(wanted: int, limit: int | None = None) -> int:
    """How many of `wanted` connections fit under the soft limit beside those that are kept; half of a very low one."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if limit is None else limit
    if soft == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, max(soft - KEPT, soft // 2))
