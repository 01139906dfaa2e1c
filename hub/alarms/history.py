"""What does somebody read who asks for alarms by number: how they went, and what staff wrote about them?"""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from hub.alarms import card
from hub.alarms.card import AlarmCard, AlarmStory
from hub.kit.db import Conn
from hub.kit.ids import AccountId, AlarmId, CentreId
from hub.ledger.edit import Edit
from hub.ledger.model import Chain


@dataclass(frozen=True, slots=True)
class WrittenSentence:
    """What somebody wrote of an alarm: `about` is `arrival`, `outcome` or `review`."""

    about: str
    at: datetime
    by_id: str
    by_name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class WholeAlarm:
    """The alarm with its timeline and everything that staff wrote, the oldest first."""

    story: AlarmStory
    sentences: tuple[WrittenSentence, ...]


async def newest_cards(conn: Conn, centre_id: CentreId, limit: int) -> list[AlarmCard]:
    """At most so many alarms of the centre, closed ones too: the newest, in the order in which they opened."""
    cursor = await conn.execute(
        """
        SELECT id
          FROM alarm
         WHERE centre_id = %(centre_id)s
         ORDER BY opened_at DESC, id DESC
         LIMIT %(limit)s
        """,
        {"centre_id": centre_id, "limit": limit},
    )
    return await card.cards_of(conn, [AlarmId(alarm_id) for (alarm_id,) in await cursor.fetchall()])


async def find_alarm(conn: Conn, centre_id: CentreId, wanted: str) -> AlarmId | None:
    """The alarm with this id, or the newest with this number: a number such as 23-07 comes again every month."""
    cursor = await conn.execute(
        """
        SELECT id
          FROM alarm
         WHERE centre_id = %(centre_id)s AND (id = %(wanted)s OR number = %(wanted)s)
         ORDER BY opened_at DESC, id DESC
         LIMIT 1
        """,
        {"centre_id": centre_id, "wanted": wanted},
    )
    row = await cursor.fetchone()
    return AlarmId(row[0]) if row else None


async def numbers_owned_by(conn: Conn, account_id: AccountId) -> list[str]:
    """The numbers of the live alarms that this account owns, the oldest first."""
    cursor = await conn.execute(
        """
        SELECT number
          FROM alarm
         WHERE owner_id = %(account_id)s AND state IN ('accepted', 'on_scene')
         ORDER BY opened_at, id
        """,
        {"account_id": account_id},
    )
    return [str(number) for (number,) in await cursor.fetchall()]


async def read_whole_alarm(edit: Edit, alarm_id: AlarmId) -> WholeAlarm | None:
    """The whole alarm, None when there is none; that its author reads what staff wrote is noted."""
    story = await card.read_story(edit.conn, alarm_id)
    if story is None:
        return None
    sentences = tuple(await _sentences_of(edit.conn, alarm_id))
    if sentences:
        edit.note_entry(story.centre_id, Chain.ACCESS, "alarm-sentences-read", alarm=alarm_id)
    return WholeAlarm(story, sentences)


async def _sentences_of(conn: Conn, alarm_id: AlarmId) -> list[WrittenSentence]:
    async with conn.cursor(row_factory=class_row(WrittenSentence)) as cur:
        await cur.execute(
            """
            SELECT alarm_sentence.about, alarm_sentence.at, account.id AS by_id, account.name AS by_name,
                   alarm_sentence.sentence
              FROM alarm_sentence
              JOIN account ON account.id = alarm_sentence.by_account
             WHERE alarm_sentence.alarm_id = %(alarm_id)s
             ORDER BY alarm_sentence.at, alarm_sentence.id
            """,
            {"alarm_id": alarm_id},
        )
        return await cur.fetchall()
