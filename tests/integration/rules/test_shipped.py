"""The rules that every centre starts with, from the message to the notice: raised once, cleared, not repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import psycopg
import pytest

from hub.alarms.model import Step
from hub.alarms.policy_service import write_policy
from hub.centre.model import Applies
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.kit.ids import DeviceId
from hub.ledger.edit import COMMAND_LINE, open_edit
from hub.rules import findings
from hub.rules.model import Event, ReadingHeard, ReportedState, StatusHeard
from hub.rules.service import Rules
from tests.fakes.house import House

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Board:
    """What staff read of one code, after what devices say and after time."""

    database: Database
    house: House
    clock: SetClock
    rules: Rules
    url: str

    async def hear(self, event: Event) -> None:
        now = self.clock.now()
        async with self.database.transaction() as conn:
            await findings.dispatch_findings(conn, await self.rules.evaluate_events(conn, [event], now), now)

    async def pass_time(self, by: timedelta) -> None:
        """Time passes, and the rules that wait are asked, as telemetry does it."""
        self.clock.advance(by)
        now = self.clock.now()
        async with self.database.transaction() as conn:
            await findings.dispatch_findings(conn, await self.rules.evaluate_due(conn, now), now)

    def notices(self, code: str) -> list[tuple[str, int, bool]]:
        """Subject, how often it was raised, and whether it stands: every notice of this code there ever was."""
        with psycopg.connect(self.url) as conn:
            rows = conn.execute(
                "SELECT subject, times, cleared_at IS NULL FROM notice WHERE code = %s ORDER BY raised_at, subject",
                (code,),
            )
            return [(subject, times, stands) for subject, times, stands in rows]

    def params(self, code: str) -> dict[str, str]:
        """What the notice of this code that stands says."""
        with psycopg.connect(self.url) as conn:
            row = conn.execute("SELECT params FROM notice WHERE code = %s AND cleared_at IS NULL", (code,)).fetchone()
            assert row is not None
            found: dict[str, str] = row[0]
            return found

    def write(self, statement: str) -> None:
        with psycopg.connect(self.url) as conn:
            conn.execute(statement.encode())


@pytest.fixture
def board(database: Database, house: House, clock: SetClock, database_url: str) -> Board:
    return Board(database, house, clock, Rules([], clock), database_url)


def says(state: ReportedState) -> Callable[[Board, DeviceId], Event]:
    return lambda board, device: StatusHeard(board.house.centre, device, state, board.clock.now())


def battery(board: Board, percent: float) -> ReadingHeard:
    now, house = board.clock.now(), board.house
    return ReadingHeard(house.centre, house.wang_button, house.wang, None, "battery", "%EL", percent, now, now)


@pytest.mark.parametrize("device", ["siren-corridor", "lamp-corridor", "r-gym", "t-gym"])
async def test_a_siren_lamp_reader_or_sensor_that_is_silent_is_noticed_once_until_it_is_heard(
    board: Board, device: str
) -> None:
    def of_it() -> list[tuple[str, int, bool]]:
        return [one for one in board.notices("device-silent") if one[0] == f"device:{device}"]

    await board.hear(says(ReportedState.ONLINE)(board, DeviceId(device)))
    await board.pass_time(5 * MINUTE - timedelta(seconds=1))
    assert of_it() == []

    await board.pass_time(timedelta(seconds=1))
    for _ in range(3):
        await board.pass_time(30 * MINUTE)
    assert of_it() == [(f"device:{device}", 1, True)]

    await board.hear(says(ReportedState.ONLINE)(board, DeviceId(device)))
    assert of_it() == [(f"device:{device}", 1, False)]


async def test_a_siren_whose_connection_ended_is_noticed_after_half_a_minute(board: Board) -> None:
    await board.hear(says(ReportedState.ONLINE)(board, board.house.siren))
    await board.hear(says(ReportedState.OFFLINE)(board, board.house.siren))
    await board.pass_time(timedelta(seconds=30))

    assert ("device:siren-corridor", 1, True) in board.notices("device-silent")
    assert board.params("device-silent")["zh-CN"] == "走廊警铃 收不到信号，请看电源和网线"


async def test_what_other_rules_watch_is_not_noticed_twice(board: Board) -> None:
    await board.pass_time(timedelta())
    await board.pass_time(10 * MINUTE)

    assert {subject for subject, *_ in board.notices("device-silent")} == {
        "device:lamp-corridor", "device:r-gym", "device:r-music", "device:siren-corridor", "device:t-gym",
    }  # fmt: skip


async def test_a_battery_at_the_edge_is_noticed_once_and_over_when_it_was_changed(board: Board) -> None:
    for percent in (16.0, 14.9):
        await board.hear(battery(board, percent))
        await board.pass_time(MINUTE)
    assert board.notices("battery-low") == [], "a moment is no battery"

    await board.pass_time(5 * MINUTE)
    for percent in (15.4, 14.8, 24.0, 14.9, 15.1):
        await board.hear(battery(board, percent))
        await board.pass_time(10 * MINUTE)
    assert board.notices("battery-low") == [("device:b-wang", 1, True)]
    assert board.params("battery-low")["zh-CN"] == "王奶奶的按钮 电量只剩 14.9%，请换电池"
    assert board.params("battery-low")["en"] == "The battery of Grandma Wang's button is at 14.9 %: change it"

    await board.hear(battery(board, 100.0))
    assert board.notices("battery-low") == [("device:b-wang", 1, False)]


async def test_a_roster_that_ends_within_fourteen_days_is_noticed_once_until_it_is_written_further(
    board: Board,
) -> None:
    """The shifts of the small centre end 21 days after MORNING."""
    await board.pass_time(timedelta())
    await board.pass_time(7 * DAY - MINUTE)
    assert board.notices("roster-ends") == []

    await board.pass_time(MINUTE)
    for _ in range(5):
        await board.pass_time(DAY)
    assert board.notices("roster-ends") == [("roster", 1, True)]
    assert board.params("roster-ends")["zh-CN"] == "值班表（第一值班）只排到 2026-12-14 10:14，请往后排"

    board.write("UPDATE shift SET to_at = to_at + interval '28 days'")
    await board.pass_time(timedelta(seconds=10))
    assert board.notices("roster-ends") == [("roster", 1, False)]


async def test_a_roster_that_only_an_account_has_that_was_disabled_has_ended(board: Board) -> None:
    board.write("UPDATE shift SET to_at = to_at - interval '20 days' WHERE account_id = 'chen'")
    board.write("UPDATE account SET active = false WHERE id = 'zhou'")

    await board.pass_time(timedelta())

    assert board.params("roster-ends")["en"] == "The roster (second duty) ends at 2026-11-24 10:14: write it further"


async def call(board: Board, pages: Database, opening_hours: str, out_of_hours: str) -> None:
    """One tier in each of the centre's hours, which calls one duty."""
    async with open_edit(pages, COMMAND_LINE, board.clock.now()) as edit:
        await write_policy(edit, board.house.centre, Applies.OPENING_HOURS, "day", (Step(30, (opening_hours,)),))
        await write_policy(edit, board.house.centre, Applies.OUT_OF_HOURS, "night", (Step(30, (out_of_hours,)),))


async def test_the_end_of_a_duty_that_no_tier_calls_any_more_is_no_news(board: Board, pages_database: Database) -> None:
    board.write("UPDATE shift SET to_at = to_at - interval '20 days' WHERE duty IN ('secondary', 'centre_staff')")
    await board.pass_time(timedelta())
    assert "第二值班" in board.params("roster-ends")["zh-CN"]

    await call(board, pages_database, "duty:centre_staff", "duty:primary")
    await board.pass_time(timedelta(seconds=10))
    assert "中心当班人员" in board.params("roster-ends")["zh-CN"]

    await call(board, pages_database, "duty:primary", "duty:primary")
    await board.pass_time(timedelta(seconds=10))
    assert board.notices("roster-ends")[-1][2] is False


@pytest.mark.parametrize(
    ("opening_hours", "out_of_hours", "until"),
    [
        ("duty:primary", "duty:secondary", "2026-11-25 20:00"),
        ("duty:secondary", "duty:primary", "2026-11-24 08:00"),
        ("duty:primary", "duty:primary", "2026-11-25 20:00"),
    ],
)
async def test_a_duty_ends_with_its_last_shift_in_the_hours_in_which_it_is_called(
    board: Board, pages_database: Database, opening_hours: str, out_of_hours: str, until: str
) -> None:
    """The last night of the primary is written until Tuesday, her last day until Wednesday."""
    board.write("DELETE FROM shift WHERE duty = 'primary'")
    for n, (from_at, to_at) in enumerate([("11-23 20:00", "11-24 08:00"), ("11-25 08:00", "11-25 20:00")]):
        board.write(
            f"INSERT INTO shift VALUES ('p-{n}', 'jiuquan-road', 'zhou', 'primary', "
            f"'2026-{from_at}+08', '2026-{to_at}+08', NULL)"
        )
    await call(board, pages_database, opening_hours, out_of_hours)

    await board.pass_time(timedelta())

    assert board.params("roster-ends")["en"] == f"The roster (first duty) ends at {until}: write it further"


async def test_the_lead_is_missed_by_nobody_while_there_is_a_lead(board: Board, pages_database: Database) -> None:
    board.write("UPDATE shift SET to_at = to_at - interval '20 days' WHERE duty = 'lead'")
    await board.pass_time(timedelta())
    assert board.notices("roster-ends") == []

    board.write("UPDATE account SET active = false WHERE role = 'lead'")
    board.write("UPDATE shift SET account_id = 'chen' WHERE duty = 'lead'")
    await board.pass_time(timedelta(seconds=10))

    assert "The roster (lead) ends" in board.params("roster-ends")["en"]
