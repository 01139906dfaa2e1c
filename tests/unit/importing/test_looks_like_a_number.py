"""What YAML takes for a number, a day or a yes is told with the text that stands in the file, never with its value."""

from __future__ import annotations

import pytest

from hub.importing.file import parse_centre_file
from hub.kit.mistakes.model import BadInput
from tests.unit.kit.mistakes_callers import CENTRE


@pytest.mark.parametrize(
    "written",
    [
        "02161234567",
        "13900000000",
        "No",
        "on",
        "0x1F",
        "0b11",
        "1_000",
        "1.5e+3",
        "12:30:45",
        "2026-12-01",
        ".inf",
        "~",
    ],
)
def test_a_name_that_looks_like_something_else_is_shown_as_it_was_written(written: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_centre_file(CENTRE.replace("name_en: Gym", f"name_en: {written}"))

    (line,) = refused.value.lines
    assert f"`{written}` is not text; put it in quotes" in line or (written == "~" and "nothing is here" in line)


def test_what_is_put_in_quotes_as_it_stands_is_taken() -> None:
    assert parse_centre_file(CENTRE.replace("name_en: Gym", 'name_en: "No"')).rooms[0].name_en == "No"
