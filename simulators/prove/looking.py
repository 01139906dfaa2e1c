"""Is a press durable at the moment at which its answer comes? Threads look, at once, at each answer."""

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulators.prove.ledger import Ledger, Seen
from simulators.prove.observer import DatabaseAway, Observer
from simulators.prove.proven_hub import ProvenHub
from simulators.prove.spool import find_spool, is_spooled

_LOOKERS: Final = 3
_AGAIN_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class _Answer:
    device_id: str
    press_id: str


class Looking:
    """Takes answers, and notes in the ledger where their presses were."""

    def __init__(self, hub: ProvenHub, ledger: Ledger) -> None:
        self._hub = hub
        self._ledger = ledger
        self._answers: queue.SimpleQueue[_Answer | None] = queue.SimpleQueue()
        self._over = threading.Event()

    def look_at(self, device_id: str, press_id: str) -> None:
        """The first answer to this press has just come."""
        self._answers.put(_Answer(device_id, press_id))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look for as long as the block lasts."""
        threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(_LOOKERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for _ in threads:
                self._answers.put(None)
            for thread in threads:
                thread.join(10)

    def _serve(self) -> None:
        observer = Observer(self._hub)
        while (answer := self._answers.get()) is not None:
            self._ledger.note_seen(answer.press_id, self._find(observer, answer))
        observer.close()

    def _find(self, observer: Observer, answer: _Answer) -> Seen:
        """Twice the spool, then the database: a press may be drained from one into the other in between."""
        spool, has_waited = find_spool(self._hub.data_dir, self._hub.settings), False
        while not self._over.is_set():
            try:
                for _ in range(2):
                    if is_spooled(spool, answer.device_id, answer.press_id):
                        return Seen.SPOOLED
                    if observer.is_committed(answer.device_id, answer.press_id):
                        return Seen.LATER if has_waited else Seen.COMMITTED
                return Seen.NOWHERE
            except DatabaseAway:
                has_waited = True
                time.sleep(_AGAIN_SECONDS)
        return Seen.NOT_YET


def spool_of(hub: ProvenHub) -> Path:
    """Where this hub's spool is."""
    return find_spool(hub.data_dir, hub.settings)
