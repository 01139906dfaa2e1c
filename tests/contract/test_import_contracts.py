"""Does each file of each domain stand in a contract of `.importlinter`, and each decision among the pure ones?

That a file in no tier of its domain fails is import-linter's `exhaustive`; these look at what it cannot see.
"""

import re
import subprocess
import sys
from configparser import ConfigParser
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACT = "importlinter:contract:"


@pytest.fixture(scope="module")
def contracts() -> ConfigParser:
    parser = ConfigParser()
    parser.read(ROOT / ".importlinter", "utf-8")
    return parser


def test_every_package_of_a_domain_is_in_an_exhaustive_contract(contracts: ConfigParser) -> None:
    covered = {
        container
        for section in contracts.sections()
        if contracts.get(section, "type", fallback="") == "layers" and contracts.getboolean(section, "exhaustive")
        for container in _lines(contracts, section, "containers")
    }

    assert _packages_of_domains(contracts) - covered == set()


def test_every_name_of_a_tier_is_a_file_of_some_domain(contracts: ConfigParser) -> None:
    modules = {_tail(module) for module in _modules(contracts)}

    assert {name for tier in _tiers(contracts) for name in tier} - modules == set()


def test_every_file_of_the_lowest_tiers_is_kept_pure(contracts: ConfigParser) -> None:
    pure = _lines(contracts, f"{CONTRACT}pure", "source_modules")
    decisions = {name for tier in _tiers(contracts)[-2:] for name in tier}
    below = {module for module in _modules(contracts) if _tail(module) in decisions}

    assert {module for module in below if not any(fnmatchcase(module, pattern) for pattern in pure)} == set()


def test_a_file_in_no_tier_fails(tmp_path: Path) -> None:
    """The hub's own contracts over a tree of the same shape: with a file that nobody has placed they are broken."""
    _empty_tree(tmp_path)
    before = _lint(tmp_path)

    (tmp_path / "hub" / "alarms" / "nowhere.py").write_text("", "ascii")
    after = _lint(tmp_path)

    assert before.returncode == 0, before.stdout
    assert after.returncode == 1
    assert "hub.alarms.nowhere" in after.stdout


def _empty_tree(root: Path) -> None:
    """The packages of the tree and their files, all empty, under the contracts of the real ones."""
    for package in ("hub", "devices", "extension", "simulators"):
        for file in (ROOT / package).rglob("*.py"):
            copy = root / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.touch()
    rules = (ROOT / ".importlinter").read_text("utf-8")
    # An exception for an import that an empty tree has not.
    rules = re.sub(r"ignore_imports =\n(    .*\n)+", "", rules)
    (root / ".importlinter").write_text(rules.replace("unmatched_ignore_imports_alerting = none\n", ""), "utf-8")


def _lint(root: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [str(program), "--no-cache"],
        cwd=root,
        env={"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def _lines(contracts: ConfigParser, section: str, option: str) -> list[str]:
    return contracts.get(section, option, fallback="").split()


def _tiers(contracts: ConfigParser) -> list[list[str]]:
    """The names of each tier of the contract `domain`, highest first."""
    lines = contracts.get(f"{CONTRACT}domain", "layers").strip().splitlines()
    return [re.findall(r"\w+", line) for line in lines]


def _domains(contracts: ConfigParser) -> set[str]:
    """What stands between the pages and the kit in the stack, and exists."""
    layers = contracts.get(f"{CONTRACT}stack", "layers").strip().splitlines()
    names = [re.findall(r"\w+", layer) for layer in layers]
    between = names[names.index(["web"]) + 1 : names.index(["kit"])]
    return {name for layer in between for name in layer if (ROOT / "hub" / name / "__init__.py").exists()}


def _packages_of_domains(contracts: ConfigParser) -> set[str]:
    """`hub.alarms`, `hub.video.media` and the like."""
    return {
        ".".join(file.parent.relative_to(ROOT).parts)
        for domain in _domains(contracts)
        for file in (ROOT / "hub" / domain).rglob("__init__.py")
    }


def _modules(contracts: ConfigParser) -> set[str]:
    """Files and packages directly in a domain: `hub.alarms.keys`, `hub.video.media`."""
    return {
        f"hub.{domain}.{path.stem}"
        for domain in _domains(contracts)
        for path in (ROOT / "hub" / domain).iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").exists()
    }


def _tail(module: str) -> str:
    return module.rpartition(".")[2]
