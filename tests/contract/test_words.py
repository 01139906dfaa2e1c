"""Do the documents say what is true of this tree, in both languages? Names and prose of the code: `test_names.py`."""

import ast
import importlib.util
import json
import re
from collections.abc import Iterator
from configparser import ConfigParser
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.kit.db import Login
from hub.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.zh-CN.md")
DOCUMENTS = sorted(str(file.relative_to(ROOT)) for file in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
ABOUT_THE_CODE = sorted(set(DOCUMENTS) - set(READMES))

NO_CHANNEL = {
    "README.md": "no phone channel is set up: at night nobody will be woken",
    "README.zh-CN.md": "没有设置通知渠道：夜里没有人会被叫醒",
}
NOT_FOR_PEOPLE = {
    *("ANLING_SIMULATION", "ANLING_SIMULATION_URLS", "ANLING_LAN", "ANLING_HTTP_FDS"),
    *(login.variable for login in Login),
}
"""Settings with which the demo tells its own processes what they are."""

NOT_YET = {"devices/adapters"}
"""Places that documents name and that do not exist; when one does, the documents have something to say."""

NOT_OURS = {"limit_concurrency", "log_min_duration_statement", "NNNN_words.sql"}
"""Names in documents that are uvicorn's and PostgreSQL's, and one that stands for others."""

OF_THE_CODE = ("hub", "devices", "extension", "simulators", "tests", "benchmarks", "dashboard/src", "deploy")
SOURCES = {".py", ".sql", ".ts", ".svelte", ".yaml", ".toml", ".sh"}

GROUPS = {group.name for group in app.registered_groups if group.name}
"""Commands that have commands of their own, such as `alarms show`."""

BASES = ("", "hub", "devices", "dashboard", "dashboard/src", "dashboard/src/staff", "tests/unit")
"""From where a path in a document may be read."""


@cache
def text_of(document: str) -> str:
    return (ROOT / document).read_text("utf-8")


def code_in(document: str) -> Iterator[str]:
    """Each line of a code block, and each piece of code within a sentence."""
    for line in text_of(document).splitlines():
        if re.match(r" {4,}\S", line) and not line.lstrip().startswith(("-", "#")):
            yield line.split("  #")[0].strip()
        else:
            yield from re.findall(r"`([^`]+)`", line)


def commands_in(document: str) -> set[str]:
    """What a person is told to type that begins with ./anling."""
    found = {match[0] for code in code_in(document) if (match := re.match(r"\./anling\b.*", code))}
    return {re.sub(r"\s+", " ", command).strip() for command in found}


def launcher() -> dict[str, str]:
    """The commands of development that the launcher knows itself, with the module of each."""
    tree = ast.parse((ROOT / "anling").read_text("utf-8"))
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id == "DEVELOPMENT"
        ):
            known: dict[str, str] = ast.literal_eval(node.value)
            return known
    raise AssertionError("the launcher has no DEVELOPMENT")


def wrong_with(command: str) -> str:
    """Why this command would not work; empty when it would."""
    _, *words = command.split()
    if not words or words[0] in {"...", "…", "COMMAND"}:
        return ""
    name, arguments = words[0], words[1:]
    if name in launcher():
        return wrong_arguments(name, arguments)
    if name in GROUPS:
        if not arguments:
            return f"{name} needs one of its commands"
        name, arguments = f"{name} {arguments[0]}", arguments[1:]
    helped = help_of(name)
    if helped is None:
        return f"there is no command {name}"
    unknown = [word for word in arguments if word.startswith("--") and word.partition("=")[0] not in helped]
    return f"{name} has no {unknown[0]}" if unknown else ""


@cache
def help_of(name: str) -> frozenset[str] | None:
    """The options in the help of a command of the hub; None for one that does not exist."""
    said = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "200"})
    return frozenset(re.findall(r"--[a-z-]+", said.output)) if said.exit_code == 0 else None


def wrong_arguments(name: str, arguments: list[str]) -> str:
    """The same for the commands of development: paths of tests and names of benchmarks."""
    if name == "bench" and arguments and not (ROOT / "benchmarks" / f"{arguments[0]}.py").exists():
        return f"there is no benchmark {arguments[0]}"
    if name == "test":
        gone = [word for word in arguments if "/" in word and not (ROOT / word.partition("::")[0]).exists()]
        return f"there is no {gone[0]}" if gone else ""
    return ""


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_that_a_document_names_exists(document: str) -> None:
    wrong = {command: why for command in commands_in(document) if (why := wrong_with(command))}

    assert wrong == {}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_module_and_script_that_a_document_runs_exists(document: str) -> None:
    scripts = json.loads((ROOT / "dashboard/package.json").read_text("utf-8"))["scripts"]
    modules = set(re.findall(r"python -m ([a-z_.]+[a-z_])", text_of(document)))
    files = set(re.findall(r"python ([a-z_./]+\.py)", text_of(document)))
    runs = set(re.findall(r"npm run ([a-z]+)", text_of(document)))

    assert {module for module in modules if importlib.util.find_spec(module) is None} == set()
    assert {file for file in files if not (ROOT / file).exists()} == set()
    assert runs <= set(scripts)


def test_both_readmes_tell_to_type_the_same() -> None:
    english, chinese = (
        commands_in(document) | {code for code in code_in(document) if code.startswith(("mosquitto_", "password"))}
        for document in READMES
    )

    assert english == chinese


@pytest.mark.parametrize("readme", READMES)
def test_a_readme_names_every_setting_and_no_other(readme: str) -> None:
    settings = {f"ANLING_{name.upper()}" for name in Settings.model_fields} - NOT_FOR_PEOPLE

    assert set(re.findall(r"ANLING_[A-Z_]+", text_of(readme))) == settings


@pytest.mark.parametrize("readme", READMES)
def test_a_readme_says_what_happens_at_night_without_a_channel(readme: str) -> None:
    assert NO_CHANNEL[readme] in text_of(readme)


def test_the_board_says_it_in_the_same_words() -> None:
    assert NO_CHANNEL["README.zh-CN.md"] in (ROOT / "dashboard/src/staff/notices/words.ts").read_text("utf-8")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", text_of(document))
    inside = [link for link in links if "://" not in link]

    assert [link for link in inside if not leads_somewhere(document, link)] == []


def leads_somewhere(document: str, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (ROOT / document).parent / path if path else ROOT / document
    return target.exists() and (not anchor or anchor in anchors_of(target))


def anchors_of(file: Path) -> set[str]:
    """What each heading is called in a link: lower case, hyphens for spaces, without punctuation."""
    headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", ABOUT_THE_CODE)
def test_every_path_that_a_document_names_exists(document: str) -> None:
    named = {code for code in code_in(document) if re.fullmatch(r"[a-z][\w.-]*(/[\w.-]+)+/?", code)} - NOT_YET

    assert {path for path in named if not is_there(path)} == set()


@pytest.mark.parametrize("document", ABOUT_THE_CODE)
def test_every_name_that_a_document_finds_in_a_file_is_there(document: str) -> None:
    found = re.findall(r"`(\w+)`\)? (?:in|of)\s`([\w/.-]+/[\w.-]+\.\w+)`", text_of(document))

    assert [(name, path) for name, path in found if not is_in_the_file(name, path)] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_name_of_the_code_that_a_document_uses_is_there(document: str) -> None:
    """Names of two words, of what is called, and of files: a word alone may be anything."""
    code = re.findall(r"`([^`\n]+)`", text_of(document))
    named = {
        name for piece in code for name in re.findall(r"^\w+(?=\(\)$)|^\w+_\w+$|^\w+\.(?:py|sql|ts|svelte)$", piece)
    }

    assert sorted(named - NOT_OURS - names_of_the_code()) == []


@cache
def names_of_the_code() -> frozenset[str]:
    """The names of files, and what stands in them."""
    files = [
        file
        for folder in OF_THE_CODE
        for file in (ROOT / folder).rglob("*")
        if file.suffix in SOURCES and file != Path(__file__)
    ]
    words = (set(re.findall(r"\w+", file.read_text("utf-8"))) for file in files)
    return frozenset({file.name for file in files}.union(*words))


def is_in_the_file(name: str, path: str) -> bool:
    files = [ROOT / base / path for base in BASES if (ROOT / base / path).is_file()]
    return any(re.search(rf"\b{name}\b", file.read_text("utf-8")) for file in files)


def test_what_the_documents_call_missing_is_missing() -> None:
    assert {path for path in NOT_YET if is_there(path)} == set()


def is_there(path: str) -> bool:
    """A file, a folder or a module, named from the root or from one of the usual places."""
    return any((ROOT / base / f"{path}{end}").exists() for base in BASES for end in ("", ".py"))


def test_every_name_in_the_map_is_in_the_tree() -> None:
    assert [path for path in map_of_the_tree() if not (ROOT / path).exists()] == []


def test_every_folder_of_the_hub_is_in_the_map() -> None:
    folders = {str(file.parent.relative_to(ROOT)) for file in ROOT.glob("hub/*/__init__.py")} | {"hub/migrations"}

    assert folders <= {path.rstrip("/") for path in map_of_the_tree()}


def map_of_the_tree() -> list[str]:
    """The paths in the left column of the map in ARCHITECTURE.md; a name that is indented is inside the last folder."""
    paths, inside = [], ""
    for line in text_of("ARCHITECTURE.md").split("```")[1].splitlines():
        names = re.split(r"(?<=\S) {3,}", line)[0]
        if not names.strip() or names.startswith("   "):
            continue
        if names.startswith("  "):
            paths += [f"{inside}{name}" for name in names.split()]
        else:
            paths += names.split()
            inside = paths[-1] if paths[-1].endswith("/") else ""
    return paths


def test_what_the_map_marks_as_pure_is_checked_to_be() -> None:
    contracts = ConfigParser()
    contracts.read(ROOT / ".importlinter", "utf-8")
    pure = {name.rpartition(".")[2] for name in contracts["importlinter:contract:pure"]["source_modules"].split()}
    block = text_of("ARCHITECTURE.md").split("```")[1]
    of_the_hub = block[: block.index("\ndevices/")]

    assert set(re.findall(r"(\w+)\*", of_the_hub)) <= pure
