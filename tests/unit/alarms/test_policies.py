"""Which tiers a centre may write."""

import pytest
from pydantic import ValidationError

from hub.alarms.errors import WrongPolicy
from hub.alarms.model import Step
from hub.alarms.policies import parse_tiers, policy_as_json, require_tiers, shipped_policy
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


TARGETS = (
    "board, duty:primary, duty:secondary, duty:centre_staff, duty:lead, role:staff, role:social_worker, role:lead, "
    "role:grid_head, role:street_office, lamp:room, lamp:corridor, siren:room, siren:corridor, device:ID"
)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((), "policy: tiers: the list is empty; write at least 1 entry"),
        ((Step(30, ()),), "policy: tiers.1.targets: the list is empty; write at least 1 entry"),
        (
            (Step(30, ("board",)), Step(9, ("board",))),
            "policy: tiers.2.wait_seconds: `9` is too small; write at least 10",
        ),
        (
            (Step(30, ("board", "role:family")),),
            f"policy: tiers.1.targets.2: `role:family` is not possible here; write one of {TARGETS}",
        ),
        (
            (Step(30, ("duty:prymary",)),),
            (
                "policy: tiers.1.targets.1: `duty:prymary` is not possible here; "
                f"did you mean `duty:primary`? write one of {TARGETS}"
            ),
        ),
        (
            (Step(30, ("device:Siren 1",)),),
            f"policy: tiers.1.targets.1: `device:Siren 1` is not possible here; write one of {TARGETS}",
        ),
        (
            (Step(9, ()), Step(901, ("board",))),
            (
                "policy: tiers.1.wait_seconds: `9` is too small; write at least 10\n"
                "policy: tiers.1.targets: the list is empty; write at least 1 entry\n"
                "policy: tiers.2.wait_seconds: `901` is too large; write at most 900"
            ),
        ),
        ((Step(30, ("board",)),) * 13, "policy: tiers: the list has 13 entries; write at most 12"),
    ],
)
def test_tiers_that_are_refused_are_told_in_the_words_of_a_centre_s_file(steps: tuple[Step, ...], said: str) -> None:
    with pytest.raises(WrongPolicy) as refused:
        require_tiers(steps)

    assert str(refused.value) == said
