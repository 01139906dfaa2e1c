"""Is one notice about a camera raised, counted, and cleared once it is well?"""

from hub.kit.ids import CentreId, DeviceId
from hub.video.model import CameraFault, CameraProblem
from hub.video.told_problems import COUNTED_EVERY, ToldProblems, describe_problem

GYM = DeviceId("cam-gym")
FULL = CameraProblem(code=CameraFault.TOO_MANY_READERS, message="no place (453)", status=453)
CODEC = CameraProblem(code=CameraFault.CODEC, message="it sends SVAC", codec="SVAC")


def test_a_problem_is_news_once_while_nobody_meets_it_again() -> None:
    told = ToldProblems()
    assert told.is_news(GYM, FULL, 100.0, ())
    told.note_told({GYM: FULL}, 100.0)

    assert not told.is_news(GYM, FULL, 200.0, ())
    assert told.is_news(GYM, CODEC, 100.1, ())


def test_who_meets_it_again_is_counted_and_many_at_once_are_one() -> None:
    told = ToldProblems()
    told.note_told({GYM: FULL}, 100.0)

    assert not told.is_news(GYM, FULL, 100.0 + COUNTED_EVERY - 0.1, [GYM])
    assert told.is_news(GYM, FULL, 100.0 + COUNTED_EVERY, [GYM])


def test_a_notice_of_an_earlier_process_may_stand_until_the_camera_was_seen_to_be_well() -> None:
    told = ToldProblems()
    assert told.may_stand(GYM)

    told.note_cleared([GYM])
    assert not told.may_stand(GYM)

    told.note_told({GYM: FULL}, 100.0)
    assert told.may_stand(GYM)
    told.note_cleared([GYM])
    assert told.is_news(GYM, FULL, 100.1, ())


def test_a_notice_holds_what_pages_say_and_no_figure_that_is_none() -> None:
    full = describe_problem(CentreId("c"), GYM, FULL)
    codec = describe_problem(CentreId("c"), GYM, CODEC)

    assert (full.code, full.subject) == ("camera-unusable", "device:cam-gym")
    assert full.params == {"what": "no place (453)", "why": "too-many-readers", "codec": "", "status": 453}
    assert codec.params == {"what": "it sends SVAC", "why": "codec", "codec": "SVAC"}
