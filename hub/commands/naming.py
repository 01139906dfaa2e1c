"""Whom or what does a word on the command line mean? An id, or a name that only one of them has."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from hub.commands.work import CannotDo

MOST_SUGGESTED: Final = 3


@dataclass(frozen=True, slots=True)
class Named:
    """Something that can be named: by its id, or by one of its names."""

    id: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.id} ({self.names[0]})"


def find_named(kind: str, word: str, among: Sequence[Named]) -> str:
    """The id of the one that `word` means; upper and lower case are the same.

    Raises CannotDo, which says which ids are near, or who has this name when it is several.
    """
    wanted = word.strip().casefold()
    by_id = [one for one in among if one.id == wanted]
    found = by_id or [one for one in among if wanted in (name.casefold() for name in one.names)]
    if len(found) == 1:
        return found[0].id
    if found:
        raise CannotDo(f"{word} is the name of several: {', '.join(map(str, found))}. Give the id of the one you mean")
    near = _similar_names(wanted, among)
    meant = f": did you mean {' or '.join(map(str, near))}?" if near else ""
    raise CannotDo(f"there is no {kind} {word}{meant}")


def _similar_names(wanted: str, among: Sequence[Named]) -> list[Named]:
    """Those whose id or name looks like it, or has it within, the likest first."""
    words = {word.casefold(): one for one in among for word in (*one.names, one.id)}
    near = get_close_matches(wanted, words, n=MOST_SUGGESTED, cutoff=0.6)
    near += [word for word in sorted(words) if wanted and wanted in word and word not in near]
    return list({words[word].id: words[word] for word in near}.values())[:MOST_SUGGESTED]
