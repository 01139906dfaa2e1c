"""One alarm, or one memory of a rule, that raises: parked, noticed, told by last resort, and no other waits for it."""

from datetime import timedelta

import psycopg

from hub.alarms import last_resort
from hub.alarms.card import read_card
from hub.alarms.watch import AlarmWatch
from hub.kit.bulkhead import Defect
from hub.kit.changes import Changes
from hub.kit.ids import AlarmId
from hub.kit.version import hub_version
from hub.notices.parking import RETRY_AFTER, BusyRows, PolledRow, park_row, unpark_rows_of_other_versions
from tests.integration.alarms.conftest import Desk


def break_policy(desk: Desk, alarm_id: AlarmId) -> None:
    """Give a live alarm a policy as an earlier hub may have written it: with a target that is no word any more."""
    with psycopg.connect(desk.url) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute(
            "UPDATE alarm SET policy = jsonb_set(policy, '{tiers,0,targets}', '[\"pager:primary\"]') WHERE id = %s",
            (alarm_id,),
        )


def take_next_version(desk: Desk, alarm_id: AlarmId) -> None:
    """Let nothing change the alarm any more: the step of its next version stands already."""
    with psycopg.connect(desk.url) as conn:
        conn.execute(
            "INSERT INTO alarm_step (alarm_id, version, at, what, params) "
            "SELECT id, version + 1, changed_at, 'repeated', '{}' FROM alarm WHERE id = %s",
            (alarm_id,),
        )


async def broken_and_sound(desk: Desk) -> tuple[AlarmId, AlarmId]:
    """Two live alarms, the older of which cannot be processed."""
    broken = await desk.pressed_alarm()
    sound = (await desk.press(senior=desk.house.li, device=desk.house.li_button)).alarm_id
    assert sound is not None
    await desk.phones_take_everything()
    break_policy(desk, broken)
    return broken, sound


async def look_three_times(desk: Desk, watch: AlarmWatch) -> None:
    """Let the watch look until an alarm that raises has raised for the third time."""
    for pause in (*RETRY_AFTER, timedelta()):
        await watch.process_due()
        desk.clock.advance(pause)


def times_told_by_last_resort(desk: Desk) -> int:
    ((count,),) = desk.rows("SELECT count(DISTINCT n) FROM notification WHERE template = 'last-resort'")
    return int(count)


async def test_an_alarm_that_cannot_be_processed_is_parked_and_everybody_is_notified_while_the_next_one_climbs(
    desk: Desk,
) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    broken, sound = await broken_and_sound(desk)

    desk.clock.advance(timedelta(seconds=30))
    await watch.process_due()
    assert desk.alarm(sound, "tier") == (1,)
    assert desk.rows("SELECT FROM notice WHERE code = 'row-parked'") == []
    await look_three_times(desk, watch)
    await watch.process_due()

    assert desk.alarm(broken, "tier") == (0,)
    told = desk.rows("SELECT DISTINCT account_id FROM notification WHERE template = 'last-resort' ORDER BY 1")
    assert told == [("chen",), ("liu",), ("sun",), ("zhou",)]
    assert times_told_by_last_resort(desk) == 1
    assert desk.commands(desk.house.siren)[-1] is True
    assert desk.rows("SELECT code, subject, params FROM notice WHERE code = 'row-parked'") == [
        ("row-parked", f"alarm:{broken}", {"kind": "alarm", "id": broken, "error": "UnreadablePolicy"})
    ]
    assert desk.rows("SELECT failures, again_at::text, by_version FROM parked_row") == [(3, "infinity", hub_version())]
    async with desk.database.transaction() as conn:
        shown = await read_card(conn, broken)
    assert shown is not None


async def test_of_a_parked_alarm_everybody_is_told_each_minute_and_it_is_tried_no_more(desk: Desk) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    await broken_and_sound(desk)
    desk.clock.advance(timedelta(seconds=30))
    await look_three_times(desk, watch)

    tellings = []
    for _ in range(12):
        desk.clock.advance(timedelta(seconds=15))
        await watch.process_due()
        tellings.append(times_told_by_last_resort(desk))

    assert tellings == [1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4]
    assert desk.rows("SELECT failures FROM parked_row") == [(3,)]


async def test_who_takes_a_parked_alarm_lets_it_be_tried_again_and_its_notice_goes(desk: Desk) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    broken, _ = await broken_and_sound(desk)
    desk.clock.advance(timedelta(seconds=30))
    await look_three_times(desk, watch)

    await desk.accept(broken, desk.house.zhou)

    assert desk.rows("SELECT count(*) FROM parked_row") == [(0,)]
    assert desk.rows("SELECT cleared_at IS NOT NULL FROM notice WHERE code = 'row-parked'") == [(True,)]
    desk.clock.advance(timedelta(seconds=120))
    await watch.process_due()
    assert ("zhou", "arrive-nudge") in desk.told(broken)


async def test_an_alarm_that_was_taken_and_is_parked_is_told_to_everybody_every_five_minutes(desk: Desk) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    broken, _ = await broken_and_sound(desk)
    await desk.accept(broken, desk.house.zhou)
    desk.clock.advance(timedelta(seconds=300))
    await look_three_times(desk, watch)
    assert desk.alarm(broken, "state") == ("accepted",)

    tellings = []
    for _ in range(5):
        desk.clock.advance(timedelta(minutes=2))
        await watch.process_due()
        tellings.append(times_told_by_last_resort(desk))

    assert tellings == [1, 1, 2, 2, 2]


async def test_an_alarm_that_works_in_another_version_of_the_hub_goes_on_with_its_own_policy(desk: Desk) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    broken, _ = await broken_and_sound(desk)
    desk.clock.advance(timedelta(seconds=30))
    await look_three_times(desk, watch)
    with psycopg.connect(desk.url) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute(
            "UPDATE alarm SET policy = (SELECT policy FROM alarm WHERE senior_id = 's-li') WHERE id = %s", (broken,)
        )
        conn.execute("UPDATE parked_row SET by_version = 'another'")

    async with desk.database.transaction() as conn2:
        await unpark_rows_of_other_versions(conn2, desk.house.centre, desk.clock.now())
    await watch.process_due()

    assert desk.alarm(broken, "tier > 0") == (True,)
    assert ("liu", "alarm") in desk.told(broken)
    assert desk.rows("SELECT count(*) FROM parked_row") == [(0,)]
    assert desk.rows("SELECT cleared_at IS NOT NULL FROM notice WHERE code = 'row-parked'") == [(True,)]


async def test_a_second_failure_that_is_not_the_third_leaves_no_mark_once_it_works(desk: Desk) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    broken, _ = await broken_and_sound(desk)
    desk.clock.advance(timedelta(seconds=30))
    await watch.process_due()
    assert desk.rows("SELECT failures FROM parked_row") == [(1,)]

    with psycopg.connect(desk.url) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute("UPDATE alarm SET policy = (SELECT policy FROM alarm WHERE senior_id = 's-li')")
    desk.clock.advance(RETRY_AFTER[0])
    await watch.process_due()

    assert desk.alarm(broken, "tier > 0") == (True,)
    assert desk.rows("SELECT count(*) FROM parked_row") == [(0,)]


async def test_an_alarm_that_the_database_refuses_to_change_stops_no_other(desk: Desk) -> None:
    """It raises within the pipeline of a transition, and at the check before the commit."""
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    refused = await desk.pressed_alarm()
    sound = (await desk.press(senior=desk.house.li, device=desk.house.li_button)).alarm_id
    assert sound is not None
    await desk.phones_take_everything()
    with psycopg.connect(desk.url) as conn:
        conn.execute(
            "CREATE FUNCTION refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE data_exception; END $$"
        )
        conn.execute(
            "CREATE CONSTRAINT TRIGGER refuses AFTER UPDATE ON alarm DEFERRABLE INITIALLY DEFERRED "
            f"FOR EACH ROW WHEN (NEW.id = '{refused}') EXECUTE FUNCTION refuses()"
        )

    desk.clock.advance(timedelta(seconds=30))
    await look_three_times(desk, watch)

    assert desk.alarm(sound, "tier") == (1,)
    assert ("zhou", "last-resort") in desk.told(refused)
    assert desk.rows("SELECT subject FROM notice WHERE code = 'row-parked'") == [(f"alarm:{refused}",)]


async def test_an_alarm_that_raises_when_somebody_was_reached_stops_no_other(desk: Desk) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    broken = await desk.pressed_alarm()
    sound = (await desk.press(senior=desk.house.li, device=desk.house.li_button)).alarm_id
    assert sound is not None
    await desk.wait(15)
    assert (desk.alarm(broken, "unreachable"), desk.alarm(sound, "unreachable")) == ((True,), (True,))
    await desk.phones_take_everything()
    take_next_version(desk, broken)

    await look_three_times(desk, watch)

    assert (desk.alarm(broken, "unreachable"), desk.alarm(sound, "unreachable")) == ((True,), (False,))
    assert ("zhou", "last-resort") in desk.told(broken)


async def test_a_mark_that_outlives_its_row_goes_with_its_notice(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    rows = [PolledRow("alarm", one, desk.house.centre) for one in (alarm_id, "a-gone")]
    rows += [
        PolledRow(kind, "gone", desk.house.centre)
        for kind in ("notification", "device-command", "rule-memory", "finding", "due-job")
    ]
    for row in rows * 3:
        async with desk.database.transaction() as conn:
            await park_row(conn, row, Defect("a test", "KeyError"), desk.clock.now())
    assert desk.rows("SELECT count(*) FROM notice WHERE cleared_at IS NULL") == [(7,)]

    async with desk.database.transaction() as conn:
        await last_resort.delete_lost_marks(conn, desk.house.centre, desk.clock.now())

    assert desk.rows("SELECT row_id FROM parked_row") == [(alarm_id,)]
    assert desk.rows("SELECT subject FROM notice WHERE cleared_at IS NULL") == [(f"alarm:{alarm_id}",)]


async def test_an_alarm_whose_lock_is_not_given_holds_up_no_other(desk: Desk) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    held = await desk.pressed_alarm()
    sound = (await desk.press(senior=desk.house.li, device=desk.house.li_button)).alarm_id
    assert sound is not None
    await desk.phones_take_everything()
    desk.clock.advance(timedelta(seconds=30))

    with psycopg.connect(desk.url) as conn:
        conn.execute(
            "INSERT INTO alarm_step (alarm_id, version, at, what, params) "
            "SELECT id, version + 1, changed_at, 'repeated', '{}' FROM alarm WHERE id = %s",
            (held,),
        )
        await watch.process_due()
        assert desk.alarm(sound, "tier") == (1,)
        assert desk.alarm(held, "tier") == (0,)
        conn.rollback()

    desk.clock.advance(timedelta(seconds=BusyRows.LEFT_OUT_SECONDS))
    await watch.process_due()

    assert desk.alarm(held, "tier") == (1,)
    assert desk.rows("SELECT count(*) FROM parked_row") == [(0,)]
