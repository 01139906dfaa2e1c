"""Who is told what of a camera that cannot be shown, and for how long?"""

import asyncio
from collections.abc import Callable

import pytest

from hub.video.errors import CannotPlay
from hub.video.service import Asker, OpenedViewing
from simulators.rtsp.oddities import Oddities
from tests.fakes.viewer import Viewer, open_viewer
from tests.integration.video.conftest import Building, Centre

pytestmark = pytest.mark.long

STANDING = """
    SELECT params ->> 'why', params ->> 'what', (params ->> 'status')::int, times
      FROM notice
     WHERE code = 'camera-unusable' AND subject = 'device:cam-gym' AND cleared_at IS NULL
"""


async def becomes_true(question: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not question():
            await asyncio.sleep(0.05)


async def ask(centre: Centre, asker: Asker, one: Viewer) -> tuple[OpenedViewing, str | None]:
    """Ask for the picture of the gym; with the code of a refusal."""
    opened = await centre.video.open_viewing(asker, centre.house.gym_camera, for_family=True)
    try:
        await centre.starts(one, asker, centre.house.gym_camera, opened)
    except CannotPlay as refused:
        return opened, str(refused.code)
    return opened, None


def has_ended(centre: Centre, opened: OpenedViewing) -> bool:
    return bool(centre.rows("SELECT 1 FROM viewing WHERE id = %s AND ended_at IS NOT NULL", opened.viewing_id))


async def test_a_changed_password_is_said_to_staff_with_its_status_and_the_page_gets_a_code(
    centre: Centre, building: Building
) -> None:
    daughter = centre.signs_in("wang-daughter")
    centre.enters("s-wang", "gym")
    building.cameras.by_id["cam-gym"].odd = Oddities(password="changed")

    async with open_viewer() as one:
        opened, refused = await ask(centre, daughter, one)
        await becomes_true(lambda: has_ended(centre, opened))
    await becomes_true(lambda: centre.rows(STANDING) != [])

    ((why, what, status, _),) = centre.rows(STANDING)
    assert (why, status) == ("wrong-account", 401)
    assert "refuses the account in its address (401)" in str(what)
    assert "secret" not in str(what)
    assert centre.rows("SELECT ended_because FROM viewing") == [("camera-unusable",)]
    assert refused in (None, "camera-unusable")


async def test_one_notice_stands_and_counts_while_people_ask_and_is_over_once_the_camera_plays(
    centre: Centre, building: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.video.told_problems.COUNTED_EVERY", 0.0)
    daughter = centre.signs_in("wang-daughter")
    centre.enters("s-wang", "gym")
    camera = building.cameras.by_id["cam-gym"]
    camera.odd = Oddities(answers={"DESCRIBE": 404})

    codes = []
    for asked in range(1, 4):
        async with open_viewer() as one:
            opened, code = await ask(centre, daughter, one)
            codes.append(code)
            await becomes_true(lambda opened=opened: has_ended(centre, opened))  # type: ignore[misc]
        await becomes_true(lambda asked=asked: [row[3] for row in centre.rows(STANDING)] == [asked])  # type: ignore[misc]
    assert codes[1:] == ["camera-unusable", "camera-unusable"]

    camera.odd = Oddities()
    await becomes_shown(centre, daughter)
    assert centre.rows(STANDING) == []
    assert centre.rows("SELECT count(*) FROM notice WHERE code = 'camera-unusable'") == [(1,)]


async def becomes_shown(centre: Centre, asker: Asker) -> None:
    """Ask, as a page does, until there is a picture that lasts longer than its notice."""
    async with asyncio.timeout(20):
        while True:
            async with open_viewer() as one:
                opened, refused = await ask(centre, asker, one)
                if refused is not None:
                    await asyncio.sleep(0.2)
                    continue
                await one.sees(3)
                await becomes_true(lambda: centre.rows(STANDING) == [])
                assert not has_ended(centre, opened)
                return
