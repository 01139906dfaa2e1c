"""Puts messages into the outbox, in the transaction of what they tell, and answers who has been told."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby
from typing import Final

from hub.access import service as access
from hub.kit.clock import ClockSet
from hub.kit.db import Conn
from hub.kit.ids import AccountId, AlarmId, CentreId, new_id
from hub.ledger.edit import Edit
from hub.ledger.model import Chain
from hub.notices.model import Priority
from hub.notifications import answer_store, contact_store, store
from hub.notifications.addresses import is_address_of
from hub.notifications.errors import WrongAddress
from hub.notifications.model import (
    LAST_RESORT_AFTER,
    RINGING,
    AcceptLink,
    AlarmFacts,
    ContactMethod,
    ContactRecord,
    ContactRoute,
    Reachable,
    Telling,
    Template,
    Told,
)

LAST_RESORT_EVERY: Final = timedelta(seconds=30)
"""An alarm that raises at each press rings no phone more often."""


async def write_contacts(edit: Edit, account_id: AccountId, contacts: Sequence[ContactRecord]) -> None:
    """Let an account be reached in these ways, the best first, and in no other; nothing happens when it is so already.

    They are taken as verified by whoever writes them. Raises WrongAddress, NoSuchAccount.
    """
    for contact in contacts:
        if not is_address_of(contact.channel, contact.address):
            raise WrongAddress(channel=contact.channel.value)
    account = await access.require_account(edit.conn, account_id)
    changed = [
        await contact_store.upsert_contact(edit.conn, new_id("c", edit.now), account_id, contact, rank, edit.now)
        for rank, contact in enumerate(dict.fromkeys(contacts))
    ]
    retired = await contact_store.retire_other_contacts(edit.conn, account_id, [one.address for one in contacts])
    if retired or any(changed):
        by_channel = {channel.value: n for channel, n in Counter(one.channel for one in contacts).items()}
        edit.note_entry(account.centre_id, Chain.CARE, "contacts.written", person=str(account.person), **by_channel)


async def find_reachable(conn: Conn, centre_id: CentreId) -> Reachable:
    """Which of the centre's active responders have a channel. Reachable is who has one that works."""
    rows = await contact_store.responders_with_channel(conn, centre_id)
    return Reachable(
        frozenset(account_id for account_id, works in rows if works), tuple(account_id for account_id, _ in rows)
    )


async def read_contact_routes(
    conn: Conn, account_ids: Sequence[AccountId]
) -> dict[AccountId, tuple[ContactRoute, ...]]:
    """The working ways to reach each of these accounts that has any."""
    routes = await contact_store.list_contact_routes(conn, account_ids)
    return {account_id: tuple(of) for account_id, of in groupby(routes, key=lambda route: route.to.account_id)}


async def enqueue_notifications(conn: Conn, telling: Telling, now: datetime) -> int:
    """Queue a message for each of these accounts. Returns how many of them have a channel.

    A P1 that waits for a person's answer, and the last resort, go over all her working channels in parallel; anything
    else over her best one, and over the next when that fails. Who has none that works is tried over what there is.
    """
    methods = await contact_store.contact_methods(conn, telling.account_ids)
    chosen = list(_choose_methods(methods, telling))
    await store.insert_notifications(conn, telling, [(new_id("n", now), method) for method in chosen], now)
    return len({method.account_id for method in chosen})


async def enqueue_last_resort_notifications(
    conn: Conn, centre_id: CentreId, alarm_id: AlarmId, people: tuple[AccountId, ...], facts: AlarmFacts, now: datetime
) -> None:
    """Notify these recipients, over all their channels, that the alarm cannot be processed; at most every 30 s."""
    last = await store.last_told_by(conn, alarm_id, Template.LAST_RESORT)
    if last is not None and last.made_at <= now < last.made_at + LAST_RESORT_EVERY:
        return
    n = LAST_RESORT_AFTER + 1 if last is None else last.n + 1
    await enqueue_notifications(conn, Telling(centre_id, alarm_id, n, people, Template.LAST_RESORT, facts), now)


async def withdraw_ringing(conn: Conn, alarm_id: AlarmId, now: datetime) -> None:
    """Somebody has taken the alarm: nobody else's phone needs to ring for it any more."""
    await store.withdraw_ringing(conn, alarm_id, sorted(RINGING), now)


async def withdraw_messages_to(conn: Conn, account_id: AccountId, now: datetime) -> None:
    """The account is disabled: what waits to be sent to it is sent no more, what is in flight is not retried."""
    await store.withdraw_messages_to(conn, account_id, now)


async def withdraw_after_restore(conn: Conn, now: datetime) -> int:
    """What waited when the backup was made is not news any more: nothing of it is sent, and its links work no more.

    Alarms that are open go on from where they were and make messages of their own. Returns how many were withdrawn.
    """
    await answer_store.end_all_links(conn, now)
    return await store.withdraw_all(conn, "restored", now)


async def accounts_told(conn: Conn, alarm_id: AlarmId) -> tuple[AccountId, ...]:
    """Everybody whom a message of this alarm has reached, or may have."""
    return tuple(await store.accounts_told(conn, alarm_id))


async def is_anybody_told_since(conn: Conn, alarm_id: AlarmId, since: datetime) -> bool:
    """Whether a personal channel has taken a notification of this alarm that was made since then."""
    return await store.is_anybody_told_since(conn, alarm_id, since)


async def list_told_by_alarm(conn: Conn, alarm_ids: Sequence[AlarmId]) -> dict[AlarmId, list[Told]]:
    """Who was told of each of these alarms, in the order of telling."""
    rows = await answer_store.list_told(conn, alarm_ids)
    return {alarm_id: list(of_alarm) for alarm_id, of_alarm in groupby(rows, key=lambda row: row.alarm_id)}


async def adjust_notifications_to_clock(conn: Conn, clock_set: ClockSet) -> None:
    """A clock that was set back holds nothing back; set forward, it tries once early. Links hold as long as before."""
    await answer_store.adjust_links_to_clock(conn, clock_set)
    if clock_set.by < timedelta():
        await store.move_attempts_earlier(conn, -clock_set.by)


async def clamp_links(conn: Conn, now: datetime) -> None:
    """At a start with a clock that is behind: links hold for no longer than when they were made."""
    await answer_store.clamp_links(conn, now)


async def open_link(conn: Conn, token: str, now: datetime) -> AcceptLink | None:
    """The accept link with this token, unless its time is over. Changes nothing: previews open links too."""
    found = await answer_store.find_link(conn, token_hash(token))
    return found if found is not None and found.ends_at > now else None


async def note_answer(conn: Conn, link: AcceptLink, now: datetime) -> None:
    """The person has answered through the link, so its message has arrived."""
    await answer_store.set_answered(conn, link.notification_id, now)


def token_hash(token: str) -> bytes:
    """What the database knows of a link's token."""
    return sha256(token.encode()).digest()


def _choose_methods(methods: Iterable[ContactMethod], telling: Telling) -> Iterator[ContactMethod]:
    """Of each account's methods, best first, those to use at once."""
    for account_id, own in groupby(methods, key=lambda method: method.account_id):
        ranked = list(own)
        working = [method for method in ranked if method.works] or ranked
        asks = telling.facts.priority == Priority.P1 and telling.facts.asks(telling.template, account_id)
        in_parallel = asks or telling.template is Template.LAST_RESORT
        yield from working if in_parallel else working[:1]
