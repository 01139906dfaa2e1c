"""Is a camera read without its sound, and does a defect in a reader end the process rather than leave it dark?"""

import asyncio
import sys

from hub.video.media.sources import Sources
from tests.integration.mqtt.fakes import until
from tests.integration.video.conftest import Building

# Nothing that can be looked up, and not one of the errors that a reader knows.
_A_DEFECT = """
import asyncio
from hub.video.media.sources import Sources

async def watch():
    Sources().open("cam-gym", "rtsp://\\ud800/")
    await asyncio.sleep(60)

asyncio.run(watch())
"""


async def test_a_reader_that_dies_of_a_defect_ends_the_process_and_does_not_leave_a_camera_dark() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _A_DEFECT, stderr=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(20):
            _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert process.returncode == 1
    assert "UnicodeEncodeError" in said.decode()
    assert "the reader of camera cam-gym has died" in said.decode()


async def test_the_microphone_of_a_camera_is_never_asked_for(building: Building) -> None:
    camera = building.cameras.by_id["cam-gym"]
    camera.offers_sound = True
    sources = Sources()

    source = sources.open("cam-gym", building.url("cam-gym"))
    await until(lambda: source.state == "playing")
    sources.stop()

    assert camera.set_up == ["track1"]
