"""What the database keeps true of alarms even if the code is wrong."""

import psycopg
import pytest
from psycopg.errors import CheckViolation, InsufficientPrivilege, UniqueViolation

from hub.kit.ids import AlarmId
from tests.integration.alarms.conftest import Desk


async def break_it(desk: Desk, *statements: str) -> None:
    """Do this to the alarms as the hub's own role."""
    async with desk.database.transaction() as conn:
        for statement in statements:
            await conn.execute(statement.encode())


@pytest.fixture
async def alarm_id(desk: Desk) -> AlarmId:
    return await desk.pressed_alarm()


BORN = """
INSERT INTO alarm (id, centre_id, key, klass, number, priority, state, version, epoch, tier, policy, rule_id, summary,
                   opened_at, open_since, changed_at)
SELECT 'a-01jdbkz4f00000000000000000', centre_id, {key}, klass, number, priority, {state}, 1, 1, 0, policy, rule_id,
       summary, opened_at, open_since, changed_at
  FROM alarm
 LIMIT 1
"""


async def test_one_live_alarm_for_each_key(desk: Desk, alarm_id: AlarmId) -> None:
    with pytest.raises(UniqueViolation, match="alarm_live"):
        await break_it(desk, BORN.format(key="key", state="'open'"))


async def test_an_alarm_is_born_open(desk: Desk, alarm_id: AlarmId) -> None:
    with pytest.raises(CheckViolation, match="not born open"):
        await break_it(desk, BORN.format(key="'another'", state="'closed'"))


async def test_an_alarm_without_a_timer_is_not_committed(desk: Desk, alarm_id: AlarmId) -> None:
    with pytest.raises(CheckViolation, match="waits for nothing"):
        await break_it(desk, BORN.format(key="'another'", state="'open'"))


async def test_the_timers_of_a_live_alarm_cannot_be_taken_away(desk: Desk, alarm_id: AlarmId) -> None:
    with pytest.raises(CheckViolation, match="waits for nothing"):
        await break_it(desk, "UPDATE alarm_timer SET done_at = made_at, ended = 'void'")


async def test_a_timer_of_an_older_epoch_is_not_enough(desk: Desk, alarm_id: AlarmId) -> None:
    with pytest.raises(CheckViolation, match="waits for nothing in epoch 2"):
        await break_it(desk, "UPDATE alarm SET tier = 1, version = 2, epoch = 2")


async def test_no_timer_waits_longer_than_a_quarter_of_an_hour(desk: Desk, alarm_id: AlarmId) -> None:
    with pytest.raises(CheckViolation, match="alarm_timer_is_soon"):
        await break_it(desk, "UPDATE alarm_timer SET due_at = made_at + interval '16 minutes'")


@pytest.mark.parametrize(
    "change",
    [
        "state = 'on_scene', owner_id = 'liu', epoch = 2",
        "state = 'closed', closed_at = opened_at, epoch = 2",
        "state = 'resolved', outcome = 'fall', resolved_at = opened_at, resolved_by = 'liu', epoch = 2",
    ],
)
async def test_only_transitions_of_the_table(desk: Desk, alarm_id: AlarmId, change: str) -> None:
    with pytest.raises(CheckViolation, match="is not in the table"):
        await break_it(desk, f"UPDATE alarm SET version = 2, {change}")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("version = 3", "does not follow"),
        ("version = 2, epoch = 2", "epoch 2 does not follow"),
        ("version = 2, tier = 1", "epoch 1 does not follow"),
        ("version = 2, priority = 'P2'", "born with"),
        ("version = 2, owner_id = 'liu', epoch = 2", "alarm_owner"),
        ("version = 2, state = 'accepted', epoch = 2", "alarm_owner"),
        ("version = 2, outcome = 'fall'", "alarm_outcome"),
        ("version = 2, silenced_until = opened_at", "alarm_p1_is_never_silent"),
    ],
)
async def test_a_wrong_row_is_refused(desk: Desk, alarm_id: AlarmId, change: str, why: str) -> None:
    with pytest.raises(CheckViolation, match=why):
        await break_it(desk, f"UPDATE alarm SET {change}")


async def test_an_open_alarm_only_climbs(desk: Desk, alarm_id: AlarmId) -> None:
    await desk.phones_take_everything()
    await desk.wait(30)

    with pytest.raises(CheckViolation, match="only climbs"):
        await break_it(desk, "UPDATE alarm SET tier = 0, version = version + 1, epoch = epoch + 1")


async def test_a_stored_press_has_an_alarm(desk: Desk) -> None:
    press = """
    INSERT INTO press (id, centre_id, device_id, message_id, kind, pressed_at, received_at, late, time_uncertain,
                       digest)
    VALUES ('p-01jdbkz4f00000000000000000', 'jiuquan-road', 'b-wang', '1', '{}', '2026-11-23Z', '2026-11-23Z', false,
            false, sha256('x'))
    """

    with pytest.raises(CheckViolation, match="has no alarm"):
        await break_it(desk, press.format("press"))
    await break_it(desk, press.format("test"))


@pytest.mark.parametrize(
    "statement", ["DELETE FROM alarm", "DELETE FROM alarm_press", "UPDATE alarm_step SET what = 'x'"]
)
async def test_the_hub_cannot_change_what_happened(desk: Desk, alarm_id: AlarmId, statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        await break_it(desk, statement)


async def visible(desk: Desk, account: str, table: str) -> int:
    """How many rows of `table` this account sees through the web's role."""
    with psycopg.connect(desk.url) as conn:
        conn.execute("SET ROLE anling_web")
        conn.execute("SELECT set_config('anling.account', %s, false)", (account,))
        row = conn.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
        assert row is not None
        count: int = row[0]
        return count


@pytest.mark.parametrize(
    ("account", "alarms", "steps"),
    [("liu", 1, 1), ("zhou", 1, 1), ("wang-daughter", 1, 0), ("li-son", 0, 0), ("nobody", 0, 0)],
)
async def test_who_sees_the_alarm_of_a_senior(
    desk: Desk, alarm_id: AlarmId, account: str, alarms: int, steps: int
) -> None:
    assert await visible(desk, account, "alarm") == alarms
    assert await visible(desk, account, "alarm_step") == steps
    assert await visible(desk, account, f"alarm_owner_name('{alarm_id}')") == 0

    await desk.accept(alarm_id, desk.house.liu)
    assert await visible(desk, account, f"alarm_owner_name('{alarm_id}')") == alarms


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE consent SET withdrawn_at = given_at WHERE account_id = 'wang-daughter' AND covers = 'alarms'",
        "UPDATE relation SET blocked_at = confirmed_at WHERE account_id = 'wang-daughter'",
    ],
)
async def test_without_consent_or_relation_a_daughter_sees_no_alarm(desk: Desk, alarm_id: AlarmId, change: str) -> None:
    with psycopg.connect(desk.url) as conn:
        conn.execute(change.encode())

    assert await visible(desk, "wang-daughter", "alarm") == 0


@pytest.mark.parametrize("table", ["alarm_timer", "alarm_press", "accept_link", "alarm_device"])
async def test_pages_do_not_see_what_only_the_hub_needs(desk: Desk, alarm_id: AlarmId, table: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        await visible(desk, "liu", table)
