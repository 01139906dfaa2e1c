"""Which rows of the outbox are due, and who has them now. One function, one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from psycopg.rows import dict_row

from hub.kit.bulkhead import Defect, call_in_bulkhead
from hub.kit.db import Conn
from hub.kit.ids import AccountId, AlarmId, CentreId, OrganisationId
from hub.notices.parking import PolledRow
from hub.notifications.model import RINGING, AlarmFacts, LeasedNotification, Recipient, Template
from hub.notifications.slots import Destination, DueNotification


async def list_due_notifications(
    conn: Conn, now: datetime, longest_wait: timedelta, of_each: int, but_not: Sequence[str]
) -> list[DueNotification]:
    """What is due, at most `of_each` of one channel and address: firsts before repeats, urgent and old ones first.

    A destination with thousands hides no other. Parked rows are left out, and those with the ids `but_not`.
    Nothing is locked: `lease_notifications` looks again.
    """
    async with conn.cursor(row_factory=dict_row) as cur:
        await cur.execute(
            """
            WITH due AS (
              SELECT notification.id, notification.centre_id, notification.alarm_id, notification.n,
                     notification.account_id, notification.contact_method_id, notification.channel,
                     contact_method.address, notification.priority, notification.template, notification.next_at,
                     notification.tries,
                     notification.template = %(last_resort)s OR notification.priority = 'P1' AND (
                       notification.template = ANY(%(ringing)s)
                       OR notification.template = %(pressed_again)s
                          AND notification.params ->> 'owner_id' = notification.account_id) AS goes_everywhere,
                     NOT EXISTS (
                       SELECT FROM notification AS earlier
                        WHERE earlier.contact_method_id = notification.contact_method_id
                          AND earlier.alarm_id = notification.alarm_id AND earlier.n < notification.n
                          AND earlier.tries > 0
                          AND (earlier.template = notification.template
                               OR earlier.template = ANY(%(ringing)s) AND notification.template = ANY(%(ringing)s))
                     ) AS is_first,
                     EXISTS (
                       SELECT FROM notification AS newer
                        WHERE newer.contact_method_id = notification.contact_method_id
                          AND newer.alarm_id = notification.alarm_id AND newer.n > notification.n
                          AND newer.state NOT IN ('refused', 'dead')
                          AND (newer.template = notification.template
                               OR newer.template = ANY(%(ringing)s) AND notification.template = ANY(%(ringing)s))
                     ) AS is_superseded
                FROM notification
                JOIN contact_method ON contact_method.id = notification.contact_method_id
               WHERE notification.state = 'queued' AND notification.id <> ALL(%(but_not)s)
                 -- later than any retry can be: of a clock that has been set back since
                 AND (notification.next_at <= %(now)s OR notification.next_at > %(now)s + %(longest_wait)s)
                 AND NOT EXISTS (
                   SELECT FROM parked_rows_at('notification', %(now)s) AS parked WHERE parked.row_id = notification.id)
            ), ranked AS (
              SELECT due.*, row_number() OVER (
                       PARTITION BY channel, address
                           ORDER BY is_superseded, NOT is_first, tries > 0, priority, next_at, id) AS place
                FROM due
            )
            SELECT id, centre_id, alarm_id, n, account_id, channel, address, priority, tries, is_first,
                   coalesce(goes_everywhere, false) AS goes_everywhere, is_superseded,
                   -- as a number, which holds infinity, too: one odd row must not hide the others
                   extract(epoch FROM next_at)::double precision AS due_at_epoch
              FROM ranked
             WHERE place <= %(of_each)s
            """,
            {
                "now": now,
                "longest_wait": longest_wait,
                "of_each": of_each,
                "but_not": list(but_not),
                "ringing": sorted(RINGING),
                "pressed_again": Template.PRESSED_AGAIN,
                "last_resort": Template.LAST_RESORT,
            },
        )
        return [_build_due(row) for row in await cur.fetchall()]


def _build_due(row: Mapping[str, object]) -> DueNotification:
    match row:
        case {
            "id": str(notification_id),
            "centre_id": str(centre_id),
            "alarm_id": str(alarm_id),
            "n": int(n),
            "account_id": str(account_id),
            "channel": str(channel),
            "address": str(address),
            "priority": str(priority),
            "due_at_epoch": float(due_at_epoch),
            "tries": int(tries),
            "is_first": bool(is_first),
            "goes_everywhere": bool(goes_everywhere),
            "is_superseded": bool(is_superseded),
        }:
            return DueNotification(
                id=notification_id,
                centre_id=CentreId(centre_id),
                alarm_id=AlarmId(alarm_id),
                n=n,
                account_id=AccountId(account_id),
                destination=Destination(channel, address),
                priority=priority,
                due_at_epoch=due_at_epoch,
                tries=tries,
                is_first=is_first,
                goes_everywhere=goes_everywhere,
                is_superseded=is_superseded,
            )
    raise AssertionError("a due notification has other columns than its statement")


async def requeue_expired(conn: Conn, in_flight: Sequence[str], longest: timedelta, now: datetime) -> int:
    """Queue again what was leased and not settled, except what is `in_flight`: it may be sent twice, and is never lost.

    Rows that another transaction has locked are skipped until the next time: this is book-keeping, and an alarm's
    transaction that holds them never waits for it (DECISIONS 37).
    """
    cursor = await conn.execute(
        """
        UPDATE notification
           SET state = CASE WHEN unwanted THEN 'dead' ELSE 'queued' END,
               error = CASE WHEN unwanted THEN 'withdrawn' ELSE error END,
               ended_at = CASE WHEN unwanted THEN %(now)s END,
               lease_until = NULL, leased_by = NULL, next_at = %(now)s
         WHERE id IN (SELECT id
                        FROM notification
                       WHERE state = 'leased' AND id <> ALL(%(in_flight)s)
                         -- later than any lease can end: of a clock that has been set back since
                         AND (lease_until <= %(now)s OR lease_until > %(now)s + %(longest)s)
                         FOR UPDATE SKIP LOCKED)
        """,
        {"now": now, "in_flight": list(in_flight), "longest": longest},
    )
    return cursor.rowcount


@dataclass(frozen=True, slots=True)
class UnreadableNotification:
    """A leased row that cannot be read as a notification."""

    row: PolledRow
    defect: Defect


@dataclass(frozen=True, slots=True)
class Leased:
    """What was leased, in the order that was asked for."""

    usable: tuple[LeasedNotification, ...]
    unusable: tuple[UnreadableNotification, ...]


async def lease_notifications(conn: Conn, by: str, until: datetime, ids: Sequence[str]) -> Leased:
    """Lease these notifications, except those that are not queued any more or that another transaction has locked."""
    async with conn.cursor(row_factory=dict_row) as cur:
        await cur.execute(
            """
            WITH due AS (
              SELECT id
                FROM notification
               WHERE id = ANY(%(ids)s) AND state = 'queued'
                 FOR UPDATE SKIP LOCKED
            ), leased AS (
              UPDATE notification
                 SET state = 'leased', lease_until = %(until)s, leased_by = %(by)s,
                     tries = least(tries, 1000000) + 1  -- one row at its type's end would refuse them all
                FROM due
               WHERE notification.id = due.id
              RETURNING notification.id, notification.centre_id, notification.alarm_id, notification.n,
                        notification.account_id, notification.contact_method_id, notification.channel,
                        notification.priority, notification.template, notification.params, notification.tries,
                        notification.made_at
            )
            SELECT leased.id, leased.centre_id, leased.alarm_id, leased.n, leased.account_id, leased.channel,
                   leased.template, leased.params, leased.tries, leased.made_at, contact_method.address,
                   account.name, account.phone, account.language,
                   -- The centre's own people, and those above it, are told by the organisation that runs it.
                   coalesce(account.organisation_id, centre.organisation_id) AS organisation_id
              FROM leased
              JOIN contact_method ON contact_method.id = leased.contact_method_id
              JOIN account ON account.id = leased.account_id
              JOIN centre ON centre.id = leased.centre_id
             ORDER BY array_position(%(ids)s, leased.id)
            """,
            {"until": until, "by": by, "ids": list(ids)},
        )
        rows = await cur.fetchall()
    read = [(row, call_in_bulkhead(f"notification {row['id']}", partial(_build_outgoing, row))) for row in rows]
    return Leased(
        usable=tuple(one for _, one in read if not isinstance(one, Defect)),
        unusable=tuple(
            UnreadableNotification(_build_polled_row(row), one) for row, one in read if isinstance(one, Defect)
        ),
    )


def _build_polled_row(row: Mapping[str, object]) -> PolledRow:
    return PolledRow("notification", str(row["id"]), CentreId(str(row["centre_id"])))


def _build_outgoing(row: Mapping[str, object]) -> LeasedNotification:
    """One leased row, without a link yet."""
    match row:
        case {
            "id": str(notification_id),
            "centre_id": str(centre_id),
            "alarm_id": str(alarm_id),
            "n": int(n),
            "account_id": str(account_id),
            "channel": str(channel),
            "template": str(template),
            "params": dict(params),
            "tries": int(tries),
            "made_at": datetime() as made_at,
            "address": str(address),
            "name": str(name),
            "phone": str(phone),
            "language": str(language),
            "organisation_id": None | str() as organisation_id,
        }:
            to = Recipient(
                AccountId(account_id),
                None if organisation_id is None else OrganisationId(organisation_id),
                name,
                phone,
                language,
                address,
            )
            return LeasedNotification(
                id=notification_id,
                centre_id=CentreId(centre_id),
                alarm_id=AlarmId(alarm_id),
                n=n,
                channel=channel,
                template=Template(template),
                facts=AlarmFacts(**params),
                to=to,
                tries=tries,
                made_at=made_at,
                token=None,
            )
    raise AssertionError("a leased notification has other columns than its statement")


async def drop_superseded(conn: Conn, ids: Sequence[str], now: datetime) -> None:
    """A newer message to the same contact says what these would; locked ones are left for the next time."""
    await conn.execute(
        """
        UPDATE notification
           SET state = 'dead', unwanted = true, error = 'superseded', ended_at = %(now)s
         WHERE id IN (SELECT id
                        FROM notification
                       WHERE id = ANY(%(ids)s) AND state = 'queued'
                         FOR UPDATE SKIP LOCKED)
        """,
        {"ids": list(ids), "now": now},
    )


async def refuse_unsent(conn: Conn, notification_id: str, error: str, now: datetime) -> bool:
    """This channel is at its end without an attempt; False when the notification is not queued any more."""
    cursor = await conn.execute(
        """
        UPDATE notification
           SET state = 'refused', error = %(error)s, ended_at = %(now)s
         WHERE id = %(id)s AND state = 'queued'
        """,
        {"id": notification_id, "error": error, "now": now},
    )
    return cursor.rowcount > 0
