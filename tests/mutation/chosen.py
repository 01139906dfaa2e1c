"""Runs chosen tests in a chosen order: a plugin of pytest, `-p tests.mutation.chosen`.

The file that ANLING_TEST_CHOSEN names has one node id of a test as JSON in each line.
"""

import json
import os
from pathlib import Path

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the chosen tests, in the order in which they were chosen."""
    lines = Path(os.environ["ANLING_TEST_CHOSEN"]).read_text("utf-8").splitlines()
    wanted = {json.loads(line): at for at, line in enumerate(lines)}
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in wanted])
    items[:] = sorted((item for item in items if item.nodeid in wanted), key=lambda item: wanted[item.nodeid])
