"""In which order are the steps of the tour ticked off?"""

from datetime import UTC, datetime, timedelta

from simulators.stage.model import Steps

NINE = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
SOON = NINE + timedelta(minutes=1)


def test_a_later_step_waits_for_the_one_before_it() -> None:
    early = Steps(data=NINE, press=None, told=NINE, taken=SOON, picture=SOON, chart=NINE)

    assert early.in_order() == Steps(data=NINE, press=None, told=None, taken=None, picture=None, chart=None)


def test_steps_that_were_walked_stay_as_they_are() -> None:
    walked = Steps(data=NINE, press=NINE, told=SOON, taken=SOON, picture=None, chart=None)

    assert walked.in_order() == walked
