"""Which services of other domains does the alarm path's intake call in the transaction of what it stores?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from hub.alarms import service as alarms
from hub.alarms.finding_batch import Concluded
from hub.kit.clock import ReadClock
from hub.kit.db import Conn
from hub.kit.ids import CentreId, PressId
from hub.rules.model import Finding
from hub.rules.service import Rules

Conclude: TypeAlias = Callable[
    [Conn, Sequence[Finding], datetime, Sequence[PressId], ReadClock], Awaitable[list[Concluded]]
]
"""Findings become alarms and notices, one result for each in order; the alarms of presses that were cancelled are
marked, and staff still go and look. After it nothing is asked any more: the ledger's head is locked to the commit."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Those services, and the centre."""

    rules: Rules
    centre_id: CentreId
    """The centre that is told of messages whose sender nobody knows."""
    conclude: Conclude = alarms.conclude_findings
    """`conclude_after_defect` for a single message with which `conclude_findings` raised."""
