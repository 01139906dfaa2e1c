"""Until when does a consent of the centre's file hold?"""

from datetime import UTC, date, datetime, timedelta

import psycopg

from hub.importing.service import load_centre
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.ledger.edit import IMPORT, open_edit
from tests.fakes.shipped import shipped_centre


async def test_a_consent_holds_to_the_end_of_its_last_day_at_the_centre(
    database: Database, database_url: str, clock: SetClock
) -> None:
    centre = shipped_centre()
    first, *others = centre.consents
    ending = first.model_copy(update={"until": date(2026, 12, 31)})

    async with open_edit(database, IMPORT, clock.now()) as editing:
        await load_centre(editing, centre.model_copy(update={"consents": (ending, *others)}), None)

    with psycopg.connect(database_url) as conn:
        ends = conn.execute("SELECT account_id, ends_at FROM consent WHERE ends_at IS NOT NULL").fetchall()
        due = conn.execute("SELECT DISTINCT kind, due_at FROM due_job").fetchall()
    midnight = datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert {account_id for account_id, _ in ends} == {first.account}
    assert [midnight - ends_at for _, ends_at in ends] == [timedelta(microseconds=1)] * len(first.covers)
    assert due == [("consent-ends", ends[0][1])]
