"""Who gets a message? Sessions, their subscriptions, and what is retained.

Pure: no network in here. A member is one client's session as the broker knows it, connected or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeAlias

from hub.mqtt.codec import REFUSED_SUBSCRIPTION, Publish
from hub.mqtt.model import Principal
from hub.mqtt.session import Session
from hub.mqtt.topics import FilterTree, covers_filter, matches_topic

MAX_MEMBERS = 5000
MAX_SESSIONS_OF_A_DEVICE = 8
"""Connected or not; a connection has one, so that there are no more of these."""
MAX_FILTERS = 50
MAX_RETAINED = 20_000
FORGET_AFTER_SECONDS = 24 * 3600.0

MemberKey: TypeAlias = tuple[str, str]
"""Device and client id. A client id is nobody's but its device's: no other device can take its connection over."""


@dataclass(slots=True, eq=False)
class Member:
    key: MemberKey
    principal: Principal
    session: Session
    parted_at: float | None = None


MemberMessages: TypeAlias = tuple[Member, tuple[Publish, ...]]


@dataclass(frozen=True, slots=True)
class Routed:
    """What to send now to whom, and how many took the message: observers only watch and do not count."""

    deliveries: tuple[MemberMessages, ...]
    takers: int


@dataclass(slots=True)
class Exchange:
    """The broker's state between packets. None of it outlives the hub: devices send it again."""

    members: dict[MemberKey, Member] = field(default_factory=dict)
    changes: int = 0
    """Grows with every change of who is subscribed to what."""
    _subscriptions: FilterTree[Member] = field(default_factory=FilterTree)
    _retained: dict[str, Publish] = field(default_factory=dict)

    def connect_client(self, principal: Principal, client_id: str, *, clean: bool) -> tuple[Member, bool] | None:
        """The member of a client that connects, and whether its session was kept.

        A ninth session of a device takes the place of the one that parted first. None when all of them are connected,
        or the house is full.
        """
        kept = self.members.get((principal.device_id, client_id))
        if kept is not None and not clean and not kept.session.clean:
            self._limit_to(kept, principal)
            kept.principal, kept.parted_at = principal, None
            return kept, True
        if kept is not None:
            self.drop_session(kept)
        if not self._makes_room(principal.device_id) or len(self.members) >= MAX_MEMBERS:
            return None
        member = Member((principal.device_id, client_id), principal, Session(clean=clean))
        self.members[member.key] = member
        return member, False

    def disconnect_client(self, member: Member, at: float) -> None:
        """Its connection ended: a clean session is over, another waits for a day."""
        member.session.disconnect()
        member.parted_at = at
        if member.session.clean:
            self.drop_session(member)

    def drop_session(self, member: Member) -> None:
        """Drop a session with its subscriptions and what waits for it."""
        for wanted in member.session.subscriptions:
            self._unsubscribe(member, wanted)
        if self.members.get(member.key) is member:
            del self.members[member.key]

    def forget_the_long_gone(self, at: float) -> None:
        """Drop sessions that nobody came back to for a day."""
        for member in list(self.members.values()):
            if member.parted_at is not None and at - member.parted_at >= FORGET_AFTER_SECONDS:
                self.drop_session(member)

    def subscribe(self, member: Member, wanted: tuple[tuple[str, int], ...]) -> tuple[int, ...]:
        """Take subscriptions; the QoS granted (at most 1) per filter, or the refusal where the rows do not allow it."""
        return tuple(self._subscribe(member, topic_filter, min(qos, 1)) for topic_filter, qos in wanted)

    def unsubscribe(self, member: Member, filters: tuple[str, ...]) -> None:
        for wanted in filters:
            if member.session.subscriptions.pop(wanted, None) is not None:
                self._unsubscribe(member, wanted)

    def retained_for(self, member: Member, wanted: tuple[tuple[str, int], ...]) -> tuple[Publish, ...]:
        """What a new subscription is sent at once: the last message of each topic, marked as old (3.3.1.3)."""
        sent: list[Publish] = []
        for topic_filter, _ in wanted:
            granted = member.session.subscriptions.get(topic_filter)
            if granted is None:
                continue
            for message in self._retained_under(topic_filter):
                sent += member.session.offer(replace(message, qos=min(granted, message.qos), retain=True))
        return tuple(sent)

    def route_message(self, message: Publish) -> Routed:
        """Offer a live message to everybody who subscribed to its topic."""
        deliveries: list[MemberMessages] = []
        takers = 0
        for member, granted in self._subscriptions.of(message.topic).items():
            copy = Publish(message.topic, message.payload, qos=min(granted, message.qos))
            if messages := member.session.offer(copy):
                deliveries.append((member, messages))
            takers += not member.principal.observer
        return Routed(tuple(deliveries), takers)

    def is_watched(self, topic: str) -> bool:
        """Whether anybody, connected or not, subscribed to this topic."""
        return bool(self._subscriptions.of(topic))

    def retain_message(self, message: Publish) -> bool:
        """Keep the last message of a topic; an empty one clears it (3.3.1.3). False when there is no room for more."""
        if not message.payload:
            self._retained.pop(message.topic, None)
        elif message.topic in self._retained or len(self._retained) < MAX_RETAINED:
            self._retained[message.topic] = message
        else:
            return False
        return True

    def _makes_room(self, device_id: str) -> bool:
        """Whether the device may have one more session, for which its oldest disconnected one is dropped."""
        of_device = [member for member in self.members.values() if member.principal.device_id == device_id]
        if len(of_device) < MAX_SESSIONS_OF_A_DEVICE:
            return True
        parted = [(member.parted_at, member) for member in of_device if member.parted_at is not None]
        if parted:
            self.drop_session(min(parted, key=lambda one: one[0])[1])
        return bool(parted)

    def _subscribe(self, member: Member, wanted: str, qos: int) -> int:
        subscriptions = member.session.subscriptions
        if not may_subscribe(member.principal, wanted):
            return REFUSED_SUBSCRIPTION
        if wanted not in subscriptions and len(subscriptions) >= MAX_FILTERS:
            return REFUSED_SUBSCRIPTION
        subscriptions[wanted] = qos
        self._subscriptions.add(wanted, member, qos)
        self.changes += 1
        return qos

    def _unsubscribe(self, member: Member, wanted: str) -> None:
        self._subscriptions.remove(wanted, member)
        self.changes += 1

    def _limit_to(self, member: Member, principal: Principal) -> None:
        """A kept session keeps only what the rows of today allow."""
        gone = tuple(wanted for wanted in member.session.subscriptions if not may_subscribe(principal, wanted))
        self.unsubscribe(member, gone)

    def _retained_under(self, wanted: str) -> Iterator[Publish]:
        if not set("+#") & set(wanted):
            return islice(filter(None, [self._retained.get(wanted)]), 1)
        return (message for topic, message in self._retained.items() if matches_topic(wanted, topic))


def may_publish(principal: Principal, topic: str) -> bool:
    """Whether its rows let this device publish there."""
    return any(matches_topic(allowed, topic) for allowed in principal.may_publish)


def may_subscribe(principal: Principal, wanted: str) -> bool:
    """Whether everything the filter matches may be seen by this device."""
    return any(covers_filter(allowed, wanted) for allowed in principal.may_subscribe)
