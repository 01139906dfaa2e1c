"""Which tests `./anling test` runs, and when it says that they failed."""

import json
import os

import pytest

from tests.run import (
    NO_TESTS,
    PAGE_CHECKS,
    PAGES,
    QUICK,
    SIDE_BY_SIDE,
    TOOLS,
    WITH_CENTRES,
    combine_statuses,
    plan_calls,
    plan_rounds,
    run_quickly,
    run_round,
    take_marker,
)

TOGETHER = ["tests", "--ignore=tests/browser", "--ignore=tests/journeys"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["tests/unit"], [["tests/unit"]]),
        (
            ["-k", "press", "tests/unit/test_what_runs.py::test_x"],
            [["-k", "press", "tests/unit/test_what_runs.py::test_x"]],
        ),
        (["tests/browser"], [["tests/browser"]]),
        (["-x", "tests/unit", "tests/browser"], [["-x", "tests/unit"], ["-x", "tests/browser"]]),
    ],
)
def test_chosen_paths_go_to_the_call_they_belong_to(arguments: list[str], expected: list[list[str]]) -> None:
    assert plan_calls(arguments, without=()) == expected


def test_options_alone_go_to_everything() -> None:
    together, journeys, browser = plan_calls(["-k", "press"], without=())

    assert together == [*SIDE_BY_SIDE, "-k", "press", *TOGETHER]
    assert journeys == [*WITH_CENTRES, "-k", "press", "tests/journeys"]
    assert browser == [*WITH_CENTRES, "-k", "press", "tests/browser"]


def test_without_chromium_there_is_no_call_for_the_browser() -> None:
    assert plan_calls([], without=["chromium"]) == [
        [*SIDE_BY_SIDE, *TOGETHER],
        [*WITH_CENTRES, "tests/journeys"],
    ]


def test_the_journeys_and_the_browser_s_tests_run_at_the_same_time_and_nothing_runs_beside_the_crowd() -> None:
    crowd, journeys, browser = [*SIDE_BY_SIDE, "tests"], [*WITH_CENTRES, "tests/journeys"], ["tests/browser"]

    assert plan_rounds([crowd, journeys, browser]) == [[crowd], [journeys, browser]]
    assert plan_rounds([browser]) == [[browser]]
    assert plan_rounds([]) == []


def test_calls_at_the_same_time_each_say_what_they_found(capfd: pytest.CaptureFixture[str]) -> None:
    statuses = run_round([["--version"], ["--no-such-option"]], without=(), environment=dict(os.environ))

    assert [status == 0 for status in statuses] == [True, False]
    printed = capfd.readouterr().out
    assert "no-such-option" in printed


def test_a_marker_of_the_callers_is_kept_to_be_joined_with_ours() -> None:
    assert take_marker(["-x", "-m", "chromium", "tests"]) == (["-x", "tests"], "chromium")


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [([0, 0], 0), ([0, NO_TESTS], 0), ([NO_TESTS, NO_TESTS], NO_TESTS), ([0, 1], 1), ([2, 1], 2), ([], NO_TESTS)],
)
def test_nothing_that_ran_is_no_success(statuses: list[int], expected: int) -> None:
    assert combine_statuses(statuses) == expected


def test_every_tool_is_missing_on_an_empty_machine() -> None:
    assert all(tool.is_missing("/nowhere") for tool in TOOLS)


def test_a_check_weighs_the_family_s_page() -> None:
    scripts = json.loads((PAGES / "package.json").read_text("utf-8"))["scripts"]

    assert "size" in PAGE_CHECKS
    assert set(PAGE_CHECKS) <= set(scripts)


def test_quickly_means_without_servers_and_browsers_and_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    status = run_quickly(["--version"])

    printed = capfd.readouterr().out
    assert status == 0
    assert "--quick left out: tests/integration" in printed
    assert [call[0] for call in QUICK] == ["tests/unit", "tests/contract"]
    assert not any(word.startswith("tests/") for call in QUICK for word in call[1:])
