"""Whoever accepted an alarm sees its room, or the room its senior is in, while the alarm lives."""

import time
from datetime import datetime

import psycopg
import pytest

from hub.video.errors import NotShown
from tests.conftest import MORNING
from tests.fakes.viewer import open_viewer
from tests.integration.video.conftest import MINUTE, Centre


async def test_who_accepted_the_alarm_of_the_room_looks_while_it_lives(centre: Centre) -> None:
    responder = centre.signs_in("zhou", "staff")
    centre.enters("s-wang", "gym")
    centre.enters("s-li", "gym")
    alarm_accepted_by(centre, "zhou", "gym")
    async with open_viewer() as one:
        opened = await centre.video.open_viewing(responder, centre.house.gym_camera, for_family=False)
        await centre.starts(one, responder, centre.house.gym_camera, opened)
        await one.sees(4)
        assert centre.rows("SELECT because FROM viewing") == [("accepted-alarm",)]

        changed = time.monotonic()
        alarm_resolved(centre, "zhou")
        ended = await one.goes_dark()

    assert ended - changed < 1


async def test_nothing_from_before_the_senior_of_her_alarm_came_in_is_sent_to_a_responder(centre: Centre) -> None:
    nurse, responder = centre.signs_in("liu", "staff"), centre.signs_in("zhou", "staff")
    camera = centre.house.gym_camera
    alarm_accepted_by(centre, "zhou", None, at=MORNING - MINUTE)
    async with open_viewer() as staff, open_viewer() as one:
        looking = await centre.video.open_viewing(nurse, camera, for_family=False, reason="门没有关")
        await centre.starts(staff, nurse, camera, looking)
        await staff.sees(6)

        centre.enters("s-wang", "gym", MORNING)
        entered_ms = time.time() * 1000
        opened = await centre.video.open_viewing(responder, camera, for_family=False)
        await centre.starts(one, responder, camera, opened)
        seen = await one.sees(8)

    moments = [one.stamp.at_ms for one in seen if one.stamp]
    assert moments
    assert min(moments) >= entered_ms - 50  # the row was there before the clock was read
    assert centre.rows("SELECT because, allowed_since FROM viewing WHERE account_id = 'zhou'") == [
        ("accepted-alarm", MORNING)
    ]


async def test_a_drill_overrides_nobody_s_objection(centre: Centre) -> None:
    responder = centre.signs_in("zhou", "staff")
    centre.enters("s-li", "gym")
    alarm_accepted_by(centre, "zhou", "gym", drill=True)

    with pytest.raises(NotShown) as refused:
        await centre.video.open_viewing(responder, centre.house.gym_camera, for_family=False, reason="演练")

    assert refused.value.code == "someone-objects"


def alarm_accepted_by(
    centre: Centre, account_id: str, room_id: str | None, *, drill: bool = False, at: datetime = MORNING
) -> None:
    """A live P1 alarm of Wang's with its owner, written as `alarms` writes it; it may not know the room."""
    with psycopg.connect(centre.url) as conn:
        conn.execute(
            """
            INSERT INTO alarm (id, centre_id, key, klass, number, priority, state, version, epoch, tier, policy,
                               room_id, senior_id, rule_id, summary, opened_at, open_since, changed_at, drill)
            VALUES (%(id)s, 'jiuquan-road', 'jiuquan-road:gym:help', 'help', '23-01', 'P1', 'open', 1, 1, 0, '{}',
                    %(room)s, 's-wang', 'press', '{}', %(at)s, %(at)s, %(at)s, %(drill)s)
            """,
            {"id": ALARM, "room": room_id, "at": at, "drill": drill},
        )
        conn.execute(TIMER, ("lease", ALARM, "lease", MORNING + MINUTE, 2, MORNING))
        conn.execute(
            """
            UPDATE alarm
               SET state = 'accepted', owner_id = %s, accepted_at = %s, version = 2, epoch = 2
             WHERE id = %s
            """,
            (account_id, at, ALARM),
        )


def alarm_resolved(centre: Centre, account_id: str) -> None:
    with psycopg.connect(centre.url) as conn:
        conn.execute(TIMER, ("close", ALARM, "close", MORNING + MINUTE, 3, MORNING))
        conn.execute(
            """
            UPDATE alarm
               SET state = 'resolved', owner_id = NULL, outcome = 'assisted', resolved_at = %s, resolved_by = %s,
                   version = 3, epoch = 3
             WHERE id = %s
            """,
            (MORNING, account_id, ALARM),
        )


TIMER = "INSERT INTO alarm_timer (id, alarm_id, kind, due_at, epoch, made_at) VALUES (%s, %s, %s, %s, %s, %s)"
ALARM = "a-01jdbk3x7c9m2p4q6r8s0tvwxy"
