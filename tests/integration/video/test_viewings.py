"""Whether a picture lasts exactly as long as its grant: the real database, media process, cameras and viewers."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from hub.access.model import Relation, Role, SessionKind, Subject
from hub.kit.changes import Changes
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.kit.ids import DeviceId, SeniorId
from hub.video.errors import BadTicket, NoSuchCamera, NoSuchViewing, NotShown, TooManyViewings
from hub.video.model import Picture
from hub.video.policy import Code
from hub.video.remote import MediaProcess
from hub.video.service import (
    MOST_IN_A_SESSION,
    Asker,
    PictureAvailability,
    Video,
    count_viewers_by_room,
    decide_picture,
    viewings_of_senior,
)
from tests.conftest import MORNING
from tests.fakes.deadlocks import WAITS_FOR_A_LOCK
from tests.fakes.house import House
from tests.fakes.media import DeafEngine
from tests.fakes.viewer import open_viewer
from tests.integration.video.conftest import MINUTE, Building, Centre, MediaRun, session_of

pytestmark = pytest.mark.long


async def test_a_daughter_sees_her_mother_s_room_and_the_viewing_is_written_first(centre: Centre) -> None:
    daughter = centre.signs_in("wang-daughter")
    centre.enters("s-wang", "gym")

    async with open_viewer() as one:
        opened = await centre.video.open_viewing(daughter, centre.house.gym_camera, for_family=True)
        assert centre.rows("SELECT because, started_at FROM viewing") == [("consent", None)]
        await centre.starts(one, daughter, centre.house.gym_camera, opened)
        seen = await one.sees(6)
        await centre.video.report(opened.viewing_id, [daughter.session_id], 6)

    assert {one.stamp.room_id for one in seen if one.stamp} == {"gym"}
    assert centre.rows("SELECT frames, first_frame_at FROM viewing") == [(6, MORNING)]
    kinds = [row[0] for row in centre.rows("SELECT entry::jsonb ->> 'kind' FROM ledger_access ORDER BY n")]
    assert kinds[0] == "viewing-opened"


GONE = [
    ("she leaves the room", "UPDATE presence SET to_at = '2026-11-23 02:14:05Z' WHERE to_at IS NULL", "not-present"),
    ("she says not now", "INSERT INTO veto VALUES ('veto', 's-wang', '2026-11-23 02:14:05Z', NULL, 'tablet')", "veto"),
    ("consent is withdrawn", "UPDATE consent SET withdrawn_at = '2026-11-23 02:14:05Z'", "no-consent"),
    ("the relation is blocked", "UPDATE relation SET blocked_at = '2026-11-23 02:14:05Z'", "relation-blocked"),
    ("the account is disabled", "UPDATE account SET active = false WHERE role = 'family'", "account-disabled"),
    ("she signs out", "UPDATE session SET ended_at = '2026-11-23 02:14:05Z'", "signed-out"),
    ("the camera is taken out", "UPDATE device SET enabled = false WHERE kind = 'camera'", "no-camera"),
]


@pytest.mark.parametrize(("change", "code"), [(change, code) for _, change, code in GONE], ids=[one[0] for one in GONE])
async def test_taking_anything_away_ends_the_picture_within_a_second(centre: Centre, change: str, code: str) -> None:
    daughter = centre.signs_in("wang-daughter")
    centre.enters("s-wang", "gym")
    async with open_viewer() as one:
        await centre.watches(one, daughter, centre.house.gym_camera)

        changed = time.monotonic()
        centre.does(change)
        ended = await one.goes_dark()

    assert ended - changed < 1
    assert await centre.ended_because() == [code]
    with pytest.raises(NotShown) as refused:
        await centre.video.open_viewing(daughter, centre.house.gym_camera, for_family=True)
    assert refused.value.code == code


async def test_somebody_who_objects_comes_in_and_nothing_says_who(centre: Centre) -> None:
    daughter = centre.signs_in("wang-daughter")
    centre.enters("s-wang", "gym")
    async with open_viewer() as one:
        await centre.watches(one, daughter, centre.house.gym_camera)

        changed = time.monotonic()
        centre.enters("s-li", "gym", MORNING)
        ended = await one.goes_dark()

    assert ended - changed < 1
    with pytest.raises(NotShown) as refused:
        await centre.video.open_viewing(daughter, centre.house.gym_camera, for_family=True)
    assert refused.value.code == "someone-objects"
    assert "li" not in str(refused.value.params)


async def test_evidence_that_grows_old_ends_the_picture_without_any_change(centre: Centre) -> None:
    daughter = centre.signs_in("wang-daughter")
    centre.enters("s-wang", "gym", MORNING - 89 * MINUTE)
    async with open_viewer() as one:
        await centre.watches(one, daughter, centre.house.gym_camera)

        passed = time.monotonic()
        centre.clock.advance(MINUTE)
        ended = await one.goes_dark()

    assert ended - passed < 1
    assert await centre.ended_because() == ["unsure"]


async def test_a_member_of_another_family_is_refused(centre: Centre) -> None:
    stranger = centre.signs_in("li-son")
    centre.enters("s-wang", "gym")

    with pytest.raises(NotShown) as refused:
        await centre.video.open_viewing(stranger, centre.house.gym_camera, for_family=True)

    assert refused.value.code == "not-present"


async def test_a_camera_that_is_none_is_not_found(centre: Centre) -> None:
    nurse = centre.signs_in("liu", "staff")

    for camera_id in ("t-gym", "cam-roof"):
        with pytest.raises(NoSuchCamera):
            await centre.video.open_viewing(nurse, DeviceId(camera_id), for_family=False, reason="看一眼")


async def test_a_ticket_works_once_soon_and_in_its_own_session(centre: Centre) -> None:
    daughter = centre.signs_in("wang-daughter")
    centre.enters("s-wang", "gym")
    camera = centre.house.gym_camera
    opened = await centre.video.open_viewing(daughter, camera, for_family=True)
    late = await centre.video.open_viewing(daughter, camera, for_family=True)

    async with open_viewer() as one, open_viewer() as other:
        offer = await other.offer()
        for ticket, session, wanted in [
            (opened.ticket, session_of("li-son"), camera),
            (opened.ticket, daughter.session_id, centre.house.music_camera),
            (opened.ticket + "x", daughter.session_id, camera),
        ]:
            with pytest.raises(BadTicket):
                await centre.video.play(ticket, [session], wanted, offer)
        await centre.starts(one, daughter, camera, opened)
        await one.sees(2)
        with pytest.raises(BadTicket):
            await centre.video.play(opened.ticket, [daughter.session_id], camera, offer)
        centre.clock.advance(timedelta(seconds=15))
        with pytest.raises(BadTicket):
            await centre.video.play(late.ticket, [daughter.session_id], camera, offer)


async def test_a_ticket_does_not_outlive_what_it_was_given_for(centre: Centre) -> None:
    daughter = centre.signs_in("wang-daughter")
    centre.enters("s-wang", "gym")
    opened = await centre.video.open_viewing(daughter, centre.house.gym_camera, for_family=True)

    centre.leaves("s-wang")

    async with open_viewer() as one:
        offer = await one.offer()
        with pytest.raises((NotShown, BadTicket)):
            await centre.video.play(opened.ticket, [daughter.session_id], centre.house.gym_camera, offer)


async def test_opening_and_ending_a_viewing_never_deadlock(centre: Centre) -> None:
    daughter = centre.signs_in("wang-daughter")
    centre.enters("s-wang", "gym")
    opened = await centre.video.open_viewing(daughter, centre.house.gym_camera, for_family=True)
    async with (
        asyncio.timeout(20),
        await psycopg.AsyncConnection.connect(centre.url) as other,
        asyncio.TaskGroup() as tasks,
    ):
        await other.execute("SET deadlock_timeout = '10s'")  # who finds the deadlock is ended by it: the other
        await other.execute("SELECT FROM video_ticket FOR UPDATE")  # as who begins to look does: first the ticket
        tasks.create_task(centre.video.end(opened.viewing_id, [daughter.session_id]))
        while not centre.rows(WAITS_FOR_A_LOCK):
            await asyncio.sleep(0.01)
        await other.execute("SELECT FROM viewing FOR UPDATE")
        await other.commit()

    assert centre.rows(ENDED) == [(opened.viewing_id, "left")]


async def test_nothing_from_before_she_came_in_is_sent(centre: Centre) -> None:
    nurse, daughter = centre.signs_in("liu", "staff"), centre.signs_in("wang-daughter")
    camera = centre.house.gym_camera
    async with open_viewer() as staff, open_viewer() as one:
        looking = await centre.video.open_viewing(nurse, camera, for_family=False, reason="门没有关")
        await centre.starts(staff, nurse, camera, looking)
        await staff.sees(6)

        centre.enters("s-wang", "gym", MORNING)
        entered_ms = time.time() * 1000
        opened = await centre.video.open_viewing(daughter, camera, for_family=True)
        await centre.starts(one, daughter, camera, opened)
        seen = await one.sees(8)

    moments = [one.stamp.at_ms for one in seen if one.stamp]
    assert moments
    assert min(moments) >= entered_ms - 50  # the row was there before the clock was read


async def test_nothing_from_before_an_unblocking_that_was_just_heard_is_sent(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    changes, engine = Changes(database_url), DeafEngine()
    video = Video(database, engine, changes, clock)
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(changes.run()), group.create_task(video.run())]
        centre = Centre(video, database, database_url, house, clock, running)
        nurse, daughter = centre.signs_in("liu", "staff"), centre.signs_in("wang-daughter")
        centre.enters("s-wang", "gym")
        await video.open_viewing(nurse, house.gym_camera, for_family=False, reason="门没有关")
        centre.does("UPDATE viewing SET started_at = opened_at")
        opened = await video.open_viewing(daughter, house.gym_camera, for_family=True)
        engine.renewing.clear()
        await asyncio.wait_for(engine.renewing.wait(), 5)

        with changes.subscribe("grant") as heard:
            centre.does("UPDATE relation SET blocked_at = %s", MORNING)
            unblocked = time.monotonic()
            centre.does("UPDATE relation SET blocked_at = NULL")
            for _ in range(2 * len(centre.rows("SELECT id FROM relation"))):
                await asyncio.wait_for(heard.next(), 5)
        await video.play(opened.ticket, [daughter.session_id], house.gym_camera, "v=0")
        centre.dies()

    (opening,) = engine.opened
    assert opening.picture is Picture.CLEAR
    assert opening.as_of - opening.held_seconds >= unblocked


async def test_a_dead_hub_ends_the_picture_and_the_next_one_goes_on_with_it(
    centre: Centre, shared_media_run: MediaRun
) -> None:
    daughter = centre.signs_in("wang-daughter")
    centre.enters("s-wang", "gym")
    async with asyncio.TaskGroup() as group, open_viewer() as one:
        await centre.watches(one, daughter, centre.house.gym_camera)

        died = time.monotonic()
        centre.dies()
        ended = await one.goes_dark()
        assert ended - died < 1

        changes, media = Changes(centre.url), MediaProcess(shared_media_run.socket)
        started = Video(centre.database, media, changes, centre.clock)
        running = [group.create_task(one.run()) for one in (changes, media, started)]
        back = await one.sees(3)
        assert back[-1].at > ended
        for task in running:
            task.cancel()


async def test_a_database_that_does_not_answer_ends_the_picture_for_as_long(centre: Centre) -> None:
    daughter = centre.signs_in("wang-daughter")
    centre.enters("s-wang", "gym")
    async with open_viewer() as one:
        await centre.watches(one, daughter, centre.house.gym_camera)

        # Asked for without holding up the hub, whose own transaction may have to end first.
        async with await psycopg.AsyncConnection.connect(centre.url) as conn:
            await conn.execute("LOCK TABLE viewing IN ACCESS EXCLUSIVE MODE")
            locked = time.monotonic()
            ended = await one.goes_dark()
            assert ended - locked < 1

        back = await one.sees(3)
        assert back[-1].at > ended
    assert centre.rows("SELECT count(*) FROM viewing") == [(1,)]


async def test_why_a_viewing_ended_is_written_while_the_media_process_is_down(
    database: Database, database_url: str, house: House, clock: SetClock, tmp_path: Path
) -> None:
    changes = Changes(database_url)
    video = Video(database, MediaProcess(tmp_path / "nobody.sock"), changes, clock)
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(changes.run()), group.create_task(video.run())]
        centre = Centre(video, database, database_url, house, clock, running)
        nurse, daughter = centre.signs_in("liu", "staff"), centre.signs_in("wang-daughter")
        centre.enters("s-wang", "gym")
        await video.open_viewing(nurse, house.gym_camera, for_family=False, reason="门没有关")
        opened = await video.open_viewing(daughter, house.gym_camera, for_family=True)
        centre.does("UPDATE viewing SET started_at = opened_at")

        centre.does("UPDATE relation SET blocked_at = %s", MORNING)

        async with asyncio.timeout(5):
            while centre.rows(ENDED) != [(opened.viewing_id, "relation-blocked")]:
                await asyncio.sleep(0.02)
        centre.dies()


async def test_who_stops_looking_is_written_down(centre: Centre) -> None:
    daughter = centre.signs_in("wang-daughter")
    centre.enters("s-wang", "gym")
    async with open_viewer() as one:
        opened = await centre.watches(one, daughter, centre.house.gym_camera)

        await centre.video.end(opened.viewing_id, [daughter.session_id])

        assert centre.rows("SELECT ended_because FROM viewing") == [("left",)]
        with pytest.raises(NoSuchViewing):
            await centre.video.end(opened.viewing_id, [daughter.session_id])


async def test_staff_are_told_once_which_camera_cannot_be_shown_and_what_to_set(
    centre: Centre, building: Building
) -> None:
    daughter = centre.signs_in("wang-daughter")
    centre.enters("s-wang", "gym")
    stream = building.cameras.streams["cam-gym", "main"]
    stream.knobs = replace(stream.knobs, profile="main", b_frames=2)
    opened = await centre.video.open_viewing(daughter, centre.house.gym_camera, for_family=True)

    async with open_viewer() as one:
        await centre.starts(one, daughter, centre.house.gym_camera, opened)
        async with asyncio.timeout(8):
            while not (notices := centre.rows("SELECT code, subject, times, params ->> 'what' FROM notice")):
                await asyncio.sleep(0.05)

    assert notices[0][:3] == ("camera-unusable", "device:cam-gym", 1)
    assert "B-frames" in str(notices[0][3])
    assert centre.rows("SELECT ended_because FROM viewing") == [("camera-unusable",)]


async def test_one_session_cannot_open_pictures_without_end(centre: Centre) -> None:
    daughter = centre.signs_in("wang-daughter")
    centre.enters("s-wang", "gym")
    for _ in range(MOST_IN_A_SESSION):
        await centre.video.open_viewing(daughter, centre.house.gym_camera, for_family=True)

    with pytest.raises(TooManyViewings):
        await centre.video.open_viewing(daughter, centre.house.gym_camera, for_family=True)


async def test_a_viewing_that_is_never_started_is_closed(centre: Centre) -> None:
    daughter = centre.signs_in("wang-daughter")
    centre.enters("s-wang", "gym")
    await centre.video.open_viewing(daughter, centre.house.gym_camera, for_family=True)

    centre.clock.advance(timedelta(seconds=16))

    async with asyncio.timeout(3):
        while centre.rows("SELECT ended_because FROM viewing") != [("never-started",)]:
            await asyncio.sleep(0.02)
    assert centre.rows("SELECT * FROM video_ticket") == []


async def test_the_family_reads_who_looked_and_nobody_else_does(centre: Centre, web_database: Database) -> None:
    nurse = centre.signs_in("liu", "staff")
    centre.enters("s-wang", "gym")
    async with open_viewer() as one:
        opened = await centre.video.open_viewing(nurse, centre.house.gym_camera, for_family=False, reason="摔倒了吗")
        await centre.starts(one, nurse, centre.house.gym_camera, opened)
        async with centre.database.transaction() as conn:
            assert await count_viewers_by_room(conn, centre.house.centre) == {"gym": 1}
        await centre.video.end(opened.viewing_id, [nurse.session_id])

    async with web_database.transaction_as("wang-daughter") as conn:
        (seen,) = await viewings_of_senior(conn, centre.house.wang, MORNING - MINUTE)
    assert (seen.who, seen.room, seen.because, seen.to_at) == ("刘芳", "健身室", "stated-reason", MORNING)
    async with web_database.transaction_as("li-son") as conn:
        assert await viewings_of_senior(conn, centre.house.wang, MORNING - MINUTE) == []


async def test_the_family_page_knows_whether_she_may_be_watched(centre: Centre) -> None:
    daughter = centre.signs_in("wang-daughter")

    assert await picture(centre, daughter) == PictureAvailability(None, allowed=False, code=Code.NOT_PRESENT)
    centre.enters("s-wang", "counselling")
    assert await picture(centre, daughter) == PictureAvailability(None, allowed=False, code=Code.NO_CAMERA)
    centre.does("UPDATE presence SET room_id = 'gym'")
    assert await picture(centre, daughter) == PictureAvailability(centre.house.gym_camera, allowed=True)
    centre.does("INSERT INTO veto VALUES ('veto', 's-wang', %s, %s, 'staff')", MORNING, MORNING + 30 * MINUTE)
    assert await picture(centre, daughter) == PictureAvailability(
        None, allowed=False, code=Code.VETO, next_at=MORNING + 30 * MINUTE
    )


async def picture(centre: Centre, asker: Asker) -> PictureAvailability:
    relations = (Relation(SeniorId("s-wang"), MORNING - 60 * MINUTE, None),)
    until = MORNING + 30 * MINUTE
    subject = Subject(asker.account_id, asker.centre_id, Role.FAMILY, SessionKind.FAMILY, True, until, relations)
    async with centre.database.transaction() as conn:
        return await decide_picture(conn, subject, asker.session_id, SeniorId("s-wang"), MORNING)


ENDED = "SELECT id, ended_because FROM viewing WHERE ended_at IS NOT NULL"
