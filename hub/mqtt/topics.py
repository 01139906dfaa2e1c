"""Which topics does a filter match, which filters does an allowance cover, and which lane is a topic on?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

MAX_TOPIC_BYTES = 256

Subscriber = TypeVar("Subscriber")


class Lane(StrEnum):
    """Calls for help; what devices say of themselves and their commands; everything else."""

    ALARM = "alarm"
    STATE = "state"
    TELEMETRY = "telemetry"


def lane_of(topic: str) -> Lane:
    """The lane of `anling/v1/{centre}/{kind}/{device}`: the alarm path's two, and telemetry's for the rest."""
    match topic.split("/"):
        case ["anling", _, _, "alarm", *_]:
            return Lane.ALARM
        case ["anling", _, _, "status" | "done", *_]:
            return Lane.STATE
        case _:
            return Lane.TELEMETRY


def is_topic(topic: str) -> bool:
    """Whether a message may be published there: MQTT 3.1.1, 4.7, and at most 256 bytes."""
    return 0 < len(topic.encode()) <= MAX_TOPIC_BYTES and not set("+#\0") & set(topic)


def is_filter(wanted: str) -> bool:
    """Whether it is a topic filter: `#` only as the last level, `+` only as a whole one (4.7.1)."""
    if not 0 < len(wanted.encode()) <= MAX_TOPIC_BYTES or "\0" in wanted:
        return False
    levels = wanted.split("/")
    return all(level in ("+", "#") or not set("+#") & set(level) for level in levels) and "#" not in levels[:-1]


def matches_topic(wanted: str, topic: str) -> bool:
    """Whether a subscription to `wanted` receives `topic` (4.7). A leading wildcard never sees `$…` topics."""
    if topic.startswith("$") and wanted[:1] in ("+", "#"):
        return False
    return covers_filter(wanted, topic)


def covers_filter(allowed: str, wanted: str) -> bool:
    """Whether every topic that `wanted` matches is matched by `allowed` too."""
    allowed_levels, wanted_levels = allowed.split("/"), wanted.split("/")
    for at, level in enumerate(allowed_levels):
        if level == "#":
            return True
        if at == len(wanted_levels) or wanted_levels[at] == "#":
            return False
        if level not in ("+", wanted_levels[at]):
            return False
    return len(allowed_levels) == len(wanted_levels)


@dataclass(slots=True)
class _Node(Generic[Subscriber]):
    branches: dict[str, _Node[Subscriber]] = field(default_factory=dict)
    here: dict[Subscriber, int] = field(default_factory=dict)


class FilterTree(Generic[Subscriber]):
    """Who subscribed to what, found by topic in steps of its levels rather than of the subscriptions."""

    def __init__(self) -> None:
        self._root: _Node[Subscriber] = _Node()

    def add(self, wanted: str, subscriber: Subscriber, qos: int) -> None:
        node = self._root
        for level in wanted.split("/"):
            node = node.branches.setdefault(level, _Node())
        node.here[subscriber] = qos

    def remove(self, wanted: str, subscriber: Subscriber) -> None:
        _remove_subscriber(self._root, wanted.split("/"), subscriber)

    def of(self, topic: str) -> dict[Subscriber, int]:
        """Each subscriber whose filters match, once, with the highest QoS granted among them (3.3.5)."""
        found: dict[Subscriber, int] = {}
        for node in _matching_nodes(self._root, topic.split("/"), wildcard=not topic.startswith("$")):
            for subscriber, qos in node.here.items():
                found[subscriber] = max(qos, found.get(subscriber, 0))
        return found


def _remove_subscriber(node: _Node[Subscriber], levels: list[str], subscriber: Subscriber) -> None:
    if not levels:
        node.here.pop(subscriber, None)
        return
    branch = node.branches.get(levels[0])
    if branch is None:
        return
    _remove_subscriber(branch, levels[1:], subscriber)
    if not branch.here and not branch.branches:
        del node.branches[levels[0]]


def _matching_nodes(
    node: _Node[Subscriber], levels: list[str], *, wildcard: bool = True
) -> Iterator[_Node[Subscriber]]:
    if wildcard and (rest := node.branches.get("#")):
        yield rest
    if not levels:
        yield node
        return
    for step in (levels[0], "+") if wildcard else (levels[0],):
        if (branch := node.branches.get(step)) is not None:
            yield from _matching_nodes(branch, levels[1:])
