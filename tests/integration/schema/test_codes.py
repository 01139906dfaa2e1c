"""Each set of words is one enumeration of its owner, and every list of words in the database is one of these."""

import re
from collections.abc import Iterable

import psycopg
import pytest

from devices.contract import messages as wire
from hub.access.model import Role, SessionKind
from hub.alarms.model import AlarmState, LaterTimerKind, Outcome, SentenceAbout, TimerEnd, TimerKind
from hub.attendance.model import AttendanceAction, Evidence
from hub.centre.model import Applies, RoomType
from hub.fleet.model import DeviceKind, DeviceState, SourceKind, SourceProtocol, Subtopic
from hub.ingest.model import QuarantineReason, SeenLane
from hub.kit.clock_readings import Doubt
from hub.kit.heartbeats import Process
from hub.kit.language import Language
from hub.ledger.model import Chain
from hub.notices.model import NoticePriority
from hub.notifications.model import ChannelName, NotificationState
from hub.people.model import Category, Kinship, Purpose, VetoSource
from hub.roster.model import Duty
from hub.rules import model as heard
from hub.rules.memory import RuleStage
from hub.rules.model import Priority
from hub.video.policy import Because
from tests.contract.test_vocabulary import ROOT
from tests.contract.test_vocabulary import literals as literals_of

Words = Iterable[str]

ALARM_PRIORITIES = [priority for priority in Priority if priority.is_alarm]

WORDS_OF: dict[tuple[str, str], Words] = {
    ("account", "language"): Language,
    ("account", "role"): Role,
    ("alarm", "outcome"): Outcome,
    ("alarm", "priority"): ALARM_PRIORITIES,
    ("alarm", "state"): AlarmState,
    ("alarm_sentence", "about"): SentenceAbout,
    ("alarm_timer", "ended"): TimerEnd,
    ("alarm_timer", "kind"): [*TimerKind, *LaterTimerKind],
    ("attendance_change", "evidence"): Evidence,
    ("called_duty", "applies"): Applies,
    ("called_duty", "duty"): Duty,
    ("camera_source", "kind"): SourceKind,
    ("camera_source", "protocol"): SourceProtocol,
    ("clock_doubt", "doubt"): Doubt,
    ("consent", "covers"): Purpose,
    ("contact_method", "channel"): ChannelName,
    ("device", "kind"): DeviceKind,
    ("device", "state"): DeviceState,
    ("device_command", "subtopic"): Subtopic,
    ("escalation_policy", "applies"): Applies,
    ("finding", "priority"): ALARM_PRIORITIES,
    ("ledger_head", "chain"): Chain,
    ("notice", "priority"): NoticePriority,
    ("notification", "channel"): ChannelName,
    ("notification", "priority"): ALARM_PRIORITIES,
    ("notification", "state"): NotificationState,
    ("presence", "evidence"): Evidence,
    ("press", "kind"): heard.PressKind,
    ("process_beat", "process"): Process,
    ("relation", "kinship"): Kinship,
    ("room", "type"): RoomType,
    ("rule_state", "priority"): Priority,
    ("rule_state", "stage"): RuleStage,
    ("seen_message", "lane"): SeenLane,
    ("senior", "categories"): Category,
    ("session", "kind"): SessionKind,
    ("shift", "duty"): Duty,
    ("veto", "said_by"): VetoSource,
    ("viewing", "because"): Because,
}
"""What each column of words may hold."""

LIST = re.compile(r"CHECK \(\((\w+) (?:= ANY \(|<@ )\(?ARRAY\[(.*)\]\)?(?:\))?\)\)")
USE = re.compile(r"\(?(\w+) (?:=|<>) (?:ANY \(ARRAY\[([^]]*)\]|('[^']*'::text))")


def literals(written: str) -> list[str]:
    return re.findall(r"'([^']*)'::text", written)


def checks(url: str) -> list[tuple[str, str]]:
    with psycopg.connect(url) as conn:
        return conn.execute(
            "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c'"
        ).fetchall()


def test_every_list_of_words_in_the_database_is_an_enumeration_of_the_code(database_url: str) -> None:
    lists = {
        (table, match[1]): set(literals(match[2]))
        for table, written in checks(database_url)
        if (match := LIST.fullmatch(written))
    }

    assert lists == {column: set(map(str, words)) for column, words in WORDS_OF.items()}


def test_every_other_condition_names_only_words_that_its_column_may_hold(database_url: str) -> None:
    used = {
        (table, match[1], word)
        for table, written in checks(database_url)
        for match in USE.finditer(written)
        for word in literals(match[2] or match[3])
        if (table, match[1]) in WORDS_OF
    }

    assert len(used) > 50
    assert {one for one in used if one[2] not in set(map(str, WORDS_OF[one[0], one[1]]))} == set()


@pytest.mark.parametrize(
    ("ours", "on_the_wire"),
    [
        (heard.PressKind, wire.AlarmKind),
        (heard.VisitKind, wire.VisitAction),
        (AttendanceAction, wire.VisitAction),
        (heard.ReportedState, wire.ConnectionState),
        ({state for state in DeviceState if state is not DeviceState.UNKNOWN}, wire.ConnectionState),
        (set(map(str, QuarantineReason)) & set(map(str, wire.Reason)), wire.Reason),
    ],
)
def test_what_devices_say_has_the_same_words_on_the_wire_and_in_the_hub(ours: Words, on_the_wire: Words) -> None:
    assert set(map(str, ours)) == set(map(str, on_the_wire))


WRITTEN = re.compile(r"\b(\w+)\s+(?:=|<>|IN|NOT IN)\s+(\(\s*'[^)]*\)|'[^']*')")


def test_statements_ask_for_words_that_their_columns_may_hold() -> None:
    known: dict[str, set[str]] = {}
    for (_, column), words in WORDS_OF.items():
        known.setdefault(column, set()).update(map(str, words))
    asked = {
        (column, word)
        for file in (ROOT / "hub").rglob("*.py")
        for statement in literals_of(file)
        for column, list_of in WRITTEN.findall(statement.replace("parked_row.kind", "parked"))
        if column in known
        for word in re.findall(r"'([^']*)'", list_of)
    }

    assert len(asked) > 20
    assert {(column, word) for column, word in asked if word not in known[column]} == set()
