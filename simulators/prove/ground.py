"""What does every prover stand on? One running hub with an imported centre, a line to it, sinks, and an observer."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from simulators.prove.ledger import TriggerKind
from simulators.prove.line import DeviceLine
from simulators.prove.observer import Observer, make_login
from simulators.prove.people import StaffPage
from simulators.prove.proven_hub import LOOPBACK, ProvenHub, ProverBroker, Tree
from simulators.prove.prover_centre import CANARY, OWN, ProverCentre, write_centre_file
from simulators.prove.sinks import Sinks, open_sinks
from simulators.prove.triggers import Canary, Door

PROVER_SETTINGS: Final[Mapping[str, str]] = {"ANLING_WEBHOOK_HOSTS": LOOPBACK}
"""Settings that every prover's hub has: what lets it send to sinks on this machine."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which hub a prover wants."""

    broker: ProverBroker = "builtin"
    triggers: int = 24
    tier_wait_seconds: int = 30
    settings: Mapping[str, str] = field(default_factory=dict)
    tree: Tree = field(default_factory=Tree)
    seed: int = 1
    pace: int = 1
    """How fast the hub's clock will run."""
    folder: Path | None = None
    """Where the hub lives; None: a temporary folder that goes away."""


@dataclass
class ProvingGround:
    """A running hub and what surrounds it."""

    wanted: Wanted
    hub: ProvenHub
    centre: ProverCentre
    sinks: Sinks
    line: DeviceLine
    observer: Observer
    staff: StaffPage
    random: Random

    @property
    def door(self) -> Door:
        """Where triggers connect: the line, which can be cut."""
        return Door(LOOPBACK, self.line.port)

    @property
    def own_triggers(self) -> tuple[str, ...]:
        """Triggers of the prover's own, whose presses are not counted."""
        return OWN

    def canary(self) -> Canary:
        """Asks whether the hub answers, beside the line."""
        at = Door(LOOPBACK, self.hub.mqtt_port)
        kind = TriggerKind.REPEATING if self.wanted.broker == "mosquitto" else TriggerKind.PUBACK
        return Canary(at, CANARY, self.hub.password_of(CANARY), self.random, kind)


@contextmanager
def open_ground(wanted: Wanted) -> Iterator[ProvingGround]:
    """A hub that runs with its centre imported and somebody signed in; stopped, and its folder removed, at the end."""
    with ExitStack() as opened:
        folder = wanted.folder or Path(opened.enter_context(_temporary_folder()))
        sinks = opened.enter_context(open_sinks())
        settings = {**PROVER_SETTINGS, "ANLING_SMTP_URL": sinks.smtp_url, **wanted.settings}
        hub = ProvenHub(folder, wanted.broker, settings, wanted.tree)
        centre = ProverCentre(wanted.triggers, wanted.tier_wait_seconds, sinks.hooks_url)
        opened.callback(hub.stop)
        hub.start()
        hub.import_file(write_centre_file(centre))
        make_login(hub)
        staff = StaffPage(hub)
        staff.open_invitation()
        line = DeviceLine(hub.mqtt_port)
        opened.enter_context(line.running())
        observer = Observer(hub)
        opened.callback(observer.close)
        yield ProvingGround(wanted, hub, centre, sinks, line, observer, staff, Random(wanted.seed))  # noqa: S311


@contextmanager
def _temporary_folder() -> Iterator[str]:
    # Short: a socket's path has at most 107 bytes.
    folder = tempfile.mkdtemp(prefix="prove-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
