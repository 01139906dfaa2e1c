"""What if two hubs have one database? The second waits as a standby, and one press that both get is one row."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from simulators.prove.field import Field, HubFault
from simulators.prove.proven_hub import LOOPBACK, HubEnded, ProvenHub
from simulators.prove.triggers import Door
from simulators.prove.waiting import NotWithin, wait_for

_STARTS_WITHIN: Final = 25.0


@contextmanager
def second_hub(field: Field) -> Iterator[None]:
    """A second hub of this version on the same database; while it lets devices in, each press goes to both."""
    first = field.ground.hub
    settings = {**first.settings, "ANLING_DATABASE_URL": first.database_url()}
    second = ProvenHub(first.folder / "second", "builtin", settings, first.tree)
    second.set_clock(*field.clockwork.read())
    second.begin()
    field.strikes += 1
    try:
        is_open = _lets_devices_in(second)
        field.facts["second_serves"] = int(is_open)
        if is_open:
            field.report("two_serve", "a second hub on the same database lets devices in")
            field.pressing.press_at_both(Door(LOOPBACK, second.mqtt_port))
        yield
    finally:
        second.stop()


def _lets_devices_in(second: ProvenHub) -> bool:
    with suppress(NotWithin, HubEnded):
        return wait_for(second.listens, _STARTS_WITHIN, "the second hub lets devices in")
    return False


FAULTS: Final = (
    HubFault("second-hub", "a second hub on the same database", second_hub, hold_seconds=10, brokers=("builtin",)),
)
