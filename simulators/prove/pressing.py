"""Who presses? Every counted trigger of a ground, connected through its line, with its answers noted and looked at."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from paho.mqtt.client import MQTTv5, MQTTv311
from paho.mqtt.enums import MQTTProtocolVersion

from simulators.prove.ground import ProvingGround
from simulators.prove.ledger import Ledger, TriggerKind
from simulators.prove.looking import Looking
from simulators.prove.triggers import KEEP_ALIVE, Door, Trigger
from simulators.prove.waiting import wait_for

_TICK: Final = 0.2


class Pressing:
    """The triggers of one ground, by their ids."""

    def __init__(self, ground: ProvingGround, ledger: Ledger, looking: Looking) -> None:
        self.ledger = ledger
        self._looking = looking
        self.triggers = {
            device_id: self._build_trigger(ground, n, device_id)
            for n, device_id in enumerate(ground.centre.trigger_ids)
        }
        self._over = threading.Event()

    def press(self, device_id: str) -> str:
        """Press one of them; gives the id."""
        return self.triggers[device_id].press(self.ledger)

    def press_at_both(self, other: Door) -> None:
        """Each repeating trigger presses once, at its own door and at `other` at the same moment, with one id."""
        for trigger in self.triggers.values():
            if trigger.kind is TriggerKind.REPEATING:
                trigger.press_at_both(self.ledger, other)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Connected, and repeating what is not answered, for as long as the block lasts."""
        repeating = threading.Thread(target=self._repeat, daemon=True)
        for trigger in self.triggers.values():
            trigger.start()
        repeating.start()
        try:
            wait_for(self._are_connected, 30, "every trigger is connected")
            yield
        finally:
            self._over.set()
            repeating.join()
            for trigger in self.triggers.values():
                trigger.stop()

    def _are_connected(self) -> bool:
        return all(trigger.is_connected for trigger in self.triggers.values())

    def _repeat(self) -> None:
        while not self._over.wait(_TICK):
            for trigger in self.triggers.values():
                trigger.repeat_due()

    def _build_trigger(self, ground: ProvingGround, n: int, device_id: str) -> Trigger:
        return Trigger(
            ground.door,
            device_id,
            ground.hub.password_of(device_id),
            choose_kind(ground.wanted.broker, n),
            partial(self._note_answer, device_id),
            random=ground.random,
            version=_choose_version(ground.wanted.broker, n),
            keep_alive=KEEP_ALIVE if ground.wanted.pace == 1 else 0,
        )

    def _note_answer(self, device_id: str, press_id: str, answer: str) -> None:
        if self.ledger.note_answer(press_id, time.monotonic(), answer):
            self._looking.look_at(device_id, press_id)


def choose_kind(broker: str, n: int) -> TriggerKind:
    """Of which kind the nth trigger is. The PUBACK of a broker that is not the hub's own proves nothing."""
    return TriggerKind.REPEATING if broker == "mosquitto" or n % 2 else TriggerKind.PUBACK


def _choose_version(broker: str, n: int) -> MQTTProtocolVersion:
    """The built-in broker speaks 3.1.1."""
    return MQTTv5 if broker == "mosquitto" and n % 4 < 2 else MQTTv311
