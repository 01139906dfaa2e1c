"""How does one get from what a device, a browser or a person writes to what nobody has thought of?"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Final

MOST_CHANGES: Final = 4
_BYTES: Final = (
    b"\x00\x01\x09\x0a\x0d\x1b\x20\x22\x24\x25\x2c\x3a\x5b\x5c\x5d\x7b\x7d\x7f\x80\xc0\xc3\xe4\xed\xf0\xfe\xff"
)
_JSON: Final = (
    *("null", "true", "NaN", "-Infinity", "1e999", "-0", "255", "-1", "0x1F", "1.0", "9" * 400, "2147483648"),
    *('""', '"\\u0000"', '"\\ud800"', '"x"', '"2026-11-23T02:14:05Z"', '"0001-01-01T00:00:00+23:59"', '"\u202e"'),
    *("[]", "{}", "[[[[1]]]]", "[" * 600 + "]" * 600, '{"a":{"a":{}}}', "", '"', "[", "}", '"press"', '"test"'),
)
"""What stands in the place of a value."""


def mutate_bytes(content: bytes, chance: random.Random, words: Sequence[bytes]) -> bytes:
    """`content` with a few changes; `words` mean something where it is read."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, MOST_CHANGES)):
        chance.choice(_CHANGES)(changed, chance, words)
    return bytes(changed)


def _flip_bit(changed: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    if changed:
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)


def _set_byte(changed: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    if changed:
        changed[chance.randrange(len(changed))] = chance.choice(_BYTES)


def _insert_bytes(changed: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    at = chance.randint(0, len(changed))
    changed[at:at] = chance.choices(_BYTES, k=chance.randint(1, 8))


def _insert_word(changed: bytearray, chance: random.Random, words: Sequence[bytes]) -> None:
    at = chance.randint(0, len(changed))
    changed[at:at] = chance.choice(words)


def _delete(changed: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    at = chance.randint(0, len(changed))
    del changed[at : at + chance.randint(1, 16)]


def _repeat(changed: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    at = chance.randint(0, len(changed))
    piece = bytes(changed[at : at + chance.randint(1, 32)])
    changed[at:at] = piece * chance.choice((1, 2, 64))


def _cut_off(changed: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    del changed[chance.randint(0, len(changed)) :]


_CHANGES: Final[tuple[Callable[[bytearray, random.Random, Sequence[bytes]], None], ...]] = (
    _flip_bit,
    _set_byte,
    _insert_bytes,
    _insert_word,
    _delete,
    _repeat,
    _cut_off,
)


def mutate_object(message: dict[str, object], chance: random.Random) -> bytes:
    """A JSON object with some values replaced, keys left out, added or there twice, in any order."""
    members = [(json.dumps(key), json.dumps(value)) for key, value in message.items()]
    for _ in range(chance.randint(0, MOST_CHANGES)):
        at = chance.randrange(len(members)) if members else 0
        match chance.randrange(4):
            case 0 if members:
                members[at] = (members[at][0], chance.choice(_JSON))
            case 1 if members:
                del members[at]
            case 2 if members:
                members.insert(chance.randint(0, len(members)), (members[at][0], chance.choice(_JSON)))
            case _:
                members.append((json.dumps(chance.choice(("x", "battery", "of", "room", "fw"))), chance.choice(_JSON)))
    if chance.random() < 0.2:
        chance.shuffle(members)
    text = "{" + ",".join(f"{key}:{value}" for key, value in members) + "}"
    return chance.choice(_ENVELOPES)(text)


_ENVELOPES: Final[tuple[Callable[[str], bytes], ...]] = (
    *(lambda text: text.encode() for _ in range(12)),
    lambda text: b"\xef\xbb\xbf" + text.encode(),
    lambda text: text.encode() + b"\0",
    lambda text: text.encode("utf-16"),
    lambda text: text.encode("gb18030"),
)


def cut_in_pieces(content: bytes, chance: random.Random) -> list[bytes]:
    """The same bytes as a network brings them: in pieces of any size."""
    places = sorted(chance.randint(0, len(content)) for _ in range(chance.choice((0, 0, 1, 2, 5))))
    return [content[start:end] for start, end in zip([0, *places], [*places, len(content)], strict=True)]


def name_refusal(error: Exception) -> str:
    """What a refusal is called; it says why."""
    assert str(error), "a refusal says why"
    return type(error).__name__
