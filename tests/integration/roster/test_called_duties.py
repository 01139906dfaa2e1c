"""Which duties the tiers call, as the roster knows it: with each policy, each import, and after an upgrade."""

from collections.abc import Mapping

import psycopg
import pytest
from psycopg.types.json import Jsonb

from hub.alarms import policies
from hub.alarms.model import Step
from hub.alarms.policy_service import write_policy
from hub.centre.model import Applies
from hub.importing.parts import CentreFile
from hub.importing.service import load_centre
from hub.kit import migrate as migrations
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.ledger.edit import COMMAND_LINE, IMPORT, open_edit
from tests.fakes.house import House
from tests.fakes.logins import set_up
from tests.fakes.shipped import shipped_centre

SHIPPED = {applies: set(policies.called_duties(policies.shipped_policy(applies).steps)) for applies in Applies}


def called(url: str) -> Mapping[Applies, set[str]]:
    """The rows, by hours."""
    with psycopg.connect(url) as conn:
        rows = conn.execute("SELECT applies, duty FROM called_duty").fetchall()
    return {applies: {duty for at, duty in rows if at == applies} for applies in Applies}


def written_by(url: str) -> list[tuple[str, ...]]:
    """Which transaction wrote each row."""
    with psycopg.connect(url) as conn:
        return conn.execute("SELECT applies, duty, xmin::text FROM called_duty ORDER BY 1, 2").fetchall()


async def test_a_policy_is_written_with_the_duties_that_it_calls(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    steps = (Step(30, ("board", "duty:primary", "role:grid_head")), Step(30, ("duty:lead", "duty:primary")))
    async with open_edit(database, COMMAND_LINE, clock.now()) as edit:
        await write_policy(edit, house.centre, Applies.OPENING_HOURS, "day", steps)

    assert called(database_url) == {**SHIPPED, Applies.OPENING_HOURS: {"primary", "lead"}}


async def test_a_policy_that_calls_roles_alone_calls_no_duty(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    async with open_edit(database, COMMAND_LINE, clock.now()) as edit:
        await write_policy(edit, house.centre, Applies.OUT_OF_HOURS, "night", (Step(30, ("role:staff",)),))

    assert called(database_url) == {**SHIPPED, Applies.OUT_OF_HOURS: set()}


@pytest.fixture(scope="module")
def centre() -> CentreFile:
    return shipped_centre()


async def test_an_import_without_tiers_calls_what_the_shipped_ones_call(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    async with open_edit(database, IMPORT, clock.now()) as edit:
        await load_centre(edit, centre.model_copy(update={"escalation": None}))

    assert called(database_url) == SHIPPED


async def test_the_same_import_twice_touches_no_row(
    database: Database, database_url: str, clock: SetClock, centre: CentreFile
) -> None:
    async with open_edit(database, IMPORT, clock.now()) as edit:
        await load_centre(edit, centre)
    before = written_by(database_url)
    async with open_edit(database, IMPORT, clock.now()) as edit:
        await load_centre(edit, centre)

    assert before != []
    assert written_by(database_url) == before


CALLS = {"wait_seconds": 30, "targets": ["board", "duty:secondary"]}


@pytest.mark.parametrize(
    ("tiers", "duties"),
    [
        ([CALLS], {"secondary"}),
        ([{"targets": "everybody"}, 7, CALLS], {"secondary"}),
        ([{"targets": ["board"]}], set()),
    ],
    ids=["one duty", "words that nobody can read beside it", "no duty"],
)
async def test_an_upgrade_finds_what_the_tiers_of_a_centre_call(
    empty_database_url: str, clock: SetClock, tiers: list[object], duties: set[str]
) -> None:
    """The tiers in opening hours are the centre's own; those out of hours are the shipped ones."""
    wanted = migrations.list_migrations()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "list_migrations", lambda: [one for one in wanted if one.number < 74])
        set_up(empty_database_url)
    with psycopg.connect(empty_database_url) as conn:
        conn.execute("INSERT INTO organisation VALUES ('o', '机构', 'Organisation')")
        conn.execute("INSERT INTO centre VALUES ('c', 'o', '中心', 'Centre', '路', 'Asia/Shanghai', '08:00', '20:00')")
        conn.execute(
            "INSERT INTO escalation_policy VALUES "
            "('e-1', 'c', 'opening_hours', 'old', 1, %(old)s, %(now)s, NULL, false), "
            "('e-2', 'c', 'opening_hours', 'ours', 2, %(tiers)s, %(now)s, NULL, true)",
            {"old": Jsonb([{"targets": ["duty:primary"]}]), "tiers": Jsonb(tiers), "now": clock.now()},
        )

    set_up(empty_database_url)

    assert called(empty_database_url) == {**SHIPPED, Applies.OPENING_HOURS: duties}
