"""One alarm, or one memory of a rule, that raises: parked, noticed, told by last resort, and no other waits for it."""

from datetime import timedelta

import psycopg

from hub.alarms.card import read_card
from hub.alarms.watch import AlarmWatch
from hub.kit.changes import Changes
from hub.kit.ids import AlarmId
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


async def test_an_alarm_that_cannot_be_processed_is_parked_and_everybody_is_notified_while_the_next_one_climbs(
    desk: Desk,
) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    broken, sound = await broken_and_sound(desk)

    desk.clock.advance(timedelta(seconds=30))
    await watch.process_due()
    await watch.process_due()

    assert desk.alarm(sound, "tier") == (1,)
    assert desk.alarm(broken, "tier") == (0,)
    told = desk.rows("SELECT DISTINCT account_id FROM notification WHERE template = 'last-resort' ORDER BY 1")
    assert told == [("chen",), ("liu",), ("sun",), ("zhou",)]
    assert desk.rows("SELECT count(DISTINCT n) FROM notification WHERE template = 'last-resort'") == [(1,)]
    assert desk.commands(desk.house.siren)[-1] is True
    assert desk.rows("SELECT code, subject, params FROM notice WHERE code = 'row-parked'") == [
        ("row-parked", f"alarm:{broken}", {"kind": "alarm", "id": broken, "error": "UnreadablePolicy"})
    ]
    async with desk.database.transaction() as conn:
        shown = await read_card(conn, broken)
    assert shown is not None


async def test_a_parked_alarm_is_tried_and_told_again_with_a_growing_pause(desk: Desk) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    await broken_and_sound(desk)

    tellings = []
    for _ in range(30):
        desk.clock.advance(timedelta(seconds=30))
        await watch.process_due()
        ((count,),) = desk.rows("SELECT count(DISTINCT n) FROM notification WHERE template = 'last-resort'")
        tellings.append(count)

    assert [tellings.index(n) for n in range(1, 5)] == [0, 2, 6, 16]


async def test_an_alarm_that_works_again_goes_on_with_its_own_policy_and_its_notice_goes(desk: Desk) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    broken, _ = await broken_and_sound(desk)
    desk.clock.advance(timedelta(seconds=30))
    await watch.process_due()

    with psycopg.connect(desk.url) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute(
            "UPDATE alarm SET policy = (SELECT policy FROM alarm WHERE senior_id = 's-li') WHERE id = %s", (broken,)
        )
    desk.clock.advance(timedelta(seconds=60))
    await watch.process_due()

    assert desk.alarm(broken, "tier > 0") == (True,)
    assert ("liu", "alarm") in desk.told(broken)
    assert desk.rows("SELECT count(*) FROM parked_row") == [(0,)]
    assert desk.rows("SELECT cleared_at IS NOT NULL FROM notice WHERE code = 'row-parked'") == [(True,)]


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
    await watch.process_due()

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

    await watch.process_due()

    assert (desk.alarm(broken, "unreachable"), desk.alarm(sound, "unreachable")) == ((True,), (False,))
    assert ("zhou", "last-resort") in desk.told(broken)
