"""Which rules do the files of a centre hold, and where are they wrong?

A file is YAML with `schema: anling.rules/1` and `rules:`. It is taken whole or not at all; every problem is told with
file, line, column and what to write instead. Directories are read in order, shipped rules first: a rule of a later
directory replaces the one of the same id from an earlier directory; twice in one directory is a mistake.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

import yaml

from hub.fleet.model import DeviceKind
from hub.rules import texts
from hub.rules.expressions import BadExpression, Expression
from hub.rules.model import PressKind, Priority, ReportedState, VisitKind
from hub.rules.nodes import Fields, Page, RuleFileProblem, UnusableNode
from hub.rules.rule import (
    EVENTS,
    HEARTBEAT,
    OF_MESSAGES,
    OnAbsence,
    OnEvent,
    OnReading,
    OnRosterEnd,
    Pattern,
    Per,
    Rule,
    RuleSet,
)
from hub.rules.safety import BUILT_IN, RESERVED_IDS

SHIPPED = Path(__file__).parent / "shipped"
SCHEMA = "anling.rules/1"
LARGEST_FILE = 256 * 1024
LONGEST_WAIT = timedelta(days=7)
LONGEST_ROSTER = timedelta(days=60)

_PATTERNS = ("reading", "event", "absence", "roster")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SUBJECTS = frozenset({"room", "senior", "device", "centre"})
_RULE_KEYS = frozenset({"id", "priority", "on", "when", "for", "clear", "summary"})
_ONE_OF = "reading, event, absence or roster"
_LATER = f"this version does not know it; use {_ONE_OF}"
_RULE_HINTS = {
    "foreach": f"the pattern `schedule`, to which `foreach` belongs, is not known; {_LATER}",
    "inhibit_by": "rules cannot silence each other yet; take `inhibit_by` out",
}
_P1_HINTS = {"inhibit_by": "a P1 rule can never be silenced; take `inhibit_by` out"}
_ON_HINTS = {
    pattern: f"the pattern `{pattern}` is not known; {_LATER}" for pattern in ("count", "sequence", "schedule")
}
_FILE_HINTS = {"defaults": "there are no defaults: times are those of the centre itself; take `defaults` out"}

_T = TypeVar("_T")


class BadRuleFiles(Exception):
    """Files that hold at least one problem; nothing of them is used."""

    def __init__(self, problems: Sequence[RuleFileProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class RuleFile(NamedTuple):
    """A file as it was read."""

    name: str
    text: str


Directory: TypeAlias = tuple[RuleFile, ...]
"""The files of one directory, in order of their names."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A whole set of rules, the SHA-256 of the files it came from, and these files themselves."""

    rules: RuleSet
    hash: str
    directories: tuple[Directory, ...]


def load_rules(directories: Sequence[Path], before: Sequence[Directory] = ()) -> Loaded:
    """The built-in rules and those of `*.yaml` in `directories`, in order of directory and file name.

    Raises BadRuleFiles with all problems of all files. A directory that cannot be read is one, and so is one that is
    empty and had files in `before`: most likely its disk is not mounted.
    """
    problems: list[RuleFileProblem] = []
    found = tuple(
        _read_directory(path, had, problems) for path, had in zip_longest(directories, before[: len(directories)])
    )
    return _build_rule_set(found, problems)


def parse_directories(directories: Sequence[Directory]) -> Loaded:
    """The same for files that were read before. Raises BadRuleFiles."""
    return _build_rule_set(tuple(directories), [])


def _build_rule_set(directories: tuple[Directory, ...], problems: list[RuleFileProblem]) -> Loaded:
    digest = hashlib.sha256()
    found: dict[str, Rule] = {}
    for directory in directories:
        here: dict[str, Rule] = {}
        for name, text in directory:
            digest.update(name.encode() + b"\0" + text.encode() + b"\0")
            rules, wrong = parse_rule_file(name, text)
            problems += wrong
            for rule in rules:
                if rule.id in here:
                    problems.append(_duplicate_problem(rule, here[rule.id]))
                here[rule.id] = rule
        found |= here
    if problems:
        raise BadRuleFiles(problems)
    return Loaded(RuleSet([*BUILT_IN, *found.values()]), digest.hexdigest(), directories)


def parse_rule_file(file: str, text: str) -> tuple[list[Rule], list[RuleFileProblem]]:
    """The rules of one file's text, or everything that is wrong in it."""
    page = Page(file)
    rules: list[Rule] = []
    try:
        fields = page.mapping(page.root(text), {"schema", "rules"}, _FILE_HINTS)
        _parse_part(lambda: page.chosen(fields.need("schema", SCHEMA), {SCHEMA}))
        for node in page.items(fields.need("rules", ""), "rules"):
            rule = _parse_part(_RuleReader(page, node).rule)
            if rule is not None:
                rules.append(rule)
    except UnusableNode:
        return [], page.problems
    page.problems += [_duplicate_problem(second, first) for first, second in _find_duplicates(rules)]
    return ([] if page.problems else rules), page.problems


class _RuleReader:
    """One rule being read."""

    def __init__(self, page: Page, node: yaml.Node) -> None:
        self._page = page
        self._node = node

    def rule(self) -> Rule:
        """The rule; notes every problem and raises Unusable if there is any."""
        page, before = self._page, len(self._page.problems)
        fields = page.mapping(self._node, _RULE_KEYS, self._hints())
        rule_id = _parse_part(lambda: self._id(fields.need("id", "room-hot")))
        priority = _parse_part(lambda: page.chosen(fields.need("priority", Priority.P2), list(Priority)))
        on = _parse_part(lambda: self._pattern(fields))
        summary = _parse_part(lambda: self._summary(fields.need("summary", "{zh-CN: '…', en: '…'}"), on))
        when = _parse_part(lambda: self._when(fields, on))
        if len(page.problems) > before or rule_id is None or priority is None or on is None or summary is None:
            raise UnusableNode
        pattern, per = on
        line = self._node.start_mark.line + 1
        return Rule(rule_id, Priority(priority), pattern, per, when, summary, source=page.file, line=line)

    def _hints(self) -> dict[str, str]:
        """A P1 rule gets a stronger word about being silenced."""
        if isinstance(self._node, yaml.MappingNode):
            for key, value in self._node.value:
                if key.value == "priority" and value.value == Priority.P1:
                    return _RULE_HINTS | _P1_HINTS
        return _RULE_HINTS

    def _id(self, node: yaml.Node) -> str:
        rule_id = self._page.text(node)
        if not _ID.fullmatch(rule_id):
            raise self._page.note(node, f"`{rule_id}` cannot be an id", "use a-z, 0-9 and -, at most 64 of them")
        if rule_id in RESERVED_IDS:
            raise self._page.note(node, f"`{rule_id}` is a built-in rule, which no file can change", "use another id")
        return rule_id

    def _pattern(self, rule: Fields) -> tuple[Pattern, Per]:
        node = rule.need("on", "{reading: temperature, per: room.id}")
        fields = self._page.mapping(node, {*_PATTERNS, "per", "for", "kinds", "within"}, _ON_HINTS)
        named = [pattern for pattern in _PATTERNS if pattern in fields]
        if len(named) != 1:
            raise self._page.note(node, "the rule listens to no one thing", f"write one of {_ONE_OF}")
        of, example = ({Per.CENTRE}, "centre.id") if named[0] == "roster" else (OF_MESSAGES, "room.id")
        per = Per(self._page.chosen(fields.need("per", example), of))
        if named[0] != "absence":
            self._refuse(fields, "kinds", "take `kinds` out: it is for absence alone")
        if named[0] != "roster":
            self._refuse(fields, "within", "take `within` out: it is for roster alone")
        match named[0]:
            case "reading":
                self._refuse(fields, "for", "write `for` beside `on`, not inside it")
                hold = _parse_part(lambda: self._hold(rule)) or timedelta()
                return OnReading(self._reading(fields), hold, _parse_part(lambda: self._clear(rule))), per
            case "event":
                self._refuse(rule, "for", "take `for` out: an event takes no time")
                self._refuse(rule, "clear", "take `clear` out: an event does not last")
                self._refuse(fields, "for", "take `for` out: an event takes no time")
                return OnEvent(self._page.chosen(fields.need("event", PressKind.PRESS), EVENTS)), per
            case "roster":
                return self._roster(rule, fields), per
            case _:
                self._refuse(rule, "for", "write `for` inside `on`, beside `absence`")
                self._refuse(rule, "clear", "take `clear` out: hearing from it ends an absence")
                return self._absence(fields), per

    def _absence(self, fields: Fields) -> OnAbsence:
        node = fields.need("absence", HEARTBEAT)
        what = self._page.text(node)
        if what != HEARTBEAT and what not in EVENTS and not _NAME.fullmatch(what):
            raise self._page.note(
                node, f"`{what}` is nothing that can be heard", "write heartbeat, or a reading's name"
            )
        kinds = _parse_part(lambda: self._kinds(fields))
        if what == HEARTBEAT and "for" not in fields:
            return OnAbsence(what, None, kinds)  # the heartbeat of each device
        wait = self._page.duration(fields.need("for", "30m"))
        if not timedelta(seconds=10) <= wait <= LONGEST_WAIT:
            raise self._page.note(fields.need("for", "30m"), "the wait is out of bounds", "write between 10s and 7d")
        return OnAbsence(what, wait, kinds)

    def _kinds(self, fields: Fields) -> frozenset[str] | None:
        node = fields.get("kinds")
        if node is None:
            return None
        return frozenset(self._page.chosen(kind, list(DeviceKind)) for kind in self._page.items(node, "kinds"))

    def _roster(self, rule: Fields, fields: Fields) -> OnRosterEnd:
        for key in ("for", "clear", "when"):
            self._refuse(rule, key, f"take `{key}` out: only the time until the roster ends counts")
        self._refuse(fields, "for", "write `within`, such as 14d")
        self._page.chosen(fields.need("roster", "ends"), {"ends"})
        self._page.chosen(rule.need("priority", Priority.P3), {Priority.P3, Priority.P4})
        node = fields.need("within", "14d")
        within = self._page.duration(node)
        if not timedelta() < within <= LONGEST_ROSTER:
            raise self._page.note(node, "the time is out of bounds", "write at most 60d")
        return OnRosterEnd(within)

    def _reading(self, fields: Fields) -> str:
        node = fields.need("reading", "temperature")
        name = self._page.text(node)
        if not _NAME.fullmatch(name):
            raise self._page.note(node, f"`{name}` is no name of a reading", "write a name such as temperature")
        return name

    def _hold(self, rule: Fields) -> timedelta:
        node = rule.get("for")
        if node is None:
            return timedelta()
        hold = self._page.duration(node)
        if hold > LONGEST_WAIT:
            raise self._page.note(node, "the time is out of bounds", "write at most 7d")
        return hold

    def _clear(self, rule: Fields) -> Expression | None:
        node = rule.get("clear")
        return None if node is None else self._expression(node, _SUBJECTS | {"v"})

    def _when(self, rule: Fields, on: tuple[Pattern, Per] | None) -> Expression | None:
        node = rule.get("when")
        if on is None:
            return None
        if isinstance(on[0], OnReading):
            return self._expression(rule.need("when", "'v > 32.0'"), _SUBJECTS | {"v"})
        return None if node is None else self._expression(node, _SUBJECTS | _extra_root(on[0]))

    def _expression(self, node: yaml.Node, roots: frozenset[str]) -> Expression:
        try:
            return Expression(self._page.text(node), roots)
        except BadExpression as wrong:
            raise self._page.note(node, wrong.what, wrong.write, line=wrong.line, column=wrong.column) from None

    def _summary(self, node: yaml.Node, on: tuple[Pattern, Per] | None) -> dict[str, str]:
        fields = self._page.mapping(node, texts.LANGUAGES)
        return {language: self._template(fields.need(language, "'…'"), on) for language in texts.LANGUAGES}

    def _template(self, node: yaml.Node, on: tuple[Pattern, Per] | None) -> str:
        template = self._page.text(node)
        possible = _allowed_placeholders(on)
        for place in texts.placeholders_in(template):
            if place.partition(".")[2] == "categories":
                raise self._page.note(
                    node,
                    "a summary cannot print a senior's categories",
                    f"take {{{place}}} out; decide by it in `when`",
                )
            if place not in possible:
                names = ", ".join(f"{{{name}}}" for name in sorted(possible))
                raise self._page.note(node, f"`{{{place}}}` cannot be printed", f"use {names}")
        if (
            not template.strip()
            or "{" in texts.strip_placeholders(template)
            or "}" in texts.strip_placeholders(template)
        ):
            raise self._page.note(node, "the summary is empty or has a stray brace", "write a sentence")
        return template

    def _refuse(self, fields: Fields, key: str, write: str) -> None:
        node = fields.get(key)
        if node is not None:
            raise self._page.note(node, f"`{key}` has no meaning here", write)


def _allowed_placeholders(on: tuple[Pattern, Per] | None) -> frozenset[str]:
    """What a summary may print."""
    if on is None:
        return texts.PLACES | texts.OF_ROSTER  # what it listens to is wrong, and said already
    if isinstance(on[0], OnReading):
        return texts.PLACES
    return texts.OF_ROSTER if isinstance(on[0], OnRosterEnd) else texts.PLACES - {"v"}


def _extra_root(pattern: Pattern) -> frozenset[str]:
    """What an event brings with it beside its subjects."""
    if not isinstance(pattern, OnEvent) or pattern.event in set(ReportedState):
        return frozenset()
    return frozenset({"visit"} if pattern.event in set(VisitKind) else {"press"})


def _parse_part(part: Callable[[], _T]) -> _T | None:
    """The part, or None when its problem was noted: the rest of the file is read all the same."""
    try:
        return part()
    except UnusableNode:
        return None


def rule_files_in(directory: Path) -> list[Path]:
    """Its rule files in order of their names. Raises OSError when it cannot be read."""
    return sorted(path for path in directory.iterdir() if path.name.endswith(".yaml"))


def _read_directory(directory: Path, had: Directory | None, problems: list[RuleFileProblem]) -> Directory:
    def about_all(what: str, write: str) -> Directory:
        problems.append(RuleFileProblem(_in_utf_8(str(directory)), None, None, what, write))
        return ()

    try:
        paths = rule_files_in(directory)
    except OSError as error:
        what = f"the folder cannot be read: {error.strerror}"
        return about_all(what, "give it back, or set ANLING_RULES_DIR to another")
    if had and not paths:
        return about_all(
            "the folder is empty, and there were rule files before", "put them back, or a file that says `rules: []`"
        )
    files = ((path.name, _read_text(path, problems)) for path in paths)
    return tuple(RuleFile(name, text) for name, text in files if text is not None)


def _in_utf_8(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _read_text(path: Path, problems: list[RuleFileProblem]) -> str | None:
    name = _in_utf_8(path.name)
    if name != path.name:
        problems.append(RuleFileProblem(name, 1, 1, "its name is not UTF-8", "give it a name of a-z, 0-9 and -"))
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        problems.append(RuleFileProblem(path.name, 1, 1, f"cannot be read: {error.strerror}", "let the hub read it"))
        return None
    if len(content) > LARGEST_FILE:
        problems.append(RuleFileProblem(path.name, 1, 1, f"has {len(content)} bytes", f"keep it under {LARGEST_FILE}"))
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        problems.append(RuleFileProblem(path.name, line, column, "is not UTF-8", "save it as UTF-8"))
        return None


def _find_duplicates(rules: Sequence[Rule]) -> list[tuple[Rule, Rule]]:
    first: dict[str, Rule] = {}
    return [(first[rule.id], rule) for rule in rules if first.setdefault(rule.id, rule) is not rule]


def _duplicate_problem(rule: Rule, first: Rule) -> RuleFileProblem:
    return RuleFileProblem(
        rule.source, rule.line, 1, f"the rule `{rule.id}` is also in {first.source}:{first.line}", "use another id"
    )
