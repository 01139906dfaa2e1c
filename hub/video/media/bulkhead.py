"""Whose trouble is a defect of ours? That of the one camera or the one viewer at which it showed, and nobody else's."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)


@contextmanager
def contain_defects(
    whose: str, otherwise: Callable[[str], None], *, expected: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Run a block that belongs to `whose` (an id); an exception that it raises is logged, then `otherwise` is called.

    `otherwise` gets the name of the exception's type. Its text is logged nowhere: it may repeat a camera's address,
    which holds a password. What is `expected` is no defect, and raised.
    """
    try:
        yield
    except expected:
        raise
    except Exception as error:  # noqa: BLE001 - the boundary itself: a defect at one camera or viewer stops no other
        name = type(error).__name__
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("%s: a defect of ours, %s, at\n%s", whose, name, where)
        otherwise(name)
