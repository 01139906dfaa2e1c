"""What does the demo let its hub import? The example of a centre's file, with hours, shifts and waits of its own."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.importing.file import parse_centre_file
from hub.importing.plan import daily_shifts_of
from hub.roster.gaps import gaps_of
from hub.roster.model import Duty
from hub.roster.pattern import shifts_of
from simulators.stage.centre_file import write_centre_file
from tests.fakes.shipped import ADDRESSES, FILE, shipped_centre


def test_the_demo_is_the_example_but_for_its_hours_its_night_shift_and_the_wait_before_the_second_tier() -> None:
    written = write_centre_file(FILE, ADDRESSES)

    demo, example = parse_centre_file(written.text), shipped_centre()
    assert (written.organisation, written.daughter) == ("longyuan", "f-01")
    assert (demo.centre.opens, demo.centre.closes) == (time(), time.max)
    assert demo.escalation is not None
    assert example.escalation is not None
    assert demo.escalation.opening_hours[0].wait_seconds == 10
    assert demo.escalation.out_of_hours[0].wait_seconds == 10
    assert demo.escalation.opening_hours[1:] == example.escalation.opening_hours[1:]
    assert demo.escalation.out_of_hours[1:] == example.escalation.out_of_hours[1:]
    assert demo.shifts[:-1] == example.shifts
    same = {"centre": demo.centre, "escalation": demo.escalation, "shifts": demo.shifts}
    assert example.model_copy(update=same) == demo
    hours = {"opens": demo.centre.opens, "closes": demo.centre.closes}
    assert example.centre.model_copy(update=hours) == demo.centre


def test_while_the_demo_is_open_somebody_has_each_duty_that_its_tiers_of_opening_hours_call() -> None:
    demo = parse_centre_file(write_centre_file(FILE, ADDRESSES).text)
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    shifts = list(shifts_of(daily_shifts_of(demo), ZoneInfo("Asia/Shanghai"), noon))
    assert demo.escalation is not None
    called = {duty for tier in demo.escalation.opening_hours for duty in tier.duties}

    gaps = [gap for duty in called for gap in gaps_of(shifts, duty, noon, noon + timedelta(days=2))]

    assert (called, gaps) == (set(Duty), [])


def test_its_cameras_and_phones_are_where_they_are_this_time() -> None:
    written = write_centre_file(FILE, {"rtsp": "rtsp://127.0.0.1:1", "phones": "http://127.0.0.1:2"})

    demo = parse_centre_file(written.text)
    cameras = [source.address for device in demo.devices for source in device.camera_sources]
    assert cameras
    assert all(url.startswith("rtsp://127.0.0.1:1/") for url in cameras)
    assert demo.accounts[0].contacts[0].address == "http://127.0.0.1:2/hooks/staff-01"
