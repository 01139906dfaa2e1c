"""A name is one line that people can read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kit.lines import find_name_mistake, find_text_mistake, join_lines


@pytest.mark.parametrize(
    "name", ["李敏", "Li Min", "王奶奶（轮椅）", "أمينة", "O’Brien-Łukasz", "👵🏻 王", "e\u0301", "甲\u200d乙"]
)
def test_names_as_people_have_them_are_names(name: str) -> None:
    assert find_name_mistake(name) is None


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_what_has_a_line_break_is_no_name(line_break: str) -> None:
    assert "more than one line" in (find_name_mistake(f"李敏{line_break}（下午）") or "")


@pytest.mark.parametrize("mark", [*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"])
def test_what_turns_the_direction_of_writing_is_in_no_name_and_no_text(mark: str) -> None:
    said = f"has a mark that turns the direction of writing, U+{ord(mark):04X}: leave it out"

    assert find_name_mistake(f"王{mark}奶奶") == find_text_mistake(f"第一行\n王{mark}奶奶") == said


@pytest.mark.parametrize("character", ["\x00", "\t", "\x1b", "\x7f", "\x9b"])
def test_control_characters_are_in_no_name(character: str) -> None:
    assert "control character" in (find_name_mistake(f"李{character}敏") or "")


def test_half_of_a_character_is_in_no_name_and_no_text() -> None:
    said = "has half of a character, U+D800: write the character itself"

    assert find_name_mistake("李\ud800敏") == find_text_mistake("李\ud800敏") == said


@pytest.mark.parametrize("blank", ["", " ", "\u3000", "\u00a0", "\u200b\u200b", "\ufeff"])
def test_what_nobody_can_see_is_no_name(blank: str) -> None:
    assert find_name_mistake(blank) == "has nothing that can be seen: write a name"


def test_several_lines_are_a_text() -> None:
    assert find_text_mistake("路 1 号\n三楼") is None


@given(st.text())
def test_a_line_that_was_made_of_anything_is_a_name_unless_nothing_is_left(text: str) -> None:
    assert find_name_mistake(join_lines(text)) in (None, "has nothing that can be seen: write a name")


def test_what_parts_of_a_name_had_between_them_becomes_a_space() -> None:
    assert join_lines(" 李敏\r\n（下午）\u202e ") == "李敏 （下午）"
