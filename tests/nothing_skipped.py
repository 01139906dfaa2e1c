"""On a build server a skipped test is a failed run: `-p tests.nothing_skipped`, at work when CI=true."""

from os import environ

import pytest

_skipped: set[str] = set()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what was skipped; an expected failure is none."""
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.add(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Remember a module that skipped itself."""
    if report.skipped:
        _skipped.add(report.nodeid)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail the run when something was left out that this machine was to run."""
    if environ.get("CI") == "true" and _skipped and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why."""
    if environ.get("CI") == "true" and _skipped:
        terminalreporter.write_line(f"CI=true: nothing may be skipped, and {len(_skipped)} were:", red=True)
        for nodeid in sorted(_skipped):
            terminalreporter.write_line(f"  {nodeid}", red=True)
