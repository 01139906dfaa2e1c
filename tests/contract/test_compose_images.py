"""What are the images made of, and where do they come from? The Dockerfile is parsed; no engine runs it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.contract.compose import (
    HUB,
    OURS,
    OWN_IMAGE,
    REGISTRY,
    ROOT,
    SERVICES,
    SOMEBODY,
    all_instructions,
    stages,
)

# Where they come from.


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in OURS])
def test_every_image_of_others_comes_from_the_named_registry_with_a_version(name: str) -> None:
    image = SERVICES[name].image

    assert image.startswith(REGISTRY)
    assert re.fullmatch(r"[a-z-]+/[a-z-]+:\d+\.\d+\.\d+(-pg\d+)?", image.removeprefix(REGISTRY))


def test_the_card_s_own_services_are_there_and_no_others() -> None:
    assert set(SERVICES) == {"database", "set-up", "mosquitto", "broker-files", *HUB}
    assert "/timescale/timescaledb:" in SERVICES["database"].image
    assert "/eclipse-mosquitto:" in SERVICES["mosquitto"].image


def test_our_image_is_built_here_from_the_same_registry_and_never_pulled() -> None:
    assert set(OURS) == {"set-up", "broker-files", *HUB}
    for service in OURS.values():
        assert service.image == OWN_IMAGE
        assert (service.model_extra or {})["pull_policy"] == "build"
        assert service.build == {"context": ".", "args": {"ANLING_REGISTRY": REGISTRY.removesuffix("/")}}


def test_every_stage_begins_with_an_image_of_the_named_registry() -> None:
    bases = [stage[0].words[0] for stage in stages()]

    assert len(bases) == 3
    assert all(re.fullmatch(r"\$\{ANLING_REGISTRY\}/library/(node|python):\d[\w.]*-slim", base) for base in bases)


# What ours is made of.


def test_every_copied_file_is_in_the_tree_and_let_through_to_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    let_through = {line.removeprefix("!") for line in ignored if line.startswith("!")}

    assert ignored[0] == "*"
    ours = [copy for copy in all_instructions("COPY") if not any(word.startswith("--from=") for word in copy.words)]
    copied = {word for copy in ours for word in copy.words[:-1] if not word.startswith("--")}
    assert copied
    assert {source for source in copied if not (ROOT / source).exists()} == set()
    assert {source.rstrip("/").split("/")[0] for source in copied} <= let_through


def test_what_one_stage_takes_from_another_is_made_there() -> None:
    named = {stage[0].words[2] for stage in stages() if "AS" in stage[0].words}
    taken = {
        word.removeprefix("--from=") for copy in all_instructions("COPY") for word in copy.words if "--from=" in word
    }

    assert taken == named == {"web", "build"}
    assert "resolve(import.meta.dirname, '../hub/static')" in (ROOT / "dashboard/vite.config.ts").read_text("utf-8")


def test_only_packages_with_the_locks_hashes_are_installed() -> None:
    commands = [command for run in all_instructions("RUN") for command in run.rest.split("&&")]
    installs = [shlex.split(command) for command in commands if "install " in command and "pip" in command]

    assert len(installs) == 3
    for words in installs[:2]:
        assert "--require-hashes" in words
        assert (ROOT / words[words.index("-r") + 1]).exists()
    # Itself: everything it needs is installed, and nothing is fetched to build it.
    assert {"--no-deps", "--no-build-isolation", "."} <= set(installs[2])
    assert any(shlex.split(command)[:2] == ["npm", "ci"] for command in commands)
    assert all_instructions("ADD") == []
    assert not any(word in command for command in commands for word in ("curl", "wget", "apt-get"))


def test_it_does_not_run_as_root() -> None:
    final = stages()[-1]
    users = [instruction.rest for instruction in final if instruction.word == "USER"]

    assert users == [SOMEBODY]
    assert [instruction.word for instruction in final].index("USER") > max(
        number for number, instruction in enumerate(final) if instruction.word == "RUN"
    )
    for service in (*OURS.values(), SERVICES["mosquitto"]):
        assert service.user == SOMEBODY
        assert service.cap_drop == ["ALL"]
    assert all(service.security_opt == ["no-new-privileges:true"] for service in SERVICES.values())


def test_no_secret_is_in_the_image() -> None:
    told = [instruction.rest for word in ("ARG", "ENV") for instruction in all_instructions(word)]

    assert told
    assert not [one for one in told if re.search("PASSWORD|SECRET|TOKEN|_KEY", one)]


def test_the_wheel_of_what_is_copied_carries_pages_migrations_and_rules(tmp_path: Path) -> None:
    for source in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / source, tmp_path)
    for package in ("hub", "devices", "extension"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("static", "__pycache__"))
    (tmp_path / "dashboard").mkdir()
    shutil.copy(ROOT / "dashboard/hatch_build.py", tmp_path / "dashboard")
    (tmp_path / "hub/static").mkdir()
    (tmp_path / "hub/static/index.html").write_text("the page")
    variables = re.findall(r"(ANLING_\w+)=1 uv pip", (ROOT / "Dockerfile").read_text("utf-8"))

    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel"],
        cwd=tmp_path,
        env={**os.environ, **dict.fromkeys(variables, "1"), "PATH": ""},
        check=True,
        capture_output=True,
    )

    (wheel,) = (tmp_path / "dist").glob("*.whl")
    carried = set(ZipFile(wheel).namelist())
    assert "hub/static/index.html" in carried
    for folder, ending in (("hub/migrations", "sql"), ("hub/rules/shipped", "yaml")):
        expected = {str(file.relative_to(ROOT)) for file in (ROOT / folder).glob(f"*.{ending}")}
        assert expected
        assert expected <= carried
