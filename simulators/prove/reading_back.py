"""What did the database and the sinks hold in the end? Put into the words in which it is judged."""

from collections.abc import Sequence
from typing import Final

from simulators.prove.ground import ProvingGround
from simulators.prove.judging import Kept, StoredPress
from simulators.prove.ledger import Pressed
from simulators.prove.observer import AlarmRow, DatabaseAway, Observer, PressRow
from simulators.prove.prover_centre import name_senior
from simulators.prove.silence import Silence, SilenceAllowed, find_silences, list_open_calls
from simulators.prove.waiting import wait_for
from simulators.prove.watching import Watching

_ANSWERS_WITHIN: Final = 60.0


def read_kept(ground: ProvingGround, watching: Watching) -> Kept:
    """The presses and alarms of the counted triggers. Raises NotWithin when the database does not answer."""
    counted = set(ground.centre.trigger_ids)
    presses, alarms = wait_for(lambda: _read_rows(ground.observer), _ANSWERS_WITHIN, "the database answers")
    return Kept(
        [StoredPress(one.device_id, one.message_id, one.alarm_id) for one in presses if one.device_id in counted],
        {one.id: one.device_id for one in alarms if one.device_id in counted},
        watching.over_at,
        watching.live_twice & counted,
    )


def judge_silence(
    ground: ProvingGround, watching: Watching, pressed: Sequence[Pressed], until: float, allowed: SilenceAllowed
) -> list[Silence]:
    """For how long, and of which trigger, nobody was told."""
    silences = []
    for device_id in ground.centre.trigger_ids:
        answered = [one.answered_at for one in pressed if one.device_id == device_id and one.answered_at is not None]
        calls = list_open_calls(answered, watching.looks.get(device_id, ()), until)
        silences += find_silences(device_id, calls, _times_told(ground, watching, device_id), allowed)
    return silences


def _times_told(ground: ProvingGround, watching: Watching, device_id: str) -> list[float]:
    """When a message about this trigger's senior, or one of her alarms, reached somebody."""
    name, alarms = name_senior(device_id), watching.alarm_ids.get(device_id, set())
    return [one.at for one in ground.sinks.messages() if name in one.text or one.alarm_id in alarms]


def _read_rows(observer: Observer) -> tuple[list[PressRow], list[AlarmRow]] | None:
    try:
        return observer.presses(), observer.alarms()
    except DatabaseAway:
        return None
