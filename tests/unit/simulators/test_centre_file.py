"""What does the demo let its hub import? The example of a centre's file, with hours and waits of its own."""

from datetime import time

from hub.importing.file import parse_centre_file
from simulators.stage.centre_file import write_centre_file
from tests.fakes.shipped import ADDRESSES, FILE, shipped_centre


def test_the_demo_is_the_example_but_for_its_hours_and_the_wait_before_the_second_tier() -> None:
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
    same = {"centre": demo.centre, "escalation": demo.escalation}
    assert example.model_copy(update=same) == demo
    hours = {"opens": demo.centre.opens, "closes": demo.centre.closes}
    assert example.centre.model_copy(update=hours) == demo.centre


def test_its_cameras_and_phones_are_where_they_are_this_time() -> None:
    written = write_centre_file(FILE, {"rtsp": "rtsp://127.0.0.1:1", "phones": "http://127.0.0.1:2"})

    demo = parse_centre_file(written.text)
    cameras = [source.address for device in demo.devices for source in device.camera_sources]
    assert cameras
    assert all(url.startswith("rtsp://127.0.0.1:1/") for url in cameras)
    assert demo.accounts[0].contacts[0].address == "http://127.0.0.1:2/hooks/staff-01"
