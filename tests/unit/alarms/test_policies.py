"""Which tiers a centre may write."""

import pytest
from pydantic import ValidationError

from hub.alarms.model import Step
from hub.alarms.policies import parse_tiers, policy_as_json, shipped_policy
from hub.centre.model import Applies


def test_a_centre_writes_who_is_told_and_how_long_to_wait() -> None:
    steps = parse_tiers(
        [
            {"wait_seconds": 10, "targets": ["board", "duty:primary", "lamp:corridor"]},
            {"wait_seconds": 60, "targets": ["duty:secondary"]},
        ]
    )

    assert steps == (Step(10, ("board", "duty:primary", "lamp:corridor")), Step(60, ("duty:secondary",)))


@pytest.mark.parametrize(
    ("tiers", "names"),
    [
        ([], "at least 1 item"),
        ([{"wait_seconds": 9, "targets": ["board"]}], "0.wait_seconds"),
        ([{"wait_seconds": 30, "targets": []}], "0.targets"),
        ([{"wait_seconds": 30, "targets": ["duty:cook"]}], "0.targets.0"),
        ([{"wait_seconds": 30, "targets": ["board"], "quiet_hours": "22:00"}], "0.quiet_hours"),
    ],
)
def test_a_policy_that_would_not_reach_anybody_in_time_is_refused_by_name(tiers: object, names: str) -> None:
    with pytest.raises(ValidationError) as refused:
        parse_tiers(tiers)

    assert names in str(refused.value)


@pytest.mark.parametrize("applies", list(Applies))
def test_what_is_shipped_is_what_a_centre_could_have_written_and_reads_back_as_it_is(applies: Applies) -> None:
    policy = shipped_policy(applies)

    assert parse_tiers(policy_as_json(policy)["tiers"]) == policy.steps
