"""What do the alarms do while presses and faults go on? Looked at a few times a second, and answered by people."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from simulators.prove.ground import ProvingGround
from simulators.prove.observer import DatabaseAway, Observer
from simulators.prove.people import NotAnswered
from simulators.prove.silence import CallState, Look

_LOOK_EVERY: Final = 0.5
_ENDS: Final = ("resolved", "closed")


@dataclass
class Watching:
    """Looks of each trigger, and which triggers' alarms people take: after `takes_after` seconds, and end at once."""

    ground: ProvingGround
    attended: frozenset[str]
    takes_after: float
    is_attending: bool = True
    looks: dict[str, list[Look]] = field(default_factory=dict)
    alarm_ids: dict[str, set[str]] = field(default_factory=dict)
    live_twice: set[str] = field(default_factory=set)
    over_at: dict[str, float] = field(default_factory=dict)
    """When each alarm was first seen resolved."""
    taken: int = 0
    _seen_open: dict[str, float] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look, and let people answer, for as long as the block lasts."""
        threads = [threading.Thread(target=work, daemon=True) for work in (self._watch, self._attend)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join(20)

    def is_quiet(self, device_id: str) -> bool:
        """Whether no alarm of this trigger was open at the last look."""
        looks = self.looks.get(device_id, [])
        return bool(looks) and looks[-1].state is CallState.ATTENDED

    def _watch(self) -> None:
        observer = Observer(self.ground.hub)
        while not self._over.wait(_LOOK_EVERY):
            try:
                states = observer.states()
            except DatabaseAway:
                continue
            self._note_states(states, time.monotonic())
        observer.close()

    def _note_states(self, states: dict[str, tuple[str, str]], at: float) -> None:
        live = Counter(device for device, state in states.values() if state not in _ENDS)
        self.live_twice |= {device for device, count in live.items() if count > 1}
        calling = {device for device, state in states.values() if state == "open"}
        for alarm_id, (device, state) in states.items():
            self.alarm_ids.setdefault(device, set()).add(alarm_id)
            if state not in _ENDS:
                self.over_at.pop(alarm_id, None)
            else:
                self.over_at.setdefault(alarm_id, at)
            if state == "open":
                self._seen_open.setdefault(alarm_id, at)
            else:
                self._seen_open.pop(alarm_id, None)
        for device in {device for device, _ in states.values()}:
            state = CallState.CALLING if device in calling else CallState.ATTENDED
            seen = self.looks.setdefault(device, [])
            if not seen or seen[-1].state is not state or state is CallState.ATTENDED:
                seen.append(Look(at, state))

    def _attend(self) -> None:
        while not self._over.wait(_LOOK_EVERY):
            for alarm_id in self._list_due():
                if self._over.is_set():
                    return
                self._take_alarm(alarm_id)

    def _list_due(self) -> Sequence[str]:
        """The alarms of attended triggers, and of the prover's own, that have been open long enough."""
        before = time.monotonic() - self.takes_after
        mine = {alarm for device in self.attended for alarm in self.alarm_ids.get(device, ())}
        due = [alarm for alarm, since in tuple(self._seen_open.items()) if alarm in mine and since < before]
        return due if self.is_attending else []

    def _take_alarm(self, alarm_id: str) -> None:
        """What fails, because the pages are down, is tried again at the next look."""
        try:
            self.ground.staff.accept(alarm_id)
            self.ground.staff.resolve(alarm_id)
            self._seen_open.pop(alarm_id, None)
            self.taken += 1
        except NotAnswered as error:
            if error.status == 401:
                self._sign_in_again()

    def _sign_in_again(self) -> None:
        try:
            self.ground.staff.sign_in()
        except NotAnswered:
            return
