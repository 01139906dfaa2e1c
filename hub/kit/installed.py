"""What do installed packages add to the hub? Their entry points, by group and name."""

from importlib.metadata import entry_points
from typing import TypeVar

T = TypeVar("T")


def list_installed(group: str) -> list[str]:
    """The names in this group, each once; whether there is something behind one is not asked."""
    return sorted(entry_points(group=group).names)


def load_installed(group: str, kind: type[T], *, only: str | None = None) -> dict[str, T]:
    """Everything of this group, or what has this name alone. Raises TypeError for what is of another kind.

    What is declared and has no module is left out: an image may hold less than what the project declares.
    """
    found: dict[str, T] = {}
    for point in entry_points(group=group) if only is None else entry_points(group=group, name=only):
        try:
            thing: object = point.load()
        except ModuleNotFoundError as error:
            if error.name is None or not f"{point.module}.".startswith(f"{error.name}."):
                raise
            continue
        if not isinstance(thing, kind):
            raise TypeError(f"{point.value} of {group} should be a {kind.__qualname__}")
        found[point.name] = thing
    return found
