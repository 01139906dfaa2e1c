"""Can people read this text, and is it one line, as a name, the subject of a mail or a small screen needs it?

The same characters are refused by the CHECK constraints of migration 0031.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST_NAME: Final = 80
"""Characters: a cue to a device has room for 200, and a name is one part of it."""

# Controls (C0, DEL, C1), the line and paragraph separator, what overrides or isolates the direction of writing, and
# halves of surrogate pairs, which no encoding can write.
_NOT_IN_A_LINE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_SEEN: Final = re.compile("[^\\s\u00a0\u00ad\u2000-\u200f\u2060-\u2064\u3000\ufeff]")
_NOT_IN_A_TEXT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_HALVES: Final = re.compile("[\ud800-\udfff]")
_DIRECTIONS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")


def find_name_mistake(text: str) -> str | None:
    """What keeps this text from being a name, in words of whoever wrote it; None for a good one."""
    if found := _NOT_IN_A_LINE.search(text):
        character = found[0]
        if character in "\n\r\x0b\x0c\x85\u2028\u2029":
            return f"is more than one line (it has {_character_code(character)}): a name is one line"
        return _describe_character(character)
    if not _SEEN.search(text):
        return "has nothing that can be seen: write a name"
    return None


def find_text_mistake(text: str) -> str | None:
    """What keeps a text of any number of lines from being stored and shown; None for a good one."""
    if found := _NOT_IN_A_TEXT.search(text):
        return _describe_character(found[0])
    return None


def join_lines(text: str) -> str:
    """The text with a space for each run of what cannot stand in a line."""
    return " ".join(_NOT_IN_A_LINE.sub(" ", text).split())


def _describe_character(character: str) -> str:
    if _HALVES.match(character):
        return f"has half of a character, {_character_code(character)}: write the character itself"
    kind = "a mark that turns the direction of writing" if _DIRECTIONS.match(character) else "a control character"
    return f"has {kind}, {_character_code(character)}: leave it out"


def _character_code(character: str) -> str:
    return f"U+{ord(character):04X}"
