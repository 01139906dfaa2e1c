"""Is every row that a loop polls taken inside a boundary of its own?"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

HUB: Final = Path(__file__).parents[2] / "hub"

BOOKKEEPING: Final = {
    ("hub/alarms/polled_store.py", "lock_untold_parked_alarm"): "looks for what is parked",
    ("hub/fleet/store.py", "set_heard"): "writes what was heard, and reads nothing of a row",
    ("hub/fleet/store.py", "set_battery"): "writes what was heard, and reads nothing of a row",
    ("hub/fleet/store.py", "set_sent"): "writes what the broker took, and reads nothing of a row",
    ("hub/ingest/store.py", "trim_quarantine"): "deletes by number, and reads nothing of a row",
    ("hub/notices/store.py", "clear_stale_notices"): "clears by age, and reads nothing of a row",
    ("hub/notifications/due_store.py", "drop_superseded"): "ends what is named to it, and reads nothing of a row",
    ("hub/notifications/due_store.py", "lease_notifications"): "what is named to it was looked for without parked rows",
    ("hub/notifications/due_store.py", "requeue_expired"): "moves by age, and reads nothing of a row",
    ("hub/rules/store.py", "lock_free_memories"): "reads what one message is about, in that message's boundary",
    ("hub/rules/store.py", "lock_orphaned_memories"): "housekeeping, whose parts have a boundary each",
}
"""Statements that skip locked rows and poll none, each with its reason."""


def functions_that_skip_locked_rows() -> Iterator[tuple[str, str, str]]:
    for file in sorted(HUB.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef):
                said = "\n".join(
                    one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)
                )
                if "SKIP LOCKED" in said:
                    yield file.relative_to(HUB.parent).as_posix(), node.name, said


def test_whoever_polls_rows_leaves_out_those_that_are_parked() -> None:
    polled = {(file, name): said for file, name, said in functions_that_skip_locked_rows()}

    assert set(BOOKKEEPING) <= set(polled), "what is explained exists"
    without = {where for where, said in polled.items() if "parked_rows_at" not in said} - set(BOOKKEEPING)
    assert without == set(), "a row that raises would be taken again and again: take it by process_next_row"


def test_each_kind_that_is_left_out_is_parked_somewhere_and_forgotten_when_its_row_is_gone() -> None:
    sources = {file: file.read_text() for file in HUB.rglob("*.py")}
    left_out = {kind for text in sources.values() for kind in re.findall(r"parked_rows_at\('([a-z-]+)'", text)}
    parked = {kind for text in sources.values() for kind in re.findall(r"PolledRow\(\s*\"([a-z-]+)\"", text)}
    lost = set(re.findall(r"parked_row\.kind = '([a-z-]+)'", (HUB / "alarms/polled_store.py").read_text()))

    assert left_out <= parked
    assert left_out <= lost
