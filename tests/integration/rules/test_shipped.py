"""The rules that every centre starts with, from the message to the notice: raised once, cleared, not repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import psycopg
import pytest

from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.kit.ids import DeviceId
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
