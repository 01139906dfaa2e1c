"""How each row of the ledger proves the one before it."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from hub.ledger.model import Entry, Head, LedgerLink

EMPTY = Head(0, bytes(32))


def extend_chain(head: Head, entries: Sequence[Entry], now: datetime) -> tuple[Head, list[LedgerLink]]:
    """The rows for `entries` after `head`, and the head afterwards.

    A row's hash is SHA-256 over the former row's hash, its own number (8 bytes, big-endian) and its JSON (sorted keys,
    no spaces, UTF-8), which holds kind, time (RFC 3339, UTC, microseconds) and params.
    """
    links = []
    for entry in entries:
        at = now.astimezone(UTC)
        said = {"at": at.isoformat(timespec="microseconds"), "kind": entry.kind, "params": dict(entry.params)}
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        head = Head(head.n + 1, _hash_row(head.hash, head.n + 1, text))
        links.append(LedgerLink(head.n, at, text, head.hash))
    return head, links


def find_first_broken(links: Iterable[LedgerLink], head: Head = EMPTY) -> int | None:
    """The number of the first row that does not follow from the one before it; None when the chain is whole."""
    for link in links:
        if link.n != head.n + 1 or link.hash != _hash_row(head.hash, link.n, link.entry):
            return head.n + 1
        head = Head(link.n, link.hash)
    return None


def _hash_row(former: bytes, n: int, text: str) -> bytes:
    return hashlib.sha256(former + n.to_bytes(8, "big") + text.encode()).digest()
