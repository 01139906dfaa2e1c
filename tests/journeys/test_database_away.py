"""What does a press do while the database cannot commit? It is kept in the spool, it rings, and it counts once."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from simulators.prove.spool import find_spool, is_spooled
from tests.fakes.demo import Demo
from tests.fakes.free import FreeSenior
from tests.fakes.waiting import wait_until
from tests.journeys.test_kill_9 import is_on_the_phone, runs_again

NOT_RECORDED = "系统暂时记不下来，请马上去看"


@contextmanager
def frozen_database(centre: Demo) -> Iterator[None]:
    """PostgreSQL with every backend stands still."""
    postmaster = centre.pid_of("postgres")
    pids = [
        postmaster,
        *(int(pid) for pid in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()),
    ]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def is_told_unrecorded(centre: Demo, caller: FreeSenior) -> bool:
    shown = centre.phones()["sw-1"]
    return any(NOT_RECORDED in one.text["zh-CN"] and caller.called in one.text["zh-CN"] for one in shown)


def is_in_the_spool(centre: Demo, caller: FreeSenior, message_id: str) -> bool:
    return is_spooled(find_spool(centre.data_dir, {}), caller.button, message_id)


def presses_of(centre: Demo, message_id: str) -> int:
    return len(centre.rows("SELECT FROM press WHERE message_id = %s", message_id))


def test_a_press_rings_while_the_database_stands_still_and_counts_once_when_it_is_back(centre: Demo) -> None:
    caller = centre.free.senior()
    with frozen_database(centre):
        pressed = centre.press(caller.button)
        wait_until(lambda: is_told_unrecorded(centre, caller), what="the first tier is told from memory")
        assert is_in_the_spool(centre, caller, pressed)

    is_on_the_phone(centre, caller)
    wait_until(lambda: not is_in_the_spool(centre, caller, pressed), what="the spool begins anew")
    assert presses_of(centre, pressed) == 1


def test_presses_while_the_database_is_killed_again_and_again_are_answered_and_count_once(centre: Demo) -> None:
    caller = centre.free.senior()
    pressed = []
    for _ in range(3):
        killed = centre.kill("postgres")
        pressed.append(centre.press(caller.button))
        runs_again(centre, "postgres", killed)

    is_on_the_phone(centre, caller)
    wait_until(lambda: all(presses_of(centre, message_id) for message_id in pressed), what="each press is committed")
    assert [presses_of(centre, message_id) for message_id in pressed] == [1, 1, 1]
    assert not any(is_in_the_spool(centre, caller, message_id) for message_id in pressed)
