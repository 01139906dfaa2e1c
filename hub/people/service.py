"""What can be written of seniors, relations, consents and vetoes: each with its checks and its entry in the ledger."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from hub.access import service as access
from hub.access.model import Role
from hub.kit.db import Conn
from hub.kit.due_jobs import set_due_job
from hub.kit.ids import AccountId, CentreId, SeniorId, new_id
from hub.ledger.edit import Edit, written_kind
from hub.ledger.model import Chain
from hub.people import store
from hub.people.errors import CardsOfOthers, NoRelation, NoSuchSenior, NotARelative, PauseIsOver, StaffNeeded
from hub.people.model import CONSENT_ENDS, VETO_ENDS, ConsentRecord, Purpose, RelationRecord, SeniorRecord, VetoSource
from hub.people.relations import may_be_relative, may_confirm, may_explain


async def write_seniors(edit: Edit, records: Sequence[SeniorRecord]) -> None:
    """Write the records of these seniors, who may change cards among each other; what is the same stays untouched.

    Raises CardsOfOthers when one would get the card of a senior who is not among them.
    """
    senior_ids, cards = [one.id for one in records], [one.card_token for one in records]
    if holders := await store.card_holders_except(edit.conn, senior_ids, [card for card in cards if card is not None]):
        raise CardsOfOthers(holders)
    # First, because no two seniors may hold one card even for a moment.
    without_card = dict(await store.revoke_cards(edit.conn, senior_ids, cards))
    for record in records:
        written = await store.upsert_senior(edit.conn, record)
        given = await store.set_card(edit.conn, record.id, record.card_token)
        if person := (written[0] if written else given or without_card.get(record.id)):
            kind = written_kind("senior", is_new=written is not None and written[1])
            edit.note_entry(record.centre_id, Chain.CARE, kind, senior=str(person))


async def person_of(conn: Conn, senior_id: SeniorId) -> UUID:
    """The token that stands for a senior in the ledger. Raises NoSuchSenior."""
    return (await _require_senior(conn, senior_id))[1]


async def write_relation(edit: Edit, record: RelationRecord) -> None:
    """Write who is whose relative. It confirms and blocks; what staff have confirmed or blocked since stays so.

    Raises NoSuchSenior, NoSuchAccount, NotARelative and StaffNeeded.
    """
    centre_id, senior = await _require_senior(edit.conn, record.senior_id)
    relative = await access.require_account(edit.conn, record.account_id)
    if not may_be_relative(Role(relative.role)):
        raise NotARelative
    if record.confirmed_by is not None and not may_confirm(await _require_role(edit, record.confirmed_by)):
        raise StaffNeeded
    is_new = await store.upsert_relation(edit.conn, new_id("r", edit.now), record, edit.now)
    if is_new is None:
        return
    kind = written_kind("relation", is_new=is_new)
    edit.note_entry(centre_id, Chain.CARE, kind, person=str(relative.person), senior=str(senior))


async def give_first_consent(edit: Edit, record: ConsentRecord) -> None:
    """Write what a senior agreed to, unless its end has passed. One that was ever withdrawn or ended stays so.

    One that stands gets an earlier end and never a later one. Raises NoSuchSenior, NoSuchAccount, StaffNeeded, and
    NoRelation for somebody who is not related to her.
    """
    centre_id, senior = await _require_senior(edit.conn, record.senior_id)
    viewer = await access.require_account(edit.conn, record.account_id)
    if not may_explain(await _require_role(edit, record.explained_by)):
        raise StaffNeeded
    if not await store.is_related(edit.conn, record.account_id, record.senior_id):
        raise NoRelation
    ids = {"senior": str(senior), "person": str(viewer.person), "purpose": record.purpose.value}
    if record.ends_at is None:
        if await store.insert_first_consent(edit.conn, new_id("k", edit.now), record, edit.now):
            edit.note_entry(centre_id, Chain.CARE, "consent.given", **ids)
        return
    kind = await _give_until(edit, centre_id, record, record.ends_at)
    if kind is not None:
        edit.note_entry(centre_id, Chain.CARE, kind, **ids, until=record.ends_at.isoformat(timespec="seconds"))


async def _give_until(edit: Edit, centre_id: CentreId, record: ConsentRecord, ends_at: datetime) -> str | None:
    """Write a consent that ends, or the end of one that stands: the kind of the entry for it, None for nothing."""
    consent_id = new_id("k", edit.now)
    if ends_at > edit.now and await store.insert_first_consent(edit.conn, consent_id, record, edit.now):
        await set_due_job(edit.conn, centre_id, CONSENT_ENDS, consent_id, ends_at, edit.now)
        return "consent.given"
    longer_id = await store.longer_consent(edit.conn, record, ends_at)
    if longer_id is None:
        return None
    await set_due_job(edit.conn, centre_id, CONSENT_ENDS, longer_id, ends_at, edit.now)
    await store.set_consent_end(edit.conn, longer_id, ends_at)
    return "consent.shortened"


async def end_consent(edit: Edit, consent_id: str) -> None:
    """The time of a consent is over: pictures end within a second. Nothing happens when she withdrew it before."""
    ended = await store.end_consent(edit.conn, consent_id, edit.now)
    if ended is None:
        return
    senior_id, account_id, purpose = ended
    centre_id, senior = await _require_senior(edit.conn, senior_id)
    viewer = await access.require_account(edit.conn, account_id)
    ids = {"senior": str(senior), "person": str(viewer.person), "purpose": purpose.value}
    edit.note_entry(centre_id, Chain.CARE, "consent.ended", **ids)


async def withdraw_consents(edit: Edit, senior_id: SeniorId, purpose: Purpose) -> list[AccountId]:
    """Withdraw a senior's consent to this for everybody who has it, whom it gives; pictures end within a second.

    Nothing happens when nobody has it. Raises NoSuchSenior.
    """
    centre_id, senior = await _require_senior(edit.conn, senior_id)
    withdrawn_from = await store.withdraw_consents(edit.conn, senior_id, purpose, edit.now)
    for account_id in withdrawn_from:
        viewer = await access.require_account(edit.conn, account_id)
        ids = {"senior": str(senior), "person": str(viewer.person), "purpose": purpose.value}
        edit.note_entry(centre_id, Chain.CARE, "consent.withdrawn", **ids)
    return withdrawn_from


async def pause_viewing(edit: Edit, senior_id: SeniorId, source: VetoSource, until: datetime | None) -> bool:
    """The senior says "not now", until then or (None) until it is revoked; pictures of her end within a second.

    Returns whether that is news: nothing happens when she has said it for as long already. Raises NoSuchSenior and
    PauseIsOver.
    """
    if until is not None and until <= edit.now:
        raise PauseIsOver
    centre_id, senior = await _require_senior(edit.conn, senior_id)
    veto_id = new_id("v", edit.now)
    is_news = await store.insert_veto(edit.conn, veto_id, senior_id, source, edit.now, until)
    if is_news:
        if until is not None:
            await set_due_job(edit.conn, centre_id, VETO_ENDS, veto_id, until, edit.now)
        ends = None if until is None else until.isoformat(timespec="seconds")
        edit.note_entry(centre_id, Chain.CARE, "viewing.paused", senior=str(senior), source=source.value, until=ends)
    return is_news


async def end_veto(edit: Edit, veto_id: str) -> None:
    """The time of a "not now" is over, unless she revoked it before. While another one holds there is no entry."""
    senior_id = await store.end_veto(edit.conn, veto_id, edit.now)
    if senior_id is None or await store.has_veto(edit.conn, senior_id, edit.now):
        return
    centre_id, senior = await _require_senior(edit.conn, senior_id)
    edit.note_entry(centre_id, Chain.CARE, "viewing.pause-ended", senior=str(senior))


async def resume_viewing(edit: Edit, senior_id: SeniorId) -> bool:
    """The senior revokes every "not now"; whether there was one. Raises NoSuchSenior."""
    centre_id, senior = await _require_senior(edit.conn, senior_id)
    is_news = await store.end_vetoes(edit.conn, senior_id, edit.now)
    if is_news:
        edit.note_entry(centre_id, Chain.CARE, "viewing.resumed", senior=str(senior))
    return is_news


async def _require_senior(conn: Conn, senior_id: SeniorId) -> tuple[CentreId, UUID]:
    found = await store.find_senior(conn, senior_id)
    if found is None:
        raise NoSuchSenior(f"no senior is called {senior_id}")
    return found


async def _require_role(edit: Edit, account_id: AccountId) -> Role:
    return Role((await access.require_account(edit.conn, account_id)).role)
