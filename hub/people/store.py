"""The rows of seniors, relations, consents and vetoes. One function, one statement."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from hub.kit.db import Conn
from hub.kit.ids import AccountId, CentreId, SeniorId
from hub.people.model import ConsentRecord, Purpose, RelationRecord, SeniorRecord, VetoSource


async def find_senior(conn: Conn, senior_id: SeniorId) -> tuple[CentreId, UUID] | None:
    """A senior's centre, and the token that stands for her in the ledger."""
    cursor = await conn.execute("SELECT centre_id, person FROM senior WHERE id = %(id)s", {"id": senior_id})
    row = await cursor.fetchone()
    return None if row is None else (CentreId(row[0]), row[1])


async def upsert_senior(conn: Conn, record: SeniorRecord) -> tuple[UUID, bool] | None:
    """Write a senior's record where it differs; her token and whether she is new, None when nothing changed.

    Her card only when she is new: see `set_card`.
    """
    cursor = await conn.execute(
        """
        INSERT INTO senior AS held (id, centre_id, name, address_as, address_as_en, born_on, categories, home_address,
                                    access_notes, risks, hearing, language, card_token, objects_to_being_seen)
        VALUES (%(id)s, %(centre_id)s, %(name)s, %(address_as)s, %(address_as_en)s, %(born_on)s, %(categories)s,
                %(home_address)s, %(access_notes)s, %(risks)s, %(hearing)s, %(language)s, %(card_token)s,
                %(objects_to_being_seen)s)
            ON CONFLICT (id) DO UPDATE
           SET name = excluded.name, address_as = excluded.address_as, address_as_en = excluded.address_as_en,
               born_on = excluded.born_on, categories = excluded.categories, home_address = excluded.home_address,
               access_notes = excluded.access_notes, risks = excluded.risks, hearing = excluded.hearing,
               language = excluded.language, objects_to_being_seen = excluded.objects_to_being_seen
         WHERE (held.name, held.address_as, held.address_as_en, held.born_on, held.categories, held.home_address,
                held.access_notes, held.risks, held.hearing, held.language, held.objects_to_being_seen)
               IS DISTINCT FROM
               (excluded.name, excluded.address_as, excluded.address_as_en, excluded.born_on, excluded.categories,
                excluded.home_address, excluded.access_notes, excluded.risks, excluded.hearing, excluded.language,
                excluded.objects_to_being_seen)
        RETURNING person, xmax = 0
        """,
        {
            "id": record.id,
            "centre_id": record.centre_id,
            "name": record.name,
            "address_as": record.address_as,
            "address_as_en": record.address_as_en,
            "born_on": record.born_on,
            "categories": list(record.categories),
            "home_address": record.home_address,
            "access_notes": record.access_notes,
            "risks": record.risks,
            "hearing": record.hearing,
            "language": record.language,
            "card_token": record.card_token,
            "objects_to_being_seen": record.objects_to_being_seen,
        },
    )
    row = await cursor.fetchone()
    return None if row is None else (row[0], bool(row[1]))


async def card_holders_except(conn: Conn, senior_ids: Sequence[SeniorId], cards: Sequence[str]) -> list[SeniorId]:
    """Who holds one of these cards and is not one of these seniors."""
    cursor = await conn.execute(
        """
        SELECT id
          FROM senior
         WHERE card_token = ANY(%(cards)s) AND id <> ALL(%(senior_ids)s)
         ORDER BY id
        """,
        {"senior_ids": list(senior_ids), "cards": list(cards)},
    )
    return [SeniorId(row[0]) for row in await cursor.fetchall()]


async def revoke_cards(
    conn: Conn, senior_ids: Sequence[SeniorId], cards: Sequence[str | None]
) -> list[tuple[SeniorId, UUID]]:
    """Whoever of these seniors holds a card that is now another's has none; gives them with their tokens."""
    cursor = await conn.execute(
        """
        UPDATE senior
           SET card_token = NULL
          FROM unnest(%(senior_ids)s::text[], %(cards)s::text[]) AS given (senior_id, card)
         WHERE senior.card_token = given.card AND senior.id <> given.senior_id
        RETURNING senior.id, senior.person
        """,
        {"senior_ids": list(senior_ids), "cards": list(cards)},
    )
    return [(SeniorId(row[0]), row[1]) for row in await cursor.fetchall()]


async def set_card(conn: Conn, senior_id: SeniorId, card_token: str | None) -> UUID | None:
    """The card of a senior, where it is another: her token, None when nothing changed.

    By itself, because to write a unique column, changed or not, locks out whoever refers to her, such as a press.
    """
    cursor = await conn.execute(
        """
        UPDATE senior
           SET card_token = %(card_token)s
         WHERE id = %(id)s AND card_token IS DISTINCT FROM %(card_token)s
        RETURNING person
        """,
        {"id": senior_id, "card_token": card_token},
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def upsert_relation(conn: Conn, relation_id: str, record: RelationRecord, now: datetime) -> bool | None:
    """Write a relation where it differs: whether it is new, None when nothing changed.

    It confirms and blocks, and revokes neither a confirmation nor a block.
    """
    cursor = await conn.execute(
        """
        INSERT INTO relation AS tie (id, account_id, senior_id, kinship, confirmed_by, confirmed_at, blocked_at)
        VALUES (%(id)s, %(account_id)s, %(senior_id)s, %(kinship)s, %(confirmed_by)s, %(confirmed_at)s,
                %(blocked_at)s)
            ON CONFLICT (account_id, senior_id) DO UPDATE
           SET kinship = excluded.kinship,
               confirmed_by = coalesce(tie.confirmed_by, excluded.confirmed_by),
               confirmed_at = coalesce(tie.confirmed_at, excluded.confirmed_at),
               blocked_at = coalesce(tie.blocked_at, excluded.blocked_at)
         WHERE tie.kinship <> excluded.kinship
            OR (tie.confirmed_by IS NULL AND excluded.confirmed_by IS NOT NULL)
            OR (tie.confirmed_at IS NULL AND excluded.confirmed_at IS NOT NULL)
            OR (tie.blocked_at IS NULL AND excluded.blocked_at IS NOT NULL)
        RETURNING xmax = 0
        """,
        {
            "id": relation_id,
            "account_id": record.account_id,
            "senior_id": record.senior_id,
            "kinship": record.kinship,
            "confirmed_by": record.confirmed_by,
            "confirmed_at": now if record.confirmed_by else None,
            "blocked_at": now if record.blocked else None,
        },
    )
    row = await cursor.fetchone()
    return None if row is None else bool(row[0])


async def is_related(conn: Conn, account_id: AccountId, senior_id: SeniorId) -> bool:
    """Whether the account has a relation to the senior, confirmed or not, blocked or not."""
    cursor = await conn.execute(
        "SELECT EXISTS (SELECT FROM relation WHERE account_id = %(account_id)s AND senior_id = %(senior_id)s)",
        {"account_id": account_id, "senior_id": senior_id},
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def insert_first_consent(conn: Conn, consent_id: str, record: ConsentRecord, now: datetime) -> bool:
    """Write a consent unless one for the same was ever given, withdrawn or not; whether it was written."""
    cursor = await conn.execute(
        """
        INSERT INTO consent (id, senior_id, account_id, covers, given_at, explained_by, language, witness,
                             text_version, ends_at)
        SELECT %(id)s, %(senior_id)s, %(account_id)s, %(covers)s, %(now)s, %(explained_by)s, %(language)s,
               %(witness)s, %(text_version)s, %(ends_at)s
         WHERE NOT EXISTS (
               SELECT FROM consent
                WHERE senior_id = %(senior_id)s AND account_id = %(account_id)s AND covers = %(covers)s)
        RETURNING id
        """,
        {
            "id": consent_id,
            "senior_id": record.senior_id,
            "account_id": record.account_id,
            "covers": record.purpose,
            "now": now,
            "explained_by": record.explained_by,
            "language": record.language,
            "witness": record.witness,
            "text_version": record.text_version,
            "ends_at": record.ends_at,
        },
    )
    return await cursor.fetchone() is not None


async def longer_consent(conn: Conn, record: ConsentRecord, ends_at: datetime) -> str | None:
    """The id of the standing consent for the same that would last longer than to `ends_at`, None without one."""
    cursor = await conn.execute(
        """
        SELECT id
          FROM consent
         WHERE senior_id = %(senior_id)s AND account_id = %(account_id)s AND covers = %(covers)s
           AND withdrawn_at IS NULL AND coalesce(ends_at, 'infinity') > %(ends_at)s
        """,
        {
            "senior_id": record.senior_id,
            "account_id": record.account_id,
            "covers": record.purpose,
            "ends_at": ends_at,
        },
    )
    row = await cursor.fetchone()
    return None if row is None else str(row[0])


async def set_consent_end(conn: Conn, consent_id: str, ends_at: datetime) -> None:
    """Let a consent end at `ends_at`, unless it ends before."""
    await conn.execute(
        "UPDATE consent SET ends_at = least(ends_at, %(ends_at)s) WHERE id = %(id)s",
        {"id": consent_id, "ends_at": ends_at},
    )


async def end_consent(conn: Conn, consent_id: str, now: datetime) -> tuple[SeniorId, AccountId, Purpose] | None:
    """The consent holds no more: whose, for whom and to what it was, None when it did not hold any more."""
    cursor = await conn.execute(
        """
        UPDATE consent
           SET withdrawn_at = greatest(given_at, %(now)s)
         WHERE id = %(id)s AND withdrawn_at IS NULL
        RETURNING senior_id, account_id, covers
        """,
        {"id": consent_id, "now": now},
    )
    row = await cursor.fetchone()
    return None if row is None else (SeniorId(row[0]), AccountId(row[1]), Purpose(row[2]))


async def withdraw_consents(conn: Conn, senior_id: SeniorId, purpose: Purpose, now: datetime) -> list[AccountId]:
    """Withdraw every standing consent of a senior to this; gives those for whom they were."""
    cursor = await conn.execute(
        """
        UPDATE consent
           SET withdrawn_at = %(now)s
         WHERE senior_id = %(senior_id)s AND covers = %(covers)s AND withdrawn_at IS NULL
        RETURNING account_id
        """,
        {"senior_id": senior_id, "covers": purpose, "now": now},
    )
    return sorted(AccountId(row[0]) for row in await cursor.fetchall())


async def insert_veto(
    conn: Conn, veto_id: str, senior_id: SeniorId, source: VetoSource, now: datetime, until: datetime | None
) -> bool:
    """Write "not now" from `now` until then (None: until it is revoked); whether it was written.

    Nothing is written when one holds already that ends no earlier.
    """
    cursor = await conn.execute(
        """
        INSERT INTO veto (id, senior_id, from_at, until_at, said_by)
        SELECT %(id)s, %(senior_id)s, %(now)s, %(until)s, %(said_by)s
         WHERE NOT EXISTS (
               SELECT FROM veto
                WHERE senior_id = %(senior_id)s AND from_at <= %(now)s
                  AND coalesce(until_at, 'infinity') >= coalesce(%(until)s, 'infinity'::timestamptz))
        RETURNING id
        """,
        {"id": veto_id, "senior_id": senior_id, "now": now, "until": until, "said_by": source},
    )
    return await cursor.fetchone() is not None


async def end_vetoes(conn: Conn, senior_id: SeniorId, now: datetime) -> bool:
    """End what a senior has said "not now" to, so that nothing of it holds from `now` on; whether anything did."""
    cursor = await conn.execute(
        """
        UPDATE veto
           SET until_at = greatest(from_at, %(now)s), ended_at = %(now)s
         WHERE senior_id = %(senior_id)s AND (until_at IS NULL OR until_at > %(now)s)
        RETURNING id
        """,
        {"senior_id": senior_id, "now": now},
    )
    return await cursor.fetchone() is not None


async def end_veto(conn: Conn, veto_id: str, now: datetime) -> SeniorId | None:
    """Write that the time of a "not now" is over; whose it was, None when that is written already."""
    cursor = await conn.execute(
        """
        UPDATE veto
           SET ended_at = %(now)s
         WHERE id = %(id)s AND ended_at IS NULL AND until_at <= %(now)s
        RETURNING senior_id
        """,
        {"id": veto_id, "now": now},
    )
    row = await cursor.fetchone()
    return SeniorId(row[0]) if row else None


async def has_veto(conn: Conn, senior_id: SeniorId, now: datetime) -> bool:
    """Whether a "not now" of this senior holds."""
    cursor = await conn.execute(
        """
        SELECT EXISTS (
          SELECT FROM veto
           WHERE senior_id = %(senior_id)s AND from_at <= %(now)s AND (until_at IS NULL OR until_at > %(now)s))
        """,
        {"senior_id": senior_id, "now": now},
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])
