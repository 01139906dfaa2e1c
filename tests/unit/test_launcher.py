"""The launcher, before it has installed anything: what it says on an old Python, whom it asks, how it explains."""

import ast
import errno
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.main import get_group

from hub.cli import app

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "anling"


def from_launcher(name: str) -> Callable[..., object]:
    """A function of the launcher, which has no `.py` and so cannot be imported."""
    spec = spec_from_loader("launcher", SourceFileLoader("launcher", str(SOURCE)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[..., object] = getattr(module, name)
    return function


def pins(lock: str) -> set[str]:
    """Each package of a lock file with its version, and for which machines it is."""
    return set(re.findall(r"^[^ #\n][^\\\n]*", lock, re.MULTILINE))


def test_a_disk_without_room_is_named_before_anything_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    check_room = from_launcher("check_room")
    monkeypatch.setitem(check_room.__globals__, "VENV", ROOT / "no-such-folder")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=700_000_000))

    with pytest.raises(
        check_room.__globals__["Failed"], match=r"has 0\.7 GB free, and the set-up needs 1\.5 GB"
    ) as refused:
        check_room()

    assert "Nothing was installed. Make room" in str(refused.value)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (errno.ENOSPC, "The disk is full: could not write /a. Make room, then call ./anling again."),
        (errno.EACCES, "Not allowed to use /a. Make this folder yours, or clone elsewhere."),
        (errno.EIO, "The system refused /a: Input/output error"),
    ],
)
def test_what_the_system_refuses_is_one_line_with_what_to_do(code: int, told: str) -> None:
    assert from_launcher("explain_os_error")(OSError(code, os.strerror(code), "/a")) == told


def test_an_old_python_can_read_it() -> None:
    assert ast.parse(SOURCE.read_text("utf-8"), feature_version=(3, 6))


def test_an_old_python_says_in_one_line_that_it_is_old() -> None:
    pretend = (
        "import sys; sys.version_info = (3, 9, 2, 'final', 0); exec(compile(open(sys.argv[1]).read(), 'a', 'exec'))"
    )

    answer = subprocess.run([sys.executable, "-c", pretend, SOURCE], capture_output=True, text=True, check=False)

    assert answer.returncode == 1
    assert answer.stderr == (
        "Anling needs Python 3.11 or newer, and this is Python 3.9. "
        "Install a newer one and call it by its name, such as: python3.12 anling demo\n"
    )


def test_it_needs_the_standard_library_only() -> None:
    tree = ast.parse(SOURCE.read_text("utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


def test_help_installs_nothing(tmp_path: Path) -> None:
    launcher = tmp_path / "anling"
    launcher.write_bytes(SOURCE.read_bytes())

    answer = subprocess.run([sys.executable, launcher, "--help"], capture_output=True, text=True, check=False)

    assert answer.returncode == 0
    assert "./anling COMMAND" in answer.stdout
    assert list(tmp_path.iterdir()) == [launcher]


@pytest.mark.parametrize("arguments", [("demo", "--help"), ("import", "-h"), ("test", "--help"), ("help",)])
def test_help_of_a_command_installs_nothing_either(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    launcher = tmp_path / "anling"
    launcher.write_bytes(SOURCE.read_bytes())

    answer = subprocess.run([sys.executable, launcher, *arguments], capture_output=True, text=True, check=False)

    assert answer.returncode == 0
    assert "./anling COMMAND" in answer.stdout
    assert list(tmp_path.iterdir()) == [launcher]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("dmeo", "There is no command dmeo; did you mean demo?"),
        ("admin", "There is no command admin; did you mean administrator?"),
        ("--lan", "There is no command --lan."),
    ],
)
def test_an_unknown_command_is_refused_with_the_usage_before_anything_is_installed(
    tmp_path: Path, wrong: str, said: str
) -> None:
    launcher = tmp_path / "anling"
    launcher.write_bytes(SOURCE.read_bytes())

    answer = subprocess.run([sys.executable, launcher, wrong], capture_output=True, text=True, check=False)

    assert answer.returncode == 2
    assert answer.stderr.splitlines()[0] == said
    assert "Usage: ./anling COMMAND" in answer.stderr
    assert answer.stdout == ""
    assert list(tmp_path.iterdir()) == [launcher]


def test_the_usage_names_every_command() -> None:
    launcher = runpy.run_path(str(SOURCE))
    usage = re.findall(r"^  ((?:[a-z-]+, )*[a-z-]+)\b", launcher["USAGE"], re.MULTILINE)
    of_the_hub = set(get_group(app).commands)

    assert set(launcher["COMMANDS"]) == of_the_hub | set(launcher["DEVELOPMENT"])
    assert {name for line in usage for name in line.split(", ")} == set(launcher["COMMANDS"])


def test_the_hub_s_own_help_is_called_as_a_person_calls_it() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "hub.cli", "demo", "--no"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert "Usage: ./anling demo [OPTIONS]" in answer.stderr


MIRROR = "https://someone:secret@mirror.example/simple"


@pytest.mark.parametrize(
    ("set_", "pip", "expected"),
    [
        ({"PIP_INDEX_URL": MIRROR}, {}, {"UV_DEFAULT_INDEX": MIRROR}),
        ({}, {"index-url": MIRROR}, {"UV_DEFAULT_INDEX": MIRROR}),
        ({"UV_INDEX_URL": MIRROR}, {}, {"PIP_INDEX_URL": MIRROR}),
        ({"UV_DEFAULT_INDEX": MIRROR}, {"index-url": "https://other.example"}, {"PIP_INDEX_URL": MIRROR}),
        ({"UV_INDEX_URL": MIRROR, "PIP_INDEX_URL": "https://other.example"}, {}, {}),
        ({"PIP_CERT": "/etc/own.pem"}, {}, {"SSL_CERT_FILE": "/etc/own.pem"}),
        ({"PIP_CERT": "/etc/own.pem", "SSL_CERT_FILE": "/etc/other.pem"}, {}, {}),
        ({}, {"cert": "/etc/own.pem", "timeout": "60"}, {"SSL_CERT_FILE": "/etc/own.pem", "UV_HTTP_TIMEOUT": "60"}),
        ({"PIP_FIND_LINKS": "/nowhere https://wheels.example"}, {}, {"UV_FIND_LINKS": "https://wheels.example"}),
        ({}, {"trusted-host": "mirror.example"}, {"UV_INSECURE_HOST": "mirror.example"}),
    ],
)
def test_pip_and_uv_ask_the_same_registry(set_: dict[str, str], pip: dict[str, str], expected: dict[str, str]) -> None:
    environment = from_launcher("registry_environment")(set_, pip)

    assert environment == {**set_, **expected}


def test_what_would_lead_out_of_the_environment_is_left_behind() -> None:
    astray = {"PYTHONPATH": "/x", "PIP_TARGET": "/x", "UV_SYSTEM_PYTHON": "1", "VIRTUAL_ENV": "/x", "HOME": "/home/lan"}

    assert from_launcher("clean")(astray) == {"HOME": "/home/lan"}


def test_what_a_process_has_compiled_is_kept_for_the_next_one_even_in_a_container() -> None:
    assert from_launcher("clean")({"PYTHONDONTWRITEBYTECODE": "1", "HOME": "/home/lan"}) == {"HOME": "/home/lan"}


def test_the_configuration_of_pip_is_read_without_its_environment() -> None:
    listing = ":env:.index-url='https://env.example'\nglobal.index-url='https://a.example'\ninstall.index-url='https://b.example'"

    assert from_launcher("parse_pip_config")(listing) == {"index-url": "https://b.example"}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("error: failed to write to file `x`: No space left on device (os error 28)", "the disk is full"),
        ("npm error code ENOSPC", "the disk is full"),
        ("error: Request failed: error sending request for url: Connection refused", "cannot be reached"),
        ("npm error code ENOTFOUND", "cannot be reached"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "differs from the one"),
        ("npm error code EINTEGRITY", "differs from the one"),
        ("error: failed to create directory `/x`: Permission denied (os error 13)", "not allowed to write"),
        ("invalid peer certificate: UnknownIssuer", "does not trust the registry's certificate"),
        ("something nobody has seen before", "something nobody has seen before"),
    ],
)
def test_a_failure_is_explained_by_its_reason(said: str, reason: str) -> None:
    assert reason in str(from_launcher("explain")("install the packages", [said], {}))


def test_the_registry_that_does_not_answer_is_named_without_its_password() -> None:
    told = from_launcher("explain")("install the packages", ["Connection refused"], {"PIP_INDEX_URL": MIRROR})

    assert "https://mirror.example/simple" in str(told)
    assert "secret" not in str(told)


def test_the_registry_of_the_pages_is_npms() -> None:
    told = from_launcher("explain")("build the web pages", ["npm error code ECONNREFUSED"], {})

    assert "npm registry" in str(told)
    assert "npm_config_registry=" in str(told)


def test_what_the_tests_need_includes_what_running_needs_at_the_same_versions() -> None:
    run, everything = ((ROOT / "requirements" / f"{name}.txt").read_text("utf-8") for name in ("run", "test"))

    assert pins(run)
    assert pins(run) <= pins(everything)


@pytest.mark.parametrize("name", ["run", "test", "uv", "node"])
def test_every_package_is_pinned_with_hashes_and_names_no_registry(name: str) -> None:
    lock = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")

    assert pins(lock)
    assert all(re.match(r"[A-Za-z0-9._-]+==[0-9]", pin) for pin in pins(lock))
    assert len(re.findall(r"^[^ #\n].* \\\n    --hash=sha256:", lock, re.MULTILINE)) == len(pins(lock))
    assert "://" not in lock


def test_the_locked_web_packages_name_no_registry() -> None:
    lock = json.loads((ROOT / "dashboard" / "package-lock.json").read_text("utf-8"))

    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
    assert all("integrity" in package for name, package in lock["packages"].items() if name)
