"""Which rules do the files of a centre hold, and where are they wrong?

A file is YAML with `schema: anling.rules/1` and `rules:`. It is taken whole or not at all; every mistake is told with
file, line, column and what to write instead. Directories are read in order, shipped rules first: a rule of a later
directory replaces the one of the same id from an earlier directory; twice in one directory is a mistake.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from hub.kit.mistakes.model import BadInput, Mistake
from hub.kit.mistakes.reading import FileKind, read_document, read_file
from hub.rules.parts import SCHEMA, WORDING, RuleFilePart, RulePart, find_duplicate_ids
from hub.rules.rule import Rule, RuleSet
from hub.rules.safety import BUILT_IN

SHIPPED = Path(__file__).parent / "shipped"
RULE_FILE: Final = FileKind(
    model=RuleFilePart,
    begins_with=f"schema: {SCHEMA}",
    largest=256 * 1024,
    wording=WORDING,
    find_contradictions=find_duplicate_ids,
)


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

    Raises BadInput with the mistakes of all files. A directory that cannot be read is one, and so is one that is
    empty and had files in `before`: most likely its disk is not mounted.
    """
    mistakes: list[Mistake] = []
    found = tuple(
        _read_directory(path, had, mistakes) for path, had in zip_longest(directories, before[: len(directories)])
    )
    return _build_rule_set(found, mistakes)


def parse_directories(directories: Sequence[Directory]) -> Loaded:
    """The same for files that were read before. Raises BadInput."""
    return _build_rule_set(tuple(directories), [])


def _build_rule_set(directories: tuple[Directory, ...], mistakes: list[Mistake]) -> Loaded:
    digest = hashlib.sha256()
    found: dict[str, Rule] = {}
    for directory in directories:
        here: dict[str, Rule] = {}
        for name, text in directory:
            digest.update(name.encode() + b"\0" + text.encode() + b"\0")
            try:
                rules = parse_rule_file(name, text)
            except BadInput as bad:
                mistakes += bad.mistakes
                continue
            mistakes += [_duplicate_mistake(rule, here[rule.id]) for rule in rules if rule.id in here]
            here |= {rule.id: rule for rule in rules}
        found |= here
    if mistakes:
        raise BadInput(mistakes)
    return Loaded(RuleSet([*BUILT_IN, *found.values()]), digest.hexdigest(), directories)


def parse_rule_file(file: str, text: str) -> list[Rule]:
    """The rules of one file's text. Raises BadInput with everything that is wrong in it."""
    written, document = read_document(RULE_FILE, file, text)
    return [_rule_of(part, file, document.line_of(("rules", n))) for n, part in enumerate(written.rules)]


def _rule_of(part: RulePart, file: str, line: int) -> Rule:
    pattern = part.on.pattern(part.for_, part.clear)
    summary = part.summary.by_language()
    return Rule(part.id, part.priority, pattern, part.on.per, part.when, summary, source=file, line=line)


def rule_files_in(directory: Path) -> list[Path]:
    """Its rule files in order of their names. Raises OSError when it cannot be read."""
    return sorted(path for path in directory.iterdir() if path.name.endswith(".yaml"))


def _read_directory(directory: Path, had: Directory | None, mistakes: list[Mistake]) -> Directory:
    def about_all(wrong: str, right: str) -> Directory:
        mistakes.append(Mistake(_in_utf_8(str(directory)), None, None, "", wrong, right))
        return ()

    try:
        paths = rule_files_in(directory)
    except OSError as error:
        wrong = f"the folder cannot be read: {error.strerror}"
        return about_all(wrong, "give it back, or set ANLING_RULES_DIR to another")
    if had and not paths:
        return about_all(
            "the folder is empty, and there were rule files before", "put them back, or a file that says `rules: []`"
        )
    files = ((path.name, _read_text(path, mistakes)) for path in paths)
    return tuple(RuleFile(name, text) for name, text in files if text is not None)


def _in_utf_8(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _read_text(path: Path, mistakes: list[Mistake]) -> str | None:
    name = _in_utf_8(path.name)
    try:
        if name == path.name:
            return read_file(name, path, RULE_FILE.largest)
        mistakes.append(Mistake(name, 1, 1, "", "its name is not UTF-8", "give it a name of a-z, 0-9 and -"))
    except OSError as error:
        mistakes.append(Mistake(name, 1, 1, "", f"cannot be read: {error.strerror}", "let the hub read it"))
    except BadInput as bad:
        mistakes += bad.mistakes
    return None


def _duplicate_mistake(rule: Rule, first: Rule) -> Mistake:
    wrong = f"the rule `{rule.id}` is also in {first.source}:{first.line}"
    return Mistake(rule.source, rule.line, 1, "", wrong, "use another id")
