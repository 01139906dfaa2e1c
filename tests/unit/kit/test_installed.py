"""What do installed packages add to the hub, and what becomes of one that is declared and not there?"""

from pathlib import Path

import pytest

from extension.simulation import SIMULATIONS, Simulation
from hub.kit.installed import load_installed
from simulators.stage.installation import DEMO

GROUP = "anling.tried-in-a-test"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages; `declare` says in it what its only one declares."""
    (tmp_path / "brought_along-1.dist-info").mkdir()
    (tmp_path / "brought_along-1.dist-info" / "METADATA").write_text("Name: brought-along\nVersion: 1\n", "utf-8")
    (tmp_path / "brought_along.py").write_text("WORD = 'here'\nNUMBER = 7\n", "utf-8")
    (tmp_path / "brought_without.py").write_text("import what_nobody_has_installed\nWORD = 'here'\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def declare(installed: Path, *points: str) -> None:
    lines = "".join(f"{point}\n" for point in points)
    (installed / "brought_along-1.dist-info" / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}", "utf-8")


def test_what_is_declared_is_there_under_its_name(installed: Path) -> None:
    declare(installed, "one = brought_along:WORD")

    assert load_installed(GROUP, str) == {"one": "here"}


def test_what_is_declared_and_not_there_is_left_out(installed: Path) -> None:
    declare(installed, "one = brought_along:WORD", "gone = left_at_home:WORD", "deeper = left_at_home.deeper:WORD")

    assert load_installed(GROUP, str) == {"one": "here"}


def test_a_package_that_lacks_another_one_is_not_taken_for_one_that_is_not_there(installed: Path) -> None:
    declare(installed, "one = brought_without:WORD")

    with pytest.raises(ModuleNotFoundError, match="what_nobody_has_installed"):
        load_installed(GROUP, str)


def test_what_is_of_another_kind_is_named(installed: Path) -> None:
    declare(installed, "one = brought_along:NUMBER")

    with pytest.raises(TypeError, match=r"brought_along:NUMBER of anling\.tried-in-a-test should be a str"):
        load_installed(GROUP, str)


def test_the_project_declares_the_demo() -> None:
    assert load_installed(SIMULATIONS, Simulation) == {"demo": DEMO}
