"""Which faults are there? One line each; `--faults` names them, and docs/reliability.md says what each shows."""

from typing import Final

from simulators.prove.faults import (
    clocks,
    database,
    disk,
    floods,
    freezing,
    hubs,
    killing,
    lines,
    poison,
    providers,
    strangers,
)
from simulators.prove.field import HubFault

FAULTS: Final[tuple[HubFault, ...]] = (
    *killing.FAULTS,
    *freezing.FAULTS,
    *database.FAULTS,
    *disk.FAULTS,
    *lines.FAULTS,
    *providers.FAULTS,
    *strangers.FAULTS,
    *floods.FAULTS,
    *poison.FAULTS,
    *clocks.FAULTS,
    *hubs.FAULTS,
)
