"""What a person reads of alarms at the terminal, and that reading what staff wrote is written down."""

import json
from datetime import timedelta

import pytest

from hub.kit.clock import SetClock
from hub.kit.db import Database
from tests.fakes.house import House
from tests.integration.alarms.conftest import Desk, give_phones
from tests.integration.commands.conftest import Terminal


@pytest.fixture
def desk(database: Database, house: House, clock: SetClock, database_url: str) -> Desk:
    give_phones(database_url, clock.now())
    return Desk(database, house, clock, database_url)


@pytest.fixture
async def resolved(desk: Desk) -> str:
    """The number of an alarm that 周敏 resolved with a sentence, and another one is open."""
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()
    desk.clock.advance(timedelta(seconds=20))
    await desk.accept(alarm_id, desk.house.zhou)
    await desk.arrive(alarm_id, desk.house.zhou)
    await desk.resolve(alarm_id, desk.house.zhou, sentence="她头晕，坐了一会儿就好了")
    await desk.wait(600)
    await desk.press(senior=desk.house.li, device=desk.house.li_button)
    number: str = desk.alarm(alarm_id, "number")[0]
    return number


def test_the_list_has_what_is_not_closed_and_on_request_everything(anling: Terminal, resolved: str) -> None:
    live, everything = anling("alarms", "list"), anling("alarms", "list", "--all")

    assert [line.split()[0] for line in live.out.splitlines()] == ["23-02"]
    assert [line.split()[0] for line in everything.out.splitlines()] == [resolved, "23-02"]
    assert "王奶奶在健身室按了呼叫" in everything.out
    assert "company" in everything.out


def test_a_house_without_alarms_says_so(anling: Terminal) -> None:
    assert anling("alarms", "list").out == "no alarms that are not closed\n"
    assert anling("alarms", "list", "--all").out == "no alarms\n"


def test_one_alarm_is_shown_with_its_times_its_people_and_what_staff_wrote(anling: Terminal, resolved: str) -> None:
    lines = anling("alarms", "show", resolved).out.splitlines()

    assert lines[0].startswith("23-01  2026-11-23 10:14  P1  closed  王奶奶在健身室按了呼叫  周敏 (zhou)  company  a-")
    assert "  opened: 2026-11-23 10:14:05" in lines
    assert "  accepted: 2026-11-23 10:14:25" in lines
    assert "  resolved: 2026-11-23 10:14:25" in lines
    assert "  told: 周敏 (zhou), taken" in lines
    assert "  2026-11-23 10:14:25 accepted by 周敏 (tier 0)" in lines
    assert lines[-1] == "周敏 (zhou) wrote about the outcome at 2026-11-23 10:14: 她头晕，坐了一会儿就好了"


def test_reading_what_staff_wrote_is_in_the_ledger_without_its_words(anling: Terminal, resolved: str) -> None:
    anling("alarms", "show", "23-02")
    assert anling.rows("SELECT entry FROM ledger_access") == [], "nobody wrote about that one"

    anling("alarms", "show", resolved)

    [(entry,)] = anling.rows("SELECT entry FROM ledger_access")
    (alarm_id,) = anling.rows("SELECT id FROM alarm WHERE number = %s", resolved)[0]
    said = json.loads(entry)
    assert (said["kind"], said["params"]) == ("alarm-sentences-read", {"alarm": alarm_id, "by": "command line"})


@pytest.fixture
async def again(desk: Desk, resolved: str) -> str:
    """The same number, a year later on the same day of the month."""
    desk.clock.advance(timedelta(days=365))
    await desk.press(senior=desk.house.zhang)
    return resolved


def test_a_number_means_the_newest_alarm_of_that_number_and_an_id_that_alarm(anling: Terminal, again: str) -> None:
    (new, old) = [
        row[0] for row in anling.rows("SELECT id FROM alarm WHERE number = %s ORDER BY opened_at DESC", again)
    ]

    assert anling("alarms", "show", again).out.splitlines()[0].endswith(new)
    assert anling("alarms", "show", old).out.splitlines()[0].endswith(old)


def test_an_alarm_that_does_not_exist_says_where_the_numbers_are(anling: Terminal) -> None:
    said = anling("alarms", "show", "31-99")

    assert (said.status, said.err) == (
        1, "there is no alarm 31-99: ./anling alarms list --all shows their numbers\n",
    )  # fmt: skip
