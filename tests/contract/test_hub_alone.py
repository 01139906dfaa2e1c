"""Does the hub know nothing of the demo? It is a package beside it, mounted by the command that has its name."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
APPLIED: Final = ("0003_access.sql", "0045_logins.sql", "0063_simulated_accounts.sql")
"""Migrations that made the column `demo`, granted it and renamed it; an applied one is never edited."""
TERMS: Final = {
    "telemetry/store.py": r"reading_staged|COPY_STAGED|STAGE|UNSTAGE",  # rows are staged before they are merged
    "mqtt/connection.py": r"ConversationStage|stage",  # how far a connection has come
    "mqtt/conversation.py": r"ConversationStage|stage",
    "migrations/0011_rules.sql": r"rule_state_due|stage",  # how far a rule has come: idle, pending, firing
    "rules/": r"RuleStage|stages?",
}
"""Where the word is the field's term for something else, and how it stands there."""


def lines_of_hub() -> Iterator[tuple[str, str]]:
    """Each line of the hub's sources, with its file; what is built into `static` are the dashboard's pages."""
    for file in sorted((ROOT / "hub").rglob("*")):
        name = str(file.relative_to(ROOT / "hub"))
        if file.suffix in {".py", ".sql", ".toml", ".yaml"} and not name.startswith("static/"):
            yield from ((name, line) for line in file.read_text("utf-8").splitlines())


def knows(name: str, line: str) -> bool:
    """Whether this line speaks of the demo or its stage."""
    if name.removeprefix("migrations/") in APPLIED:
        return False
    term = next((words for place, words in TERMS.items() if name.startswith(place)), None)
    rest = line if term is None else re.sub(rf"\b({term})\b", "", line)
    return re.search("demo|stage", rest, re.IGNORECASE) is not None


def test_the_hub_does_not_know_the_word() -> None:
    assert [(name, line.strip()) for name, line in lines_of_hub() if knows(name, line)] == []


@pytest.mark.parametrize(
    ("name", "line", "found"),
    [
        ("web/static.py", '@router.get("/demo")', True),
        ("settings.py", "    stage_url: str | None = None", True),
        ("rules/engine.py", "        match memory.stage:", False),
        ("rules/engine.py", "the demo's rules", True),
        ("mqtt/session.py", "stage", True),
    ],
)
def test_such_a_line_is_found(name: str, line: str, *, found: bool) -> None:
    assert knows(name, line) is found


def test_no_file_of_the_hub_names_a_file_of_the_demo() -> None:
    assert [
        name for name, line in lines_of_hub() if re.search(r"simulators\.stage|import_module\(.simulators", line)
    ] == []
