"""The rows that a centre's file becomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hub.centre.file import Account, Centre, Consent, Contact, Device, Organisation, Relation, Room, Senior, Shift
from hub.kit.db import Conn
from hub.kit.ids import AccountId, CentreId


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account of the file, and what the import adds to it."""

    account: Account
    centre_id: CentreId
    organisation_id: str | None
    demo: bool
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class Held:
    """The one centre that a database holds, and whether the demo wrote it."""

    centre_id: CentreId
    is_demo: bool


async def held(conn: Conn) -> Held | None:
    """What this database holds; None before the first import."""
    async with conn.cursor(row_factory=class_row(Held)) as cur:
        await cur.execute(
            """
            SELECT id AS centre_id, EXISTS (SELECT FROM account WHERE demo) AS is_demo
              FROM centre
             ORDER BY id
             LIMIT 1
            """
        )
        return await cur.fetchone()


async def cards_of_others(conn: Conn, seniors: Sequence[str], cards: Sequence[str]) -> list[str]:
    """Who holds one of these cards and is not one of these seniors."""
    cursor = await conn.execute(
        """
        SELECT id
          FROM senior
         WHERE card_token = ANY(%(cards)s) AND id <> ALL(%(seniors)s)
         ORDER BY id
        """,
        {"seniors": list(seniors), "cards": list(cards)},
    )
    return [row[0] for row in await cursor.fetchall()]


async def take_cards_back(conn: Conn, seniors: Sequence[str], cards: Sequence[str | None]) -> None:
    """Whoever of these seniors holds a card that is now another's has none."""
    await conn.execute(
        """
        UPDATE senior
           SET card_token = NULL
          FROM unnest(%(seniors)s::text[], %(cards)s::text[]) AS given (senior_id, card)
         WHERE senior.card_token = given.card AND senior.id <> given.senior_id
        """,
        {"seniors": list(seniors), "cards": list(cards)},
    )


async def cameras_in(conn: Conn, centre_id: CentreId, types: Sequence[str]) -> list[tuple[str, str]]:
    """Each camera that stands in a room of one of these types, with the room."""
    cursor = await conn.execute(
        """
        SELECT device.id, room.id
          FROM device
          JOIN assignment ON assignment.device_id = device.id AND assignment.to_at IS NULL
          JOIN room ON room.id = assignment.room_id
         WHERE device.centre_id = %(centre_id)s AND device.kind = 'camera' AND room.type = ANY(%(types)s)
         ORDER BY device.id
        """,
        {"centre_id": centre_id, "types": list(types)},
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def end_other_shifts(conn: Conn, centre_id: CentreId, shift_ids: Sequence[str], now: datetime) -> None:
    """Shifts of an earlier import that are still to come and are not among these will not be."""
    await conn.execute(
        """
        UPDATE shift
           SET ended_at = %(now)s
         WHERE centre_id = %(centre_id)s AND id LIKE 'shift-%%' AND from_at > %(now)s AND ended_at IS NULL
           AND NOT id = ANY(%(shift_ids)s)
        """,
        {"centre_id": centre_id, "shift_ids": list(shift_ids), "now": now},
    )


async def upsert_organisation(conn: Conn, organisation: Organisation) -> None:
    """The organisation that runs the centre."""
    await conn.execute(
        """
        INSERT INTO organisation (id, name, name_en)
        VALUES (%(id)s, %(name)s, %(name_en)s)
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_en = excluded.name_en
        """,
        organisation.model_dump(),
    )


async def upsert_centre(conn: Conn, centre: Centre, organisation_id: str, *, opens: time, closes: time) -> None:
    """The building and its hours."""
    await conn.execute(
        """
        INSERT INTO centre (id, organisation_id, name, name_en, address, phone, timezone, opens, closes)
        VALUES (%(id)s, %(organisation_id)s, %(name)s, %(name_en)s, %(address)s, %(phone)s, %(timezone)s, %(opens)s,
                %(closes)s)
            ON CONFLICT (id) DO UPDATE
           SET organisation_id = excluded.organisation_id, name = excluded.name, name_en = excluded.name_en,
               address = excluded.address, phone = excluded.phone, timezone = excluded.timezone,
               opens = excluded.opens, closes = excluded.closes
        """,
        {
            **centre.model_dump(),
            "organisation_id": organisation_id,
            "opens": opens,
            "closes": closes,
        },
    )


async def upsert_room(conn: Conn, centre_id: CentreId, room: Room) -> None:
    """A room and its place on the floor plan."""
    await conn.execute(
        """
        INSERT INTO room (id, centre_id, name, name_en, type, plan_column, plan_row, plan_width, plan_height)
        VALUES (%(id)s, %(centre_id)s, %(name)s, %(name_en)s, %(type)s, %(plan_column)s, %(plan_row)s,
                %(plan_width)s, %(plan_height)s)
            ON CONFLICT (id) DO UPDATE
           SET name = excluded.name, name_en = excluded.name_en, type = excluded.type,
               plan_column = excluded.plan_column, plan_row = excluded.plan_row,
               plan_width = excluded.plan_width, plan_height = excluded.plan_height
        """,
        {**room.model_dump(), "centre_id": centre_id},
    )


async def upsert_senior(conn: Conn, centre_id: CentreId, senior: Senior) -> None:
    """A senior's record; her card only when she is new, see `set_card`."""
    await conn.execute(
        """
        INSERT INTO senior (id, centre_id, name, address_as, address_as_en, born_on, categories, home_address,
                            access_notes, risks, hearing, language, card_token, objects_to_being_seen)
        VALUES (%(id)s, %(centre_id)s, %(name)s, %(address_as)s, %(address_as_en)s, %(born_on)s, %(categories)s,
                %(home_address)s, %(access_notes)s, %(risks)s, %(hearing)s, %(language)s, %(card_token)s,
                %(objects_to_being_seen)s)
            ON CONFLICT (id) DO UPDATE
           SET name = excluded.name, address_as = excluded.address_as, address_as_en = excluded.address_as_en,
               born_on = excluded.born_on, categories = excluded.categories, home_address = excluded.home_address,
               access_notes = excluded.access_notes, risks = excluded.risks, hearing = excluded.hearing,
               language = excluded.language, objects_to_being_seen = excluded.objects_to_being_seen
        """,
        {**senior.model_dump(), "categories": list(senior.categories), "centre_id": centre_id},
    )


async def set_card(conn: Conn, senior: Senior) -> None:
    """The card of a senior, where it is another.

    By itself, because to write a unique column, changed or not, locks out whoever refers to her, such as a press.
    """
    await conn.execute(
        """
        UPDATE senior
           SET card_token = %(card_token)s
         WHERE id = %(id)s AND card_token IS DISTINCT FROM %(card_token)s
        """,
        {"id": senior.id, "card_token": senior.card_token},
    )


async def upsert_account(conn: Conn, row: AccountRow) -> bool:
    """An account; whether it is new. A password that somebody has chosen is never overwritten."""
    account = row.account
    cursor = await conn.execute(
        """
        INSERT INTO account (id, centre_id, organisation_id, role, name, name_en, phone, email, language,
                             password_hash, demo)
        VALUES (%(id)s, %(centre_id)s, %(organisation_id)s, %(role)s, %(name)s, %(name_en)s, %(phone)s, %(email)s,
                %(language)s, %(password_hash)s, %(demo)s)
            ON CONFLICT (id) DO UPDATE
           SET organisation_id = excluded.organisation_id, role = excluded.role, name = excluded.name,
               name_en = excluded.name_en, phone = excluded.phone, email = excluded.email,
               language = excluded.language
        RETURNING xmax = 0
        """,
        {
            **account.model_dump(include={"id", "role", "name", "name_en", "phone", "email", "language"}),
            "centre_id": row.centre_id,
            "organisation_id": row.organisation_id,
            "password_hash": row.password_hash,
            "demo": row.demo,
        },
    )
    written = await cursor.fetchone()
    return written is not None and bool(written[0])


async def upsert_contact(
    conn: Conn, contact_id: str, account_id: AccountId, contact: Contact, rank: int, now: datetime
) -> None:
    """A way to reach an account, taken as verified by whoever wrote the file."""
    await conn.execute(
        """
        INSERT INTO contact_method (id, account_id, channel, address, verified_at, rank)
        VALUES (%(id)s, %(account_id)s, %(channel)s, %(address)s, %(now)s, %(rank)s)
            ON CONFLICT (account_id, channel, address) DO UPDATE
           SET rank = excluded.rank, verified_at = coalesce(contact_method.verified_at, excluded.verified_at)
        """,
        {
            "id": contact_id,
            "account_id": account_id,
            "channel": contact.channel,
            "address": contact.address,
            "now": now,
            "rank": rank,
        },
    )


async def remove_other_contacts(conn: Conn, account_id: AccountId, addresses: Sequence[str]) -> None:
    """Ways that the file no longer names count as unverified: they are not used any more."""
    await conn.execute(
        """
        UPDATE contact_method
           SET verified_at = NULL
         WHERE account_id = %(account_id)s AND NOT address = ANY(%(addresses)s)
        """,
        {"account_id": account_id, "addresses": list(addresses)},
    )


async def upsert_relation(conn: Conn, relation_id: str, relation: Relation, now: datetime) -> None:
    """Who is whose relative. A file confirms and blocks; it never takes back what staff confirmed or blocked since."""
    await conn.execute(
        """
        INSERT INTO relation AS tie (id, account_id, senior_id, kinship, confirmed_by, confirmed_at, blocked_at)
        VALUES (%(id)s, %(account_id)s, %(senior_id)s, %(kinship)s, %(confirmed_by)s, %(confirmed_at)s,
                %(blocked_at)s)
            ON CONFLICT (account_id, senior_id) DO UPDATE
           SET kinship = excluded.kinship,
               confirmed_by = coalesce(tie.confirmed_by, excluded.confirmed_by),
               confirmed_at = coalesce(tie.confirmed_at, excluded.confirmed_at),
               blocked_at = coalesce(tie.blocked_at, excluded.blocked_at)
        """,
        {
            "id": relation_id,
            "account_id": relation.account,
            "senior_id": relation.senior,
            "kinship": relation.kinship,
            "confirmed_by": relation.confirmed_by,
            "confirmed_at": now if relation.confirmed_by else None,
            "blocked_at": now if relation.blocked else None,
        },
    )


async def insert_consent(conn: Conn, consent_id: str, consent: Consent, covers: str, now: datetime) -> None:
    """A consent as it was recorded; one that stands, and one that was ever withdrawn, stay as they are."""
    await conn.execute(
        """
        INSERT INTO consent (id, senior_id, account_id, covers, given_at, explained_by, language, witness,
                             text_version)
        SELECT %(id)s, %(senior_id)s, %(account_id)s, %(covers)s, %(now)s, %(explained_by)s, %(language)s,
               %(witness)s, %(text_version)s
         WHERE NOT EXISTS (
               SELECT FROM consent
                WHERE senior_id = %(senior_id)s AND account_id = %(account_id)s AND covers = %(covers)s)
        """,
        {
            "id": consent_id,
            "senior_id": consent.senior,
            "account_id": consent.account,
            "covers": covers,
            "now": now,
            "explained_by": consent.explained_by,
            "language": consent.language,
            "witness": consent.witness,
            "text_version": consent.text_version,
        },
    )


async def upsert_device(conn: Conn, centre_id: CentreId, device: Device) -> bool:
    """A device; whether it has no credentials yet."""
    cursor = await conn.execute(
        """
        INSERT INTO device (id, centre_id, kind, name, name_en, rtsp_url, heartbeat)
        VALUES (%(id)s, %(centre_id)s, %(kind)s, %(name)s, %(name_en)s, %(rtsp_url)s, %(heartbeat)s)
            ON CONFLICT (id) DO UPDATE
           SET kind = excluded.kind, name = excluded.name, name_en = excluded.name_en,
               rtsp_url = excluded.rtsp_url, heartbeat = excluded.heartbeat
        RETURNING credential_hash IS NULL
        """,
        {
            **device.model_dump(include={"id", "kind", "name", "name_en", "rtsp_url"}),
            "centre_id": centre_id,
            "heartbeat": timedelta(seconds=device.heartbeat_seconds),
        },
    )
    written = await cursor.fetchone()
    return written is not None and bool(written[0])


async def set_credential(conn: Conn, device_id: str, credential_hash: bytes) -> None:
    """What is kept of a device's password."""
    await conn.execute(
        "UPDATE device SET credential_hash = %(hash)s WHERE id = %(id)s", {"id": device_id, "hash": credential_hash}
    )


async def assign(conn: Conn, assignment_id: str, device: Device, now: datetime) -> None:
    """Whose the device is from now on, nobody's when it names nobody; nothing changes when it was that already."""
    named = {
        "id": assignment_id,
        "device_id": device.id,
        "senior_id": device.senior,
        "room_id": device.room,
        "now": now,
    }
    await conn.execute(
        """
        UPDATE assignment
           SET to_at = %(now)s
         WHERE device_id = %(device_id)s AND to_at IS NULL
           AND (senior_id, room_id) IS DISTINCT FROM (%(senior_id)s::text, %(room_id)s::text)
        """,
        named,
    )
    await conn.execute(
        """
        INSERT INTO assignment (id, device_id, senior_id, room_id, from_at)
        SELECT %(id)s, %(device_id)s, %(senior_id)s, %(room_id)s, %(now)s
         WHERE (%(senior_id)s::text IS NOT NULL OR %(room_id)s::text IS NOT NULL)
           AND NOT EXISTS (SELECT FROM assignment WHERE device_id = %(device_id)s AND to_at IS NULL)
        """,
        named,
    )


async def insert_shift(conn: Conn, centre_id: CentreId, shift: Shift, from_at: datetime, to_at: datetime) -> str:
    """One shift, once; returns its id."""
    shift_id = f"shift-{shift.account}-{shift.duty}-{from_at:%Y%m%dT%H%M}"
    await conn.execute(
        """
        INSERT INTO shift (id, centre_id, account_id, duty, from_at, to_at)
        VALUES (%(id)s, %(centre_id)s, %(account_id)s, %(duty)s, %(from_at)s, %(to_at)s)
            ON CONFLICT (id) DO NOTHING
        """,
        {
            "id": shift_id,
            "centre_id": centre_id,
            "account_id": shift.account,
            "duty": shift.duty,
            "from_at": from_at,
            "to_at": to_at,
        },
    )
    return shift_id


async def put_policy(
    conn: Conn, policy_id: str, centre_id: CentreId, applies: str, tiers: list[dict[str, object]], now: datetime
) -> None:
    """The centre's tiers for these hours: a new version, unless they are the ones that hold already."""
    named = {"id": policy_id, "centre_id": centre_id, "applies": applies, "tiers": Jsonb(tiers), "now": now}
    await conn.execute(
        """
        UPDATE escalation_policy
           SET current = false
         WHERE centre_id = %(centre_id)s AND applies = %(applies)s AND current AND tiers <> %(tiers)s
        """,
        named,
    )
    await conn.execute(
        """
        INSERT INTO escalation_policy (id, centre_id, applies, name, version, tiers, made_at, current)
        SELECT %(id)s, %(centre_id)s, %(applies)s, 'imported',
               1 + coalesce((SELECT max(version) FROM escalation_policy
                              WHERE centre_id = %(centre_id)s AND applies = %(applies)s), 0),
               %(tiers)s, %(now)s, true
         WHERE NOT EXISTS (SELECT FROM escalation_policy
                            WHERE centre_id = %(centre_id)s AND applies = %(applies)s AND current)
        """,
        named,
    )
