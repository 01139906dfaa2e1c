"""Which functions of the hub does each test call? A plugin of pytest that writes it down: `-p tests.mutation.coverage`.

It writes one file for each process of pytest into the folder that ANLING_TEST_COVERAGE names: a line of JSON for each
test that passed. Functions are called while the test runs or while its fixtures are prepared; the two are kept apart.
"""

import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType

import pytest

_hub = f"{Path.cwd() / 'hub'}{os.sep}"
_folder = Path(os.environ["ANLING_TEST_COVERAGE"])  # read at once: tests of settings take variables away
_known: dict[CodeType, str | None] = {}
_called: set[str] = set()
_lines: dict[str, dict[str, object]] = {}


def name_of(code: CodeType) -> str | None:
    """`hub/alarms/store.py:lock_due`, for what stands inside a function that function; None outside of the hub."""
    if not code.co_filename.startswith(_hub):
        return None
    parts = [part for part in code.co_qualname.split(".") if part != "<locals>"]
    while len(parts) > 1 and parts[-1].startswith("<"):
        parts.pop()
    return f"hub/{code.co_filename.removeprefix(_hub)}:{'.'.join(parts)}"


def _note(frame: FrameType, event: str, argument: object) -> None:
    code = frame.f_code
    if code not in _known:
        _known[code] = name_of(code)
    if (name := _known[code]) is not None:
        _called.add(name)


def _listen() -> None:
    """Listen to calls, in threads to come as well. Whoever measures in a test may have taken the place."""
    threading.settrace(_note)
    sys.settrace(_note)


def pytest_sessionfinish() -> None:
    """Listen no longer: this module goes before those that are called last."""
    threading.settrace(None)
    sys.settrace(None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Note what fixtures call."""
    _called.clear()
    _listen()
    yield
    _lines[item.nodeid] = {"test": item.nodeid, "prepared": sorted(_called)}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Note what the test calls."""
    _called.clear()
    _listen()
    yield
    _lines[item.nodeid]["called"] = sorted(_called)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write down a test that passed."""
    line = _lines.get(report.nodeid)
    if report.when == "call" and report.passed and line is not None:
        with (_folder / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({**line, "seconds": report.duration}) + "\n")
