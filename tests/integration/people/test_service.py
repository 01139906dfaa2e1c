"""Seniors, relations, consents and vetoes: what is written once is written once, and the ledger says so."""

from dataclasses import replace
from datetime import datetime, timedelta

import psycopg
import pytest

from hub.access.errors import NoSuchAccount
from hub.kit.changes import Changes
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.kit.ids import AccountId, SeniorId
from hub.ledger.edit import COMMAND_LINE, open_edit
from hub.notices.jobs import DueJobs
from hub.people import service
from hub.people.errors import CardsOfOthers, NoRelation, NoSuchSenior, NotARelative, PauseIsOver, StaffNeeded
from hub.people.model import (
    CONSENT_ENDS,
    Category,
    ConsentRecord,
    Kinship,
    Purpose,
    RelationRecord,
    SeniorRecord,
    VetoSource,
)
from tests.fakes.entries import entries_of, person_of
from tests.fakes.house import House

HOUR = timedelta(hours=1)


def new_senior(house: House, senior_id: str = "s-zhao", card: str | None = "c-zhao") -> SeniorRecord:
    return SeniorRecord(
        id=SeniorId(senior_id),
        centre_id=house.centre,
        name="赵玉兰",
        address_as="赵奶奶",
        address_as_en="Grandma Zhao",
        born_on=None,
        categories=(Category.EMPTY_NEST,),
        home_address="",
        access_notes="",
        risks="",
        hearing="",
        language="zh-CN",
        card_token=card,
        objects_to_being_seen=False,
    )


async def write_seniors(database: Database, clock: SetClock, *records: SeniorRecord) -> None:
    async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
        await service.write_seniors(editing, records)


async def write_relation(database: Database, clock: SetClock, record: RelationRecord) -> None:
    async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
        await service.write_relation(editing, record)


async def give(database: Database, clock: SetClock, record: ConsentRecord) -> None:
    async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
        await service.give_first_consent(editing, record)


async def withdraw(database: Database, clock: SetClock, senior_id: SeniorId, purpose: Purpose) -> list[AccountId]:
    async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
        return await service.withdraw_consents(editing, senior_id, purpose)


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute(query.encode()).fetchall()


async def test_a_senior_is_added_once_and_changed_when_something_is_different(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    zhao = new_senior(house)

    await write_seniors(database, clock, zhao)
    await write_seniors(database, clock, zhao)
    await write_seniors(database, clock, replace(zhao, risks="心脏病"))
    await write_seniors(database, clock, replace(zhao, risks="心脏病", card_token=None))

    token = person_of(database_url, "senior", "s-zhao")
    said = {"senior": token, "by": "command line"}
    assert entries_of(database_url) == [("senior.added", said), ("senior.changed", said), ("senior.changed", said)]


async def test_what_is_the_same_is_not_even_touched(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    await write_seniors(database, clock, new_senior(house))
    before = rows(database_url, "SELECT id, xmin::text FROM senior ORDER BY id")

    await write_seniors(database, clock, new_senior(house))

    assert rows(database_url, "SELECT id, xmin::text FROM senior ORDER BY id") == before


async def test_two_seniors_change_cards_and_each_is_in_the_ledger_once(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    zhao, qian = new_senior(house), new_senior(house, "s-qian", "c-qian")
    await write_seniors(database, clock, zhao, qian)

    await write_seniors(database, clock, replace(zhao, card_token="c-qian"), replace(qian, card_token="c-zhao"))
    await write_seniors(database, clock, replace(zhao, card_token="c-zhao"), replace(qian, card_token=None))

    assert rows(database_url, "SELECT id, card_token FROM senior WHERE id IN ('s-zhao', 's-qian') ORDER BY id") == [
        ("s-qian", None),
        ("s-zhao", "c-zhao"),
    ]
    assert [kind for kind, _ in entries_of(database_url)] == ["senior.added"] * 2 + ["senior.changed"] * 4


async def test_the_card_of_somebody_else_is_not_given_away(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    with pytest.raises(CardsOfOthers) as refused:
        await write_seniors(database, clock, new_senior(house, card="c-wang"))

    assert refused.value.holders == (house.wang,)
    assert entries_of(database_url) == []


async def test_a_relation_is_confirmed_and_blocked_and_neither_is_undone(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    tie = RelationRecord(house.daughter, house.zhang, Kinship.OTHER, None, blocked=False)

    await write_relation(database, clock, tie)
    await write_relation(database, clock, replace(tie, confirmed_by=house.liu))
    await write_relation(database, clock, replace(tie, blocked=True))
    await write_relation(database, clock, tie)

    assert rows(
        database_url,
        "SELECT confirmed_by, blocked_at IS NOT NULL FROM relation "
        "WHERE account_id = 'wang-daughter' AND senior_id = 's-zhang'",
    ) == [("liu", True)]
    said = {
        "person": person_of(database_url, "account", "wang-daughter"),
        "senior": person_of(database_url, "senior", "s-zhang"),
        "by": "command line",
    }
    assert entries_of(database_url) == [
        ("relation.added", said),
        ("relation.changed", said),
        ("relation.changed", said),
    ]


async def test_only_family_is_related_and_only_staff_confirm_it(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    with pytest.raises(NotARelative):
        await write_relation(database, clock, RelationRecord(house.liu, house.wang, Kinship.OTHER, None, blocked=False))
    with pytest.raises(StaffNeeded):
        await write_relation(
            database,
            clock,
            RelationRecord(house.daughter, house.zhang, Kinship.OTHER, house.stranger, blocked=False),
        )
    with pytest.raises(NoSuchAccount):
        await write_relation(
            database, clock, RelationRecord(AccountId("nobody"), house.zhang, Kinship.OTHER, None, blocked=False)
        )

    assert entries_of(database_url) == []


def consent_for(house: House, account_id: AccountId, explained_by: AccountId) -> ConsentRecord:
    return ConsentRecord(house.zhang, account_id, Purpose.WHEREABOUTS, explained_by, "zh-CN", "孙丽", "2026-01")


async def test_a_consent_needs_a_relation_and_somebody_of_the_staff_who_explains_it(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    with pytest.raises(NoRelation):
        await give(database, clock, consent_for(house, house.daughter, house.liu))
    await write_relation(  # somebody else's is none of hers
        database, clock, RelationRecord(house.stranger, house.zhang, Kinship.OTHER, house.liu, blocked=False)
    )
    with pytest.raises(NoRelation):
        await give(database, clock, consent_for(house, house.daughter, house.liu))
    await write_relation(
        database, clock, RelationRecord(house.daughter, house.zhang, Kinship.OTHER, house.liu, blocked=False)
    )
    with pytest.raises(StaffNeeded):
        await give(database, clock, consent_for(house, house.daughter, house.stranger))

    await give(database, clock, consent_for(house, house.daughter, house.liu))

    assert entries_of(database_url)[2:] == [
        (
            "consent.given",
            {
                "senior": person_of(database_url, "senior", "s-zhang"),
                "person": person_of(database_url, "account", "wang-daughter"),
                "purpose": "whereabouts",
                "by": "command line",
            },
        )
    ]


async def test_a_consent_is_withdrawn_from_everybody_who_has_it_once_and_stays_so(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    await write_relation(
        database, clock, RelationRecord(house.stranger, house.wang, Kinship.OTHER, house.liu, blocked=False)
    )
    theirs = ConsentRecord(house.wang, house.stranger, Purpose.LIVE_VIDEO, house.liu, "zh-CN", "孙丽", "2026-01")
    await give(database, clock, theirs)

    assert await withdraw(database, clock, house.wang, Purpose.LIVE_VIDEO) == [house.stranger, house.daughter]
    assert await withdraw(database, clock, house.wang, Purpose.LIVE_VIDEO) == []
    await give(database, clock, theirs)

    assert rows(
        database_url, "SELECT covers FROM consent WHERE senior_id = 's-wang' AND withdrawn_at IS NULL ORDER BY covers"
    ) == [("alarms",), ("whereabouts",)]
    assert [kind for kind, _ in entries_of(database_url)][-2:] == ["consent.withdrawn"] * 2


def until(house: House, ends_at: datetime | None) -> ConsentRecord:
    """What 王奶奶 agrees to for somebody who has no consent of hers yet."""
    return ConsentRecord(
        house.wang, house.stranger, Purpose.LIVE_VIDEO, house.liu, "zh-CN", "孙丽", "2026-01", ends_at=ends_at
    )


async def related(database: Database, house: House, clock: SetClock) -> None:
    await write_relation(
        database, clock, RelationRecord(house.stranger, house.wang, Kinship.OTHER, house.liu, blocked=False)
    )


def due_jobs(database: Database, database_url: str, clock: SetClock) -> DueJobs:
    return DueJobs(database, Changes(database_url), clock, {CONSENT_ENDS: service.end_consent})


STANDING = "SELECT ends_at FROM consent WHERE account_id = 'li-son' AND senior_id = 's-wang' AND withdrawn_at IS NULL"


async def test_a_consent_ends_at_its_time_and_the_ledger_says_so(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    await related(database, house, clock)
    await give(database, clock, until(house, clock.now() + HOUR))
    jobs = due_jobs(database, database_url, clock)

    clock.advance(HOUR - timedelta(seconds=1))
    await jobs.do_due()
    assert len(rows(database_url, STANDING)) == 1
    clock.advance(timedelta(seconds=1))
    await jobs.do_due()
    await give(database, clock, until(house, clock.now() + HOUR))

    assert rows(database_url, STANDING) == []
    said = {
        "senior": person_of(database_url, "senior", "s-wang"),
        "person": person_of(database_url, "account", "li-son"),
        "purpose": "live_video",
    }
    assert entries_of(database_url)[1:] == [
        ("consent.given", {**said, "until": "2026-11-23T03:14:05+00:00", "by": "command line"}),
        ("consent.ended", {**said, "by": "time"}),
    ]


async def test_a_consent_that_was_withdrawn_does_not_end_once_more(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    await related(database, house, clock)
    await give(database, clock, until(house, clock.now() + HOUR))
    await withdraw(database, clock, house.wang, Purpose.LIVE_VIDEO)

    clock.advance(HOUR)
    await due_jobs(database, database_url, clock).do_due()

    assert "consent.ended" not in {kind for kind, _ in entries_of(database_url)}
    assert rows(database_url, "SELECT FROM due_job") == []


async def test_a_standing_consent_gets_an_earlier_end_and_never_a_later_one(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    await related(database, house, clock)
    begun = clock.now()

    for ends_at in (None, begun + 3 * HOUR, begun + HOUR, begun + 2 * HOUR, None):
        await give(database, clock, until(house, ends_at))

    assert rows(database_url, STANDING) == [(begun + HOUR,)]
    assert rows(database_url, "SELECT due_at FROM due_job") == [(begun + HOUR,)]
    assert [kind for kind, _ in entries_of(database_url)][1:] == ["consent.given"] + ["consent.shortened"] * 2


async def test_a_consent_whose_time_has_passed_is_not_given_and_one_that_stands_ends(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    await related(database, house, clock)

    await give(database, clock, until(house, clock.now()))
    assert rows(database_url, "SELECT FROM consent WHERE account_id = 'li-son' AND senior_id = 's-wang'") == []

    await give(database, clock, until(house, None))
    await give(database, clock, until(house, clock.now() - HOUR))
    await due_jobs(database, database_url, clock).do_due()
    assert rows(database_url, STANDING) == []


async def test_consents_of_several_are_withdrawn_in_one_order_whoever_was_written_first(
    database: Database, house: House, clock: SetClock
) -> None:
    await related(database, house, clock)
    await give(database, clock, until(house, None))

    assert await withdraw(database, clock, house.wang, Purpose.LIVE_VIDEO) == ["li-son", "wang-daughter"]


async def test_not_now_holds_until_it_is_withdrawn(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    async def pause(hours: int | None) -> bool:
        until = None if hours is None else clock.now() + hours * HOUR
        async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
            return await service.pause_viewing(editing, house.wang, VetoSource.STAFF, until)

    async def resume() -> bool:
        async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
            return await service.resume_viewing(editing, house.wang)

    paused = [await pause(2), await pause(1), await pause(None), await pause(3), await pause(2)]
    clock.advance(HOUR)
    resumed = [await resume(), await resume()]

    assert (paused, resumed) == ([True, False, True, False, False], [True, False])
    assert rows(database_url, "SELECT until_at FROM veto") == [(clock.now(),)] * 2
    assert [kind for kind, _ in entries_of(database_url)] == ["viewing.paused"] * 2 + ["viewing.resumed"]


async def test_a_pause_ends_after_it_begins_and_is_of_somebody(
    database: Database, house: House, clock: SetClock
) -> None:
    async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
        with pytest.raises(PauseIsOver):
            await service.pause_viewing(editing, house.wang, VetoSource.CARD, clock.now())
        with pytest.raises(NoSuchSenior):
            await service.pause_viewing(editing, SeniorId("nobody"), VetoSource.CARD, None)


async def test_the_ledger_is_locked_by_nothing_but_the_last_statements_of_an_edit(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    await withdraw(database, clock, house.wang, Purpose.ALARMS)  # so that the head is there

    async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
        await service.withdraw_consents(editing, house.wang, Purpose.LIVE_VIDEO)
        with psycopg.connect(database_url) as pressing:
            assert pressing.execute("SELECT FROM ledger_head FOR UPDATE NOWAIT").fetchall() == [()]
