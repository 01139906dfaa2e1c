"""Do the names and the prose of the code keep to the glossary of ARCHITECTURE.md, and to the field's terms?"""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from tests.contract.trees import nodes_in, parse_file

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    file for folder in ("hub", "devices", "extension", "simulators") for file in sorted((ROOT / folder).rglob("*.py"))
]
TEST_FILES = sorted((ROOT / "tests").rglob("*.py"))

NEVER_IN_CODE = {"patient", "tenant", "customer", "incident", "site", "guardian"}
"""Words that the glossary gives to nothing, and that mean nothing else in a program either."""

REPLACED = {
    **dict.fromkeys(("in a circle", "circle of waiting"), "deadlock"),
    **dict.fromkeys(("held back", "hold back"), "backpressure"),
    "in hand": "in flight",
    **dict.fromkeys(("put off", "puts off"), "retry"),
    **dict.fromkeys(("let in", "lets in"), "authenticate"),
    **dict.fromkeys(("shut out", "shown out"), "revoke"),
    **dict.fromkeys(("let go", "lets go", "goodbye"), "close"),
    **dict.fromkeys(("take back", "takes back", "taken back", "took back"), "cancel"),
    **dict.fromkeys(("set aside", "sets aside", "strange"), "quarantine"),
    **dict.fromkeys(("put aside", "puts aside"), "park"),
    **dict.fromkeys(("gives way", "give way", "gave way"), "shed"),
    **dict.fromkeys(("garbled", "nobody can read", "nobody could read"), "undecodable"),
    **dict.fromkeys(("could not hear", "deaf"), "blind interval"),
    **dict.fromkeys(("further away than", "bring near"), "clock step"),
    **dict.fromkeys(("cannot be worked out",), "last resort"),
    "turned away": "refuse",
}
"""What was said before, and the word of the glossary for it: in docstrings, comments, log lines and names."""

ANY_OF_THEM = re.compile(rf"\b({'|'.join(REPLACED)})\b")

SPOKEN_TO_PEOPLE = {("hub/commands/seniors.py", "take back")}
"""What a command answers is said in a person's words."""

FILES_WERE_CALLED = {
    "beats": "heartbeats",
    "circles": "deadlocks",
    "door": "sign_in",
    "forgetting": "retention",
    "gatekeeper": "authenticator",
    "handed": "handover_receiver",
    "happenings": "centre_events",
    "held": "existing_centre",
    "keeper": "retention",
    "kept": "last_good",
    "lenses": "camera_scenes",
    "recheck": "revalidation",
    "seeing": "picture_analysis",
    "sieve": "filter",
    "take": "finding_intake",
    "ties": "relations",
    "tries": "rate_limit",
    "waits": "clock_steps",
}
"""Names of files that nobody greps for, and what the files are called."""

TYPED = ("app.command", "app.callback", "consent_app.command", "consent_app.callback")
CALLED_BY_ONE_WORD = {"main", "may", "advance", "evaluate"}
"""Functions whose one word is the domain's verb, or that of Python; a command is called as it is typed."""

VAGUE = {
    *("again", "ask", "do", "forget", "give", "go", "happen", "have", "hear", "heard", "hold", "keep", "know", "known"),
    *(
        "let",
        "live",
        "look",
        "mind",
        "note",
        "put_off",
        "remember",
        "said",
        "say",
        "see",
        "speak",
        "tell",
        "told",
    ),
}
"""Verbs that say nothing without an object, in a class as well: what is kept, heard, said, looked at?"""


def test_the_code_uses_no_word_that_the_glossary_gives_to_nothing() -> None:
    found = {f"{file.relative_to(ROOT)}: {name}" for file in FILES for name in names_in(file) if is_forbidden(name)}

    assert found == set()


def test_the_tables_use_no_such_word_either() -> None:
    found = {
        f"{file.name}: {name}"
        for file in sorted((ROOT / "hub/migrations").glob("*.sql"))
        for name in re.findall(r"[a-z_]+", re.sub(r"--.*|'[^']*'", "", file.read_text("utf-8")))
        if is_forbidden(name)
    }

    assert found == set()


def test_the_glossary_forbids_what_is_looked_for() -> None:
    rows = re.findall(r"^\| [^|]+ \| [^|]+ \| [^|]+ \|([^|]*)\|$", glossary(), re.MULTILINE)

    assert {word.strip() for row in rows for word in row.split(",")} >= NEVER_IN_CODE


def test_the_glossary_has_the_field_s_terms_of_operations() -> None:
    assert operations() >= {
        *("deadlock", "backpressure", "in flight", "idempotent", "deduplicate", "rate limit", "retention"),
        *("authenticate", "revoke", "revalidate", "transition", "event", "batch", "recipients"),
        *("blind interval", "undecodable"),
    }


def test_each_word_that_was_replaced_has_its_term_in_the_glossary() -> None:
    assert set(REPLACED.values()) <= operations()


def test_nothing_is_said_in_a_word_of_its_own_for_which_the_field_has_a_term() -> None:
    assert words_of_before(FILES, prose_of) == []


def test_no_name_is_such_a_word() -> None:
    assert words_of_before(FILES, lambda file: map(spelled, names_in(file))) == []


def test_no_test_is_called_so() -> None:
    assert words_of_before(TEST_FILES, lambda file: map(spelled, names_of_tests(file))) == []


def test_no_file_is_called_as_it_was() -> None:
    files = [file.relative_to(ROOT) for file in [*FILES, *TEST_FILES]]
    found = [str(file) for file in files if file.stem.removeprefix("test_") in FILES_WERE_CALLED]

    assert found == []


def test_a_function_says_verb_and_object() -> None:
    found = [f"{file.relative_to(ROOT)}: {name}" for file in FILES for name in functions_of_one_word(file)]

    assert found == []


def test_a_method_says_more_than_a_vague_verb() -> None:
    found = [f"{file.relative_to(ROOT)}: {name}" for file in FILES for name in vague_methods(file)]

    assert found == []


@cache
def glossary() -> str:
    return (ROOT / "ARCHITECTURE.md").read_text("utf-8")


def operations() -> set[str]:
    """The words of the second half of the glossary."""
    rows = re.findall(r"^\| ([^|]+) \|", glossary().split("### Operations")[1], re.MULTILINE)
    return {word.strip() for row in rows for word in row.split(",")}


def words_of_before(files: list[Path], texts_of: Callable[[Path], Iterator[str]]) -> list[str]:
    """Where one of the texts of these files says what has been replaced, and the term to use."""
    found = (
        (str(file.relative_to(ROOT)), phrase)
        for file in files
        for phrase in set(ANY_OF_THEM.findall("\n".join(texts_of(file)).lower()))
    )
    return [f"{file}: {phrase}: {REPLACED[phrase]}" for file, phrase in found if (file, phrase) not in SPOKEN_TO_PEOPLE]


def spelled(name: str) -> str:
    """`let go` for `_let_go` and for `LetGo`."""
    return re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name).replace("_", " ")


def functions_of_one_word(file: Path) -> Iterator[str]:
    """The functions of a module that are called by a single word; commands of the terminal are not counted."""
    for node in parse_file(file).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "_" not in node.name.strip("_"):
            typed = any(isinstance(one, ast.Call) and ast.unparse(one).startswith(TYPED) for one in node.decorator_list)
            if not typed and node.name not in CALLED_BY_ONE_WORD:
                yield node.name


def vague_methods(file: Path) -> Iterator[str]:
    """The methods of a module's classes that are called by nothing but a vague verb."""
    for node in nodes_in(file):
        if isinstance(node, ast.ClassDef):
            methods = [one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
            yield from (f"{node.name}.{one.name}" for one in methods if one.name.strip("_") in VAGUE)


def prose_of(file: Path) -> Iterator[str]:
    """The strings and comments of a file: docstrings, log lines, messages."""
    source = file.read_text("utf-8")
    for node in nodes_in(file):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    yield from (token.string for token in tokens if token.type == tokenize.COMMENT)


def names_of_tests(file: Path) -> Iterator[str]:
    for node in nodes_in(file):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name


def names_in(file: Path) -> Iterator[str]:
    """Every name that a file gives or uses."""
    for node in nodes_in(file):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.alias(asname=str(name)):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.keyword(arg=str(name)):
                yield name


def is_forbidden(name: str) -> bool:
    """`site_of`, `SiteId` and `sites` are; `opposite` is not."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower().split("_")
    return any(word in NEVER_IN_CODE or word.removesuffix("s") in NEVER_IN_CODE for word in words)
