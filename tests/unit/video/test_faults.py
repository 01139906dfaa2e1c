"""When are people told of a camera that cannot be read, in which words, and when is it tried again?"""

import socket
import ssl

import av
import pytest

from devices.rtsp.address import NotAnAddress
from devices.rtsp.conversation import CameraRefused
from devices.rtsp.filter import NotRtsp, SentOn
from hub.video.media.faults import (
    B_FRAMES,
    FIRST_SIGN_IN_PAUSE,
    LONGEST_PAUSE,
    LONGEST_SIGN_IN_PAUSE,
    Outage,
    UnusableStream,
    classify_failure,
)
from hub.video.model import CameraFault, CameraProblem

REFUSES = CameraProblem(code=CameraFault.WRONG_ACCOUNT, message="401")
FULL = CameraProblem(code=CameraFault.TOO_MANY_READERS, message="453")


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (UnusableStream(B_FRAMES), "b-frames", "Baseline"),
        (CameraRefused(401, "DESCRIBE"), "wrong-account", "(401): write its user and password"),
        (CameraRefused(401, "DESCRIBE", lacks_account=True), "no-account", "user:password@"),
        (CameraRefused(401, "DESCRIBE", asks_for="Digest SHA-3"), "unknown-sign-in", "asks for Digest SHA-3 (401)"),
        (CameraRefused(403, "DESCRIBE"), "forbidden", "403"),
        (CameraRefused(404, "SETUP"), "path-not-found", "404"),
        (CameraRefused(453, "PLAY"), "too-many-readers", "453"),
        (CameraRefused(503, "PLAY"), "too-many-readers", "503"),
        (CameraRefused(461, "SETUP"), "no-transport", "461"),
        (CameraRefused(400, "DESCRIBE"), "refused", "400"),
        (CameraRefused(500, "DESCRIBE"), "camera-error", "500"),
        (CameraRefused(599, "DESCRIBE"), "camera-error", "599"),
        (SentOn(), "sent-on", "another address"),
        (NotRtsp("a body of more than 65536 bytes"), "not-rtsp", "65536"),
        (NotAnAddress("the camera's address is not rtsp://host:port/path"), "bad-address", "rtsp://host"),
        (socket.gaierror(-2, "Name or service not known"), "unknown-host", "IP address"),
        (ssl.SSLError(1, "wrong version number"), "no-tls", "rtsp:// instead"),
        (ConnectionRefusedError(111, "Connection refused"), "closed-port", "port"),
        (TimeoutError(), "no-answer", "power"),
        (OSError(113, "No route to host"), "unreachable", "network"),
        (OSError(101, "Network is unreachable"), "unreachable", "network"),
        (ConnectionResetError(), "connection-ends", "restart"),
        (av.InvalidDataError(0, "Invalid data", "rtsp://viewer:secret@cam/"), "unreadable", "H.264"),
        (av.MemoryError(12, "Cannot allocate memory"), "unreadable", "restart"),
    ],
)
def test_each_surprise_has_its_words(error: UnusableStream | OSError, code: str, words: str) -> None:
    problem = classify_failure(error)

    assert problem.code == code
    assert words in problem.message
    assert "secret" not in problem.message


def test_what_no_waiting_mends_is_said_at_once_and_the_rest_when_it_lasts() -> None:
    outage = Outage(8.0)

    assert outage.note_failure(FULL, 100.0, 100.1)[1] is False
    assert outage.note_failure(FULL, 104.0, 107.9)[1] is False
    assert outage.note_failure(FULL, 107.9, 108.0)[1] is True
    assert Outage(8.0).note_failure(B_FRAMES, 100.0, 100.1)[1] is True


def test_a_picture_ends_an_outage() -> None:
    outage = Outage(8.0)
    outage.note_failure(FULL, 100.0, 100.1)
    outage.end_outage()

    assert outage.note_failure(FULL, 110.0, 110.1)[1] is False


def test_it_is_tried_again_ever_more_seldom_up_to_a_bound() -> None:
    outage = Outage(8.0)

    pauses = [outage.note_failure(FULL, 0.0, 0.0)[0] for _ in range(7)]

    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    assert outage.note_failure(B_FRAMES, 0.0, 0.0)[0] == LONGEST_PAUSE


def test_a_wrong_password_is_not_told_so_often_that_the_camera_locks_the_account() -> None:
    outage = Outage(8.0)

    pauses = [outage.note_failure(REFUSES, 0.0, 0.0)[0] for _ in range(7)]

    assert pauses[0] == FIRST_SIGN_IN_PAUSE
    assert sum(pauses[:4]) > 400
    assert max(pauses) == LONGEST_SIGN_IN_PAUSE


def test_every_fault_of_a_camera_can_be_told_in_its_words() -> None:
    """The pages' types want words for each; here each is told by something."""
    never_here = {CameraFault.CODEC, CameraFault.NO_PICTURE, CameraFault.NO_KEY_PICTURES, CameraFault.KEY_INTERVAL}
    never_here |= {CameraFault.OUR_MISTAKE}
    (marker,) = test_each_surprise_has_its_words.pytestmark  # type: ignore[attr-defined]

    assert {CameraFault(code) for _, code, _ in marker.args[1]} == set(CameraFault) - never_here
