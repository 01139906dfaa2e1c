"""Whatever people write wrong, in a rule file, a centre's file or a setting: one engine says where and what is right.

A new caller is a line in `mistakes_callers.CALLERS`; every test here then holds for it.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hub.kit.mistakes.model import MOST_MISTAKES, BadInput, Mistake, show_text
from hub.kit.mistakes.reading import MOST_EXPLAINED, decode_text, read_file
from hub.kit.mistakes.yaml_text import DEEPEST, MOST_VALUES
from tests.unit.kit.mistakes_callers import CALLERS, CENTRE, InputCaller, Wrong
from tests.unit.rules.examples import HOT_FILE

KINDS = list(CALLERS[0].values)
FILES = [caller for caller in CALLERS if caller.largest is not None]
LINES = {caller.name: caller.right.count("\n") for caller in FILES}


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.name)
def test_what_is_right_is_read(caller: InputCaller) -> None:
    assert caller.read(caller.right)
    assert list(caller.values) == KINDS, "each caller has a word on each kind of mistake"


@pytest.mark.parametrize(
    ("caller", "wrong"),
    [
        pytest.param(caller, wrong, id=f"{caller.name}: {kind}")
        for caller in CALLERS
        for kind, wrong in caller.values.items()
        if wrong is not None
    ],
)
def test_a_wrong_value_is_one_sentence_with_its_place_what_was_found_and_what_is_right(
    caller: InputCaller, wrong: Wrong
) -> None:
    assert caller.right.count(wrong.was) == 1

    assert caller.lines_of(caller.right.replace(wrong.was, wrong.instead)) == [wrong.said]


def _bomb(first: str) -> str:
    """Nine of nine of nine …: a few lines that stand for a thousand million values."""
    lines = [f"a0: &a0 [{first}]", *(f"a{n}: &a{n} [{', '.join(9 * [f'*a{n - 1}'])}]" for n in range(1, 10))]
    return "\n".join(lines)


@pytest.mark.parametrize("caller", FILES, ids=lambda caller: caller.name)
@pytest.mark.parametrize(
    ("added", "place", "said"),
    [
        ("schema: x", "+1, 1", "the key `schema` is there twice; keep one of them"),
        ("a: {b: 1, b: 2}", "+1, 11", "a: the key `b` is there twice; keep one of them"),
        ("---\nschema: x", "+1, 1", "a second document begins here; leave out `---`, or make it a file of its own"),
        ("\ta: 1", "+1, 1", "a tab stands where YAML wants spaces; indent with spaces"),
        ("a: b: c", "+1, 5", "a colon that begins no value; put the text in quotes, or mend the indent"),
        ("a: [1, 2", "+2, 1", "the file ends in the middle of something; close brackets and quotes"),
        ("a: {b: 1 c: 2}", "+1, 11", "a comma or } is missing before this; write it, or put the text in quotes"),
        ("a: 'b", "+2, 1", "a quote is not closed; close it"),
        ("a: @b", "+1, 4", "no value begins with @; put it in quotes"),
        ("a:\n  b: 1\n c: 2", "+3, 2", "this begins in another column than what it belongs to; begin it where the"),
        ("a: *b", "+1, 4", "there is no b before this; write `&b` there, or the value here"),
        ("a: &b [1, *b]", "+1, 11", "this holds itself; write it out instead of `*…`"),
        (_bomb("x"), "+7, 5", f"this stands for more than {MOST_VALUES} values; write values out instead of `*…`"),
        (f"a: {99 * '['}{99 * ']'}", f"+1, {DEEPEST + 3}", "the file is nested too deeply; does a bracket above lack"),
        ("a: 1\x07", "+1, 5", "a character that no text may hold, `\\x07`; leave it out"),
        ('a: "\\0"', "+1, 4", "a: `\\x00` has a control character, U+0000; leave it out"),
        ('a: "\\ud83d"', "+1, 4", "a: `\\ud83d` has half of a character, U+D83D; write the character itself"),
        ('"\\ud83d": 1', "+1, 1", "the key `\\ud83d` has half of a character, U+D83D; write the character itself"),
        ('a: "\\u202e"', "+1, 4", "a: `\\u202e` has a mark that turns the direction of writing, U+202E; leave it out"),
        ('a: "\\UFFFFFFFF"', "+1, 7", "a number that is too large; write a character as itself, and no %YAML line"),
        ("a: !!python/none x", "+1, 4", "a: the tag `!!python/none` is not known here; leave it out"),
        ("a: !!binary eA==", "+1, 4", "a: the tag `!!binary` is not known here; leave it out"),
        ("a: !mine {b: 1}", "+1, 4", "a: the tag `!mine` is not known here; leave it out"),
        ("a: !!int x", "+1, 4", "a: `x` is not what it looks like; put it in quotes if it is text"),
        ("a: 2026-02-30", "+1, 4", "a: `2026-02-30` is no date; write it as 1941-03-08"),
        ("? [a]\n: 1", "+1, 3", "this key is not text; write a word before the colon"),
        ('"": 1', "+1, 1", "this key is not text; write a word before the colon"),
        ("a: {<<: 3}", "+1, 5", "a: `<<` takes no such value; write `*name` of a mapping behind it"),
        ("schemas: 1", "+1, 1", "the key `schemas` is not known here; did you mean `schema`? use "),
    ],
)
def test_text_that_is_no_such_file_is_told_with_its_place(
    caller: InputCaller, added: str, place: str, said: str
) -> None:
    down, _, column = place.partition(", ")
    line = LINES[caller.name] + int(down)

    told = [line.partition(": ")[2] for line in caller.lines_of(f"{caller.right}{added}\n")]
    others = [line for line in told if "the key `a` is not known here" not in line]

    assert [other.startswith(f"line {line}, column {column}: {said}") for other in others] == [True], told


@pytest.mark.parametrize("caller", FILES, ids=lambda caller: caller.name)
def test_an_empty_file_is_told_what_it_begins_with(caller: InputCaller) -> None:
    assert caller.largest is not None
    begins_with = caller.right.splitlines()[0]

    assert caller.lines_of("# nothing yet\n")[0].endswith(
        f": line 1, column 1: the file is empty; begin with `{begins_with}`"
    )
    assert caller.lines_of("- a\n")[0].partition("; ")[0].endswith("a list is not a mapping")


@pytest.mark.parametrize("caller", FILES, ids=lambda caller: caller.name)
def test_a_file_in_another_encoding_or_too_large_is_told(caller: InputCaller, tmp_path: Path) -> None:
    assert caller.largest is not None
    in_gbk, large = tmp_path / "gbk", tmp_path / "large"
    in_gbk.write_bytes("a: 1\n# 规则".encode("gbk"))
    large.write_bytes(b"#" * (caller.largest + 1))

    with pytest.raises(BadInput) as not_utf_8:
        read_file("x.yaml", in_gbk, caller.largest)
    with pytest.raises(BadInput) as too_large:
        read_file("x.yaml", large, caller.largest)

    assert not_utf_8.value.lines == ["x.yaml: line 2, column 3: the file is not UTF-8; save it as UTF-8"]
    assert str(too_large.value) == (
        f"x.yaml: line 1, column 1: the file has more than {caller.largest} bytes; "
        "make two of it, or leave something out"
    )


def test_what_an_alias_or_a_merge_stands_for_is_read_as_if_it_were_written_there() -> None:
    merged = HOT_FILE.replace("  on: {", "  on: &hot {") + (
        "- id: other\n  priority: P2\n  on: {<<: *hot, per: device.id}\n  when: 'v > 1.0'\n"
        "  summary: {zh-CN: a, en: b}\n"
    )

    assert CALLERS[0].read(merged)
    (told,) = CALLERS[0].lines_of(merged.replace("per: device.id", "kinds: [siren]"))
    assert told.startswith("own.yaml: line 12, column 18: rules.other.on: `kinds` has no meaning here; ")


def test_what_cannot_be_printed_is_told_as_it_is_escaped() -> None:
    (told,) = CALLERS[0].lines_of(HOT_FILE.replace("v > 32.0", "v >\u2003 \u200b 32.0"))

    assert told.isprintable()
    assert "\\u200" in told


def test_of_an_address_only_scheme_and_host_are_told_because_the_rest_may_be_a_secret() -> None:
    (told,) = CALLERS[1].lines_of(CENTRE.replace("Asia/Shanghai", '"https://me:s3cret@clock.example:8443/t0ken?k=v"'))

    assert told.startswith("centre.yaml: line 3, column 66: centre.timezone: `https://clock.example:8443/…` is not ")


def test_everything_that_is_wrong_is_told_at_once_in_the_order_of_the_file() -> None:
    wrong = CENTRE.replace("kind: siren", "kind: horn").replace("type: gym", "type: sauna").replace("name: 陇原, ", "")
    also = wrong.replace("Centre,", '"Cent\\0re", name_en: Centre,')

    told = CALLERS[1].lines_of(also)

    assert [line.split(", ")[0] for line in told] == [f"centre.yaml: line {line}" for line in (2, 3, 3, 5, 7)]
    assert ["control character" in line for line in told].count(True) == 1
    assert ["is there twice" in line for line in told].count(True) == 1


def test_a_word_without_an_end_is_shown_in_a_moment_because_the_alarm_path_reads_rule_files() -> None:
    began = time.process_time()

    shown = show_text("x" * 60_000)

    assert time.process_time() - began < 1  # 6 s when each letter looked for the end of an address
    assert shown == f"`{'x' * 60}…`"


def test_of_very_many_errors_not_all_are_looked_at() -> None:
    keys = "\n".join(f"k{number}: 1" for number in range(MOST_EXPLAINED + 500))

    told = CALLERS[1].lines_of(f"{CENTRE}{keys}\n")

    assert (len(told), told[-1]) == (MOST_MISTAKES + 1, f"and {MOST_EXPLAINED + 400} more; mend these first")


def test_of_very_many_mistakes_the_first_are_told_and_the_rest_counted() -> None:
    many = [Mistake("x.yaml", line, 1, "", "is wrong", "mend it") for line in range(MOST_MISTAKES + 50, 0, -1)]

    bad = BadInput(many)

    assert [mistake.line for mistake in bad.mistakes] == list(range(1, MOST_MISTAKES + 1))
    assert bad.lines[-1] == "and 50 more; mend these first"


def _words_of(node: yaml.Node | None) -> set[str]:
    if not isinstance(node, yaml.CollectionNode):
        return {str(node.value)} if node else set()
    below = [child for pair in node.value for child in (pair if isinstance(pair, tuple) else (pair,))]
    return {word for child in below for word in _words_of(child)}


KNOWN = sorted({word for caller in FILES for word in _words_of(yaml.compose(caller.right))})
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.dates(), st.sampled_from(KNOWN), st.text())
TREES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.sampled_from(KNOWN) | st.text(), below, max_size=6),
    max_leaves=30,
)
SCRIBBLE = st.text(alphabet=st.sampled_from(list("&*!|>[]{}?:-#%@`<~ \t\n\r\x07é王\ufeff\u2028'\"\\Uud80xnaby1.")))


@st.composite
def texts(draw: st.DrawFn) -> str:
    """YAML and what looks like it: scribbled over, made of the words of our files, or anything at all."""
    right = draw(st.sampled_from([caller.right for caller in FILES]))
    at = draw(st.integers(0, len(right)))
    return draw(
        st.one_of(
            SCRIBBLE.map(lambda scribble: right[:at] + scribble + right[at:]),
            SCRIBBLE,
            st.text(),
            TREES.map(lambda tree: yaml.safe_dump(tree, allow_unicode=True)),
        )
    )


def _mistakes_of(caller: InputCaller, text: str) -> tuple[Mistake, ...] | None:
    """What is wrong in a text; None when nothing is."""
    try:
        caller.read(text)
    except BadInput as bad:
        return bad.mistakes
    return None


@pytest.mark.parametrize("caller", FILES, ids=lambda caller: caller.name)
@given(text=texts())
def test_no_text_makes_anything_but_mistakes_with_their_places(caller: InputCaller, text: str) -> None:
    mistakes = _mistakes_of(caller, text)

    assert mistakes is None or mistakes
    assert all((mistake.line or 0) > 0 and (mistake.column or 0) > 0 for mistake in mistakes or ())
    assert all(mistake.wrong and mistake.right for mistake in mistakes or ())
    assert all(str(mistake).isprintable() and str(mistake).encode() for mistake in mistakes or ())


@pytest.mark.parametrize("caller", FILES, ids=lambda caller: caller.name)
@given(content=st.binary() | st.text().map(lambda text: text.encode("utf-16")))
def test_no_bytes_make_anything_but_a_text_or_a_mistake(caller: InputCaller, content: bytes) -> None:
    assert caller.largest is not None
    try:
        read = decode_text("x.yaml", content, caller.largest).encode()
    except BadInput as bad:
        read = str(bad.mistakes[0]).encode()

    assert read == content or read.endswith(b"the file is not UTF-8; save it as UTF-8")
