"""Is the unit that systemd is given one that it understands, and does it close what the hub does not need?"""

import configparser
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hub.embedded.systemd import UNIT, HubService, NotAUnitsValue, hub_program, write_hub_unit

HERE = HubService(
    program=("/opt/anling/bin/python", "-P", "-m", "hub.cli", "run"),
    user="anling",
    data_dir=Path("/var/lib/anling"),
    environment_file=Path("/etc/anling/anling.env"),
)


def parsed(text: str) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(interpolation=None, strict=True, comment_prefixes=("#",))
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(text)
    return unit


def test_the_unit_starts_the_hub_as_its_account_again_and_again() -> None:
    unit = parsed(write_hub_unit(HERE))

    service = unit["Service"]
    assert service["ExecStart"] == "/opt/anling/bin/python -P -m hub.cli run"
    assert (service["User"], service["Restart"], unit["Unit"]["StartLimitIntervalSec"]) == ("anling", "always", "0")
    assert (service["Type"], service["WatchdogSec"]) == ("notify", "60")
    assert service["Environment"].split()[0] == "ANLING_DATA_DIR=/var/lib/anling"
    assert service["EnvironmentFile"] == "-/etc/anling/anling.env"
    assert "network-online" not in write_hub_unit(HERE), "the centre works without the internet"


def test_it_may_write_its_data_and_nothing_else_and_gains_no_right() -> None:
    service = parsed(write_hub_unit(HERE))["Service"]

    assert (service["ProtectSystem"], service["ReadWritePaths"]) == ("strict", "/var/lib/anling")
    assert service["NoNewPrivileges"] == "yes"
    assert service["CapabilityBoundingSet"] == ""
    assert {"PrivateTmp", "PrivateDevices", "ProtectKernelModules", "RestrictSUIDSGID"} <= {
        name for name, value in service.items() if value == "yes"
    }
    assert {"MemoryMax", "TasksMax", "LimitNOFILE"} <= set(service)


def test_a_port_below_1024_is_the_only_reason_for_a_capability() -> None:
    service = parsed(write_hub_unit(replace(HERE, least_port=443)))["Service"]

    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == "CAP_NET_BIND_SERVICE"


@pytest.mark.parametrize(
    ("program", "protection"),
    [
        ("/opt/anling/bin/python", "yes"),
        ("/home/liu/anling/.venv/bin/python", "read-only"),
        (f"/{'root'}/a/python", "read-only"),
    ],
)
def test_homes_are_hidden_unless_the_program_is_in_one(
    program: str, protection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(Path(program).parent.parent))
    monkeypatch.setattr(sys, "base_prefix", "/usr")

    unit = write_hub_unit(replace(HERE, program=(program, *HERE.program[1:])))

    assert parsed(unit)["Service"]["ProtectHome"] == protection


@pytest.mark.parametrize("value", ["", "an ling", "a\nUser=root", 'a"', "a%h", "a$HOME", "a\\x"])
def test_what_would_be_read_as_something_else_is_refused(value: str) -> None:
    for wrong in (replace(HERE, user=value), replace(HERE, data_dir=Path("/var/lib") / (value or " "))):
        with pytest.raises(NotAUnitsValue):
            write_hub_unit(wrong)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    tmp_path.joinpath(UNIT).write_text(write_hub_unit(replace(HERE, program=hub_program())), encoding="utf-8")

    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / UNIT)], capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stderr) == (0, "")
