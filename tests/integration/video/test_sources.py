"""Does a defect in the reader of one camera end the media process, which its supervisor starts again?"""

import asyncio
import sys

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
