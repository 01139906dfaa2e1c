"""What is returned, raised and logged of work that raised what nobody foresaw."""

import pytest

from hub.kit.bulkhead import Defect, call_in_bulkhead, run_in_bulkhead

ADDRESS = "rtsp://viewer:secret@192.0.2.7/gym"


class CameraIsLost(Exception):
    """What the caller expects."""


def read_camera() -> None:
    try:
        raise ValueError(f"cannot parse {ADDRESS}")
    except ValueError as error:
        raise RuntimeError(f"cannot read {ADDRESS}") from error


def read_two_cameras() -> None:
    raise ExceptionGroup(f"two of {ADDRESS}", [KeyError(ADDRESS), TypeError(ADDRESS)])


async def test_a_defect_is_returned_and_its_row_type_and_places_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        read_camera()

    defect = await run_in_bulkhead("camera cam-gym", work, expected=())

    assert defect == Defect("camera cam-gym", "RuntimeError")
    assert "camera cam-gym raised, the others go on:\nValueError at\n" in caplog.text
    assert "RuntimeError at\n" in caplog.text
    assert caplog.text.count(", in read_camera\n") == 2


@pytest.mark.parametrize("work", [read_camera, read_two_cameras])
def test_no_text_of_an_exception_or_of_what_it_came_from_is_logged(
    work: object, caplog: pytest.LogCaptureFixture
) -> None:
    assert callable(work)

    call_in_bulkhead("camera cam-gym", work)

    assert "camera cam-gym raised" in caplog.text
    assert "secret" not in caplog.text


def test_of_several_defects_at_once_each_type_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    call_in_bulkhead("two cameras", read_two_cameras)

    assert [line for line in caplog.text.splitlines() if line.endswith(" at")] == [
        "KeyError at",
        "TypeError at",
        "ExceptionGroup at",
    ]


async def test_what_is_expected_is_raised_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        raise CameraIsLost

    with pytest.raises(CameraIsLost):
        await run_in_bulkhead("camera cam-gym", work, expected=(CameraIsLost,))

    assert caplog.text == ""


async def test_work_that_succeeds_gives_what_it_made() -> None:
    async def work() -> int:
        return 7

    assert await run_in_bulkhead("seven", work, expected=()) == 7
    assert call_in_bulkhead("eight", lambda: 8) == 8
