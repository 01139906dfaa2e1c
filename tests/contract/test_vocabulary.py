"""Does a word of a set (a role, a state, a refusal) stand outside its enumeration?

Tags of languages do: each text stands beside its language, in texts and in the files of rules.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from devices.contract.kinds import KindOfDevice
from hub.access.may import Ground, Refusal
from hub.access.model import Role, SessionKind
from hub.alarms.model import (
    AlarmState,
    Arrival,
    LaterTimerKind,
    Outcome,
    SentenceAbout,
    TimerEnd,
    TimerKind,
    Transition,
)
from hub.attendance.model import AttendanceAction, Evidence
from hub.centre.model import Applies, RoomType
from hub.fleet.model import DeviceKind, DeviceState, SourceKind, SourceProtocol, Subtopic
from hub.fleet.placement import Misplaced
from hub.ingest.model import QuarantineReason, SeenLane
from hub.kit.errors import ProblemCode
from hub.notices.model import NoticeCode, NoticePriority, Priority
from hub.notifications.model import ChannelName, NotificationState, Template
from hub.notifications.texts import OUTCOMES
from hub.people.model import Category, Kinship, Purpose, VetoSource
from hub.roster.model import Duty
from hub.rules.memory import RuleStage
from hub.rules.model import PressKind
from hub.video.model import CameraFault, Ending, PlayCode
from hub.video.policy import Because, Code
from simulators.plan import RoomWord
from tests.contract.trees import nodes_in

ROOT = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("hub", "devices", "extension", "simulators")

VOCABULARIES: Final[tuple[type[StrEnum], ...]] = (
    *(Role, SessionKind, Ground, Refusal),
    *(Applies, Arrival, LaterTimerKind, Outcome, SentenceAbout, AlarmState, TimerEnd, TimerKind, Transition),
    *(Evidence, AttendanceAction, RoomType, DeviceKind, DeviceState, SourceKind, SourceProtocol, Misplaced, Subtopic),
    *(QuarantineReason, SeenLane, ProblemCode, NoticeCode, NoticePriority, Priority),
    *(ChannelName, NotificationState, Template, Category, Kinship, Purpose, VetoSource, Duty, RuleStage, PressKind),
    *(CameraFault, Ending, PlayCode, Because, Code),
)
WORDS: Final = frozenset(word.value for words in VOCABULARIES for word in words)

NAMES: Final = {
    "alarm": "a kind of row and of change, a part of a topic",
    "alarms": "a group of commands",
    "camera": "a field of the ledger's entries, a name in a statement",
    "codec": "a field of a notice",
    "consent": "a group of commands",
    "duty": "a kind of target of a policy, a field",
    "main": "a field of the file, a stream of a simulated camera, a profile of H.264",
    "open": "a field: whether the centre is open; a name in a statement",
    "outcome": "a field",
    "press": "a field, a command of the scenario",
    "reading": "a pattern of a rule",
    "refused": "a field of a notice",
    "relation": "what the ledger says was written",
    "role": "a kind of target of a policy, a field",
    "rtsp": "a scheme of addresses, a name in the demo's addresses",
    "rtsps": "the same",
    "sub": "a stream of a simulated camera",
    "unreachable": "a column: nobody's phone has taken a message",
    "visit": "a field",
}
"""Words of a set that are also the names of something, and what of."""

HOMONYMS: Final = {
    ("hub/access/accounts.py", "account-disabled"): "the ledger's entry",
    ("hub/alarms/card.py", "lapsed"): "a column",
    ("hub/processes/running.py", "stopped"): "a line of the log",
    ("hub/commands/alarms.py", "accepted"): "printed to whoever reads an alarm at the terminal",
    ("hub/commands/alarms.py", "opened"): "the same",
    ("hub/commands/alarms.py", "resolved"): "the same",
    ("hub/commands/outside_watch.py", "webhook"): "a file that runs alone, on a machine without this tree",
    ("hub/embedded/processes.py", "unknown"): "nobody knows whose lock it is",
    ("hub/embedded/start.py", "family"): "the name of a page",
    ("hub/embedded/start.py", "observer"): "the id of a device",
    ("hub/embedded/start.py", "staff"): "the name of a page",
    ("hub/notifications/answers.py", "accepted"): "the name of a flag in providers' answers",
    ("hub/notifications/answers.py", "delivered"): "the same",
    ("hub/notifications/channels/outward.py", "bad-address"): "what became of an attempt; providers' codes are open",
    ("hub/notifications/channels/outward.py", "resolve"): "the name of a thread",
    ("hub/notifications/channels/webhook.py", "read"): "a limit of httpcore's",
    ("hub/notifications/channels/email.py", "bad-address"): "what became of an attempt; providers' codes are open",
    ("hub/notifications/channels/webhook.py", "bad-address"): "the same",
    ("hub/notifications/channels/webhook.py", "unreadable"): "the same",
    ("hub/notifications/deliver.py", "defect"): "the same",
    ("hub/notifications/service.py", "restored"): "the code of what was withdrawn",
    ("hub/rules/findings.py", "cleared"): "a field of the row",
    ("hub/rules/texts.py", "lead"): "the English word for it",
    ("hub/video/media/viewings.py", "unknown"): "the media process does not know the viewing",
    ("hub/video/media/peers.py", "closed"): "a state of WebRTC",
    ("hub/video/engine.py", "close"): "a verb of the engine",
    ("hub/video/service.py", "unknown"): "the media process does not know the viewing",
    ("simulators/control.py", "bad-request"): "the simulators' own answer",
    ("simulators/day.py", "meal"): "a seed of chance",
    ("simulators/organisation/__main__.py", "webhook"): "somebody else's program has only what came over the wire",
    ("simulators/organisation/phones.py", "closed"): "the same",
    ("simulators/organisation/phones.py", "resolved"): "the same",
    ("simulators/organisation/receiver.py", "accepted"): "the same",
    ("simulators/prove/people.py", "reassurance"): "the same",
    ("simulators/prove/noloss.py", "answered"): "a key of the prover's result",
    ("simulators/prove/watching.py", "closed"): "an observer has only what the rows hold",
    ("simulators/prove/watching.py", "resolved"): "the same",
    ("simulators/prove/noloss.py", "taken"): "the same",
    ("simulators/stage/api.py", "not-found"): "as the hub answers an unknown id; the simulators do not import it",
}
"""Where a word of a set means something else, and what."""

BELOW: Final = {"hub/notifications/texts.py": OUTCOMES}
"""Files that stand below the owner of a set and have its words; compared here."""


def literals(file: Path) -> Iterator[str]:
    """The strings of a file outside its enumerations."""
    nodes = nodes_in(file)
    declared = {
        id(node)
        for owner in nodes
        if isinstance(owner, ast.ClassDef) and any("Enum" in ast.unparse(base) for base in owner.bases)
        for node in ast.walk(owner)
    }
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in declared:
            yield node.value


@cache
def found() -> set[tuple[str, str]]:
    """Every word of a set that stands as a string, with its file."""
    return {
        (str(file.relative_to(ROOT)), word)
        for package in PACKAGES
        for file in sorted((ROOT / package).rglob("*.py"))
        for word in literals(file)
        if word in WORDS
    }


def test_a_word_of_a_set_stands_in_its_enumeration_alone() -> None:
    strays = sorted(
        f'{file}: "{word}" is {member_of(word)}; where it means something else it stands in HOMONYMS'
        for file, word in found()
        if (file, word) not in HOMONYMS and word not in NAMES and word not in BELOW.get(file, ())
    )

    assert not strays, "\n".join(["", *strays])


def member_of(word: str) -> str:
    """The members whose word that is, as code writes them: `Role.STAFF`."""
    return " or ".join(f"{words.__name__}.{words(word).name}" for words in VOCABULARIES if word in set(map(str, words)))


def test_no_exception_is_left_over() -> None:
    standing = found()

    assert set(HOMONYMS) - standing == set()
    assert set(NAMES) - {word for _, word in standing} == set()


def test_files_that_cannot_import_a_set_have_the_same_words() -> None:
    assert set(OUTCOMES) == set(map(str, Outcome))
    assert set(map(str, KindOfDevice)) == set(map(str, DeviceKind))
    assert set(map(str, RoomWord)) <= set(map(str, RoomType))
