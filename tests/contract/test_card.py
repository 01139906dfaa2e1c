"""Is this tree what its card says: its parts, its six packages, its licence, locks that name no place?"""

import ast
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.contract.trees import nodes_in

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("hub", "devices", "extension", "simulators")
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def project() -> dict[str, object]:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert isinstance(table, dict)
    return table


def names(requirements: object) -> set[str]:
    """`psycopg[binary,pool]>=3` is `psycopg`."""
    assert isinstance(requirements, list)
    return {match[0] for requirement in requirements if (match := re.match(r"[A-Za-z0-9_.-]+", requirement))}


@cache
def imported(folders: tuple[str, ...]) -> set[str]:
    """The top-level packages that the files of these folders import."""
    found = set()
    for folder in folders:
        for file in (ROOT / folder).rglob("*.py"):
            for node in nodes_in(file):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module.partition(".")[0])
    return found


def tracked() -> Iterator[tuple[str, str]]:
    """Each text file in git, with what it says."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        try:
            yield name, (ROOT / name).read_text("utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # a picture; a file that is deleted and not committed yet


@pytest.mark.parametrize(
    ("package", "module"),
    [
        ("paho-mqtt", "paho"),
        ("fastapi", "fastapi"),
        ("psycopg", "psycopg"),
        ("aiortc", "aiortc"),
        ("pydantic", "pydantic"),
    ],
)
def test_the_product_stands_on_its_packages(package: str, module: str) -> None:
    assert package in names(project()["dependencies"])
    assert module in imported(PRODUCT)


def test_the_tests_stand_on_pytest_asyncio() -> None:
    extras = project()["optional-dependencies"]
    assert isinstance(extras, dict)
    assert "pytest-asyncio" in names(extras["test"])

    options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]
    assert options["asyncio_mode"] == "auto"
    assert any("\nasync def test_" in file.read_text("utf-8") for file in (ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize(
    "entry", ["hub", "devices", "dashboard", "simulators", "tests", "docker-compose.yml", "pyproject.toml"]
)
def test_each_part_is_where_it_is_looked_for(entry: str) -> None:
    assert (ROOT / entry).exists()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_holds_versions_and_hashes_and_no_address(lock: Path) -> None:
    lines = [line.strip().removesuffix("\\").strip() for line in lock.read_text("ascii").splitlines()]

    shapes = (r"[a-z0-9.-]+(\[[a-z0-9,-]+\])?==[A-Za-z0-9.!+-]+( ; .+)?", r"--hash=sha256:[0-9a-f]{64}")
    assert lines
    assert [line for line in lines if not any(re.fullmatch(shape, line) for shape in shapes)] == []
    assert lock.read_text("ascii").count("==") <= lock.read_text("ascii").count("--hash=")


def test_every_direct_dependency_is_locked() -> None:
    locked = {line.partition("==")[0].partition("[")[0] for line in (ROOT / "requirements/run.txt").read_text().split()}

    assert {name.lower() for name in names(project()["dependencies"])} <= locked


def test_the_pages_lock_says_no_address_either() -> None:
    locks = [content for name, content in tracked() if Path(name).name == "package-lock.json"]

    assert locks
    assert not any('"resolved"' in content for content in locks)


def test_there_is_one_lock_of_each_kind() -> None:
    for stray in ("uv.lock", "poetry.lock", "Pipfile.lock", "yarn.lock", "pnpm-lock.yaml", "requirements.txt"):
        assert not (ROOT / stray).exists()
        assert not (ROOT / "dashboard" / stray).exists()


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")

    assert project()["license"] == "Apache-2.0"
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text


def test_no_file_names_a_place_on_somebody_s_machine() -> None:
    # In two parts, or this file would be one.
    usual = [f"/{'root'}/", f"/{'work'}/main", f"/{'work'}/shared", f"/{'tmp'}/anling", f"/{'Users'}/"]
    places = [*usual, str(ROOT), f"{Path.home()}/"]
    somewhere = re.compile("|".join(rf"(?<![\w.}}-]){re.escape(place)}" for place in places))

    assert [name for name, content in tracked() if somewhere.search(content)] == []


def test_no_file_names_the_registry_that_this_machine_asks() -> None:
    variables = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "npm_config_registry")
    hosts = {urlsplit(address).hostname for name in variables for address in os.environ.get(name, "").split()}
    hosts -= {None, "localhost", "127.0.0.1"}
    everywhere = [rf"--{'index'}-url[ =]http", rf"{'files'}\.pythonhosted\.org", rf"{'registry'}\.npmjs\.org"]
    asked = re.compile("|".join([*everywhere, *(re.escape(str(host)) for host in hosts)]))

    assert [name for name, content in tracked() if asked.search(content)] == []
