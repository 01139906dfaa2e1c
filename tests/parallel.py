"""Which tests stay in one process when several run side by side? Those that share a running centre.

To start one takes seconds. xdist's own groups (`--dist loadgroup`) do not work with pytest 9.2: xdist 3.8 notes them
where nobody reads them any more.
"""

from collections.abc import Callable

import pytest
from xdist.scheduler import LoadScopeScheduling


class SideBySide(LoadScopeScheduling):  # type: ignore[misc]  # xdist says nothing of its types to mypy
    """Gives each process the tests of one group after the other, the largest groups first.

    `group_of` names the group of a test by its node id.
    """

    def __init__(self, config: pytest.Config, log: object, group_of: Callable[[str], str]) -> None:
        super().__init__(config, log)
        self._group_of = group_of

    def _split_scope(self, nodeid: str) -> str:
        return self._group_of(nodeid)


def file_of(nodeid: str) -> str:
    """The file of a test."""
    return nodeid.partition("::")[0]
