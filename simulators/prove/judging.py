"""Was what the hub promised kept? From the prover's ledger and what the database held in the end: pure, and tested."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from simulators.prove.ledger import Pressed, Seen


@dataclass(frozen=True, slots=True)
class StoredPress:
    """A press as the database holds it in the end; `alarm_id` is empty when it belongs to none."""

    device_id: str
    message_id: str
    alarm_id: str


@dataclass(frozen=True, slots=True)
class Frozen:
    """From then to then nothing could be committed: the database stood still or was away, by the prover's own hand."""

    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database held after everything was drained."""

    presses: Sequence[StoredPress]
    alarms: Mapping[str, str]
    """The device of each alarm, by the alarm's id."""
    over_at: Mapping[str, float] = field(default_factory=dict)
    """When each alarm that is resolved was first seen so, on the prover's clock."""
    live_twice: Collection[str] = ()
    """Triggers of which two alarms were live at one moment."""


@dataclass(frozen=True, slots=True)
class Breach:
    """One promise that was not kept: its key in the result, and a line for whoever mends it."""

    key: str
    line: str


def judge_presses(pressed: Sequence[Pressed], kept: Kept, frozen: Sequence[Frozen]) -> list[Breach]:
    """Everything that is not as promised, of the presses in `pressed`."""
    return [
        *_find_lost(pressed, kept),
        *_find_early(pressed, frozen),
        *_find_phantoms(pressed, kept),
        *_find_duplicates(pressed, kept),
    ]


def find_unanswered(pressed: Iterable[Pressed]) -> list[Breach]:
    """Presses that nobody has answered, although the last fault is over for long enough."""
    return [
        Breach("unanswered", f"press {press.id} of {press.device_id}, made at {press.pressed_at:.1f}, has no answer")
        for press in pressed
        if press.answered_at is None
    ]


def _find_lost(pressed: Sequence[Pressed], kept: Kept) -> list[Breach]:
    """Answered, and there is no such press, or it belongs to no alarm, or to one that was over."""
    alarm_of = {(one.device_id, one.message_id): one.alarm_id for one in kept.presses}
    found = []
    for press in pressed:
        if press.answered_at is None:
            continue
        why = _explain_loss(press, alarm_of.get((press.device_id, press.id)), kept)
        if why:
            found.append(
                Breach("lost", f"press {press.id} of {press.device_id} {why}; it was {_describe_answer(press)}")
            )
    return found


def _explain_loss(press: Pressed, alarm_id: str | None, kept: Kept) -> str:
    if alarm_id is None:
        return "is not in the database"
    if alarm_id not in kept.alarms:
        return "belongs to no alarm"
    over = kept.over_at.get(alarm_id, press.pressed_at)
    return "belongs to an alarm that was over before it was made" if over < press.pressed_at else ""


def _find_early(pressed: Sequence[Pressed], frozen: Sequence[Frozen]) -> list[Breach]:
    """Answered before it was durable."""
    return [
        Breach("early", f"press {press.id} of {press.device_id} was {_describe_answer(press)} before it was durable")
        for press in pressed
        if press.answered_at is not None and (press.seen is Seen.NOWHERE or _is_impossible(press, frozen))
    ]


def _is_impossible(press: Pressed, frozen: Sequence[Frozen]) -> bool:
    """Sent and answered while nothing could be committed, and not in the spool: however it was found later."""
    sent, answered = press.sent_at or press.pressed_at, press.answered_at
    if press.seen is Seen.SPOOLED or answered is None:
        return False
    return any(span.since <= sent and answered < span.until for span in frozen)


def _find_phantoms(pressed: Sequence[Pressed], kept: Kept) -> list[Breach]:
    """Presses that nobody made, and alarms without a press."""
    made = {(press.device_id, press.id) for press in pressed}
    unmade = [one for one in kept.presses if (one.device_id, one.message_id) not in made]
    with_press = {one.alarm_id for one in kept.presses}
    return [
        *(Breach("phantom", f"press {one.message_id} of {one.device_id} was never made") for one in unmade),
        *(
            Breach("phantom", f"alarm {alarm} of {device} has no press")
            for alarm, device in kept.alarms.items()
            if alarm not in with_press
        ),
    ]


def _find_duplicates(pressed: Sequence[Pressed], kept: Kept) -> list[Breach]:
    """One press twice, or two live alarms of one trigger."""
    made = {(press.device_id, press.id) for press in pressed}
    times = Counter((one.device_id, one.message_id) for one in kept.presses)
    twice = [(key, n) for key, n in times.items() if n > 1 and key in made]
    return [
        *(Breach("duplicate_alarms", f"press {key[1]} of {key[0]} is {n} rows") for key, n in twice),
        *(Breach("duplicate_alarms", f"two alarms of {device} were live at once") for device in kept.live_twice),
    ]


def _describe_answer(press: Pressed) -> str:
    sent = press.pressed_at if press.sent_at is None else press.sent_at
    return f"sent at {sent:.3f} and answered with {press.answer} at {press.answered_at or 0:.3f}"
