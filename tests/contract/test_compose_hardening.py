"""May a container do what it need not, and may one of them take the machine from the others?"""

import re

import pytest

from tests.contract.compose import SERVICES


def extra(name: str) -> dict[str, object]:
    return SERVICES[name].model_extra or {}


@pytest.mark.parametrize("name", SERVICES)
def test_it_writes_its_volumes_and_small_folders_in_memory_alone(name: str) -> None:
    folders = extra(name)["tmpfs"]

    assert extra(name)["read_only"] is True
    assert isinstance(folders, list)
    assert any(str(folder).startswith("/tmp:size=") for folder in folders)


@pytest.mark.parametrize("name", SERVICES)
def test_its_memory_and_its_processes_are_bounded(name: str) -> None:
    assert re.fullmatch(r"\d+[mg]", str(extra(name)["mem_limit"]))
    assert isinstance(extra(name)["pids_limit"], int)


@pytest.mark.parametrize("name", SERVICES)
def test_it_gains_no_right_and_has_no_capability_but_those_with_which_the_database_begins(name: str) -> None:
    kept = {"CHOWN", "DAC_READ_SEARCH", "FOWNER", "SETGID", "SETUID"} if name == "database" else set()

    assert SERVICES[name].security_opt == ["no-new-privileges:true"]
    assert SERVICES[name].cap_drop == ["ALL"]
    assert set(extra(name).get("cap_add", [])) == kept  # type: ignore[call-overload]
