"""Which statements are found in Python files, and which are named because nobody can read them."""

from pathlib import Path

import pytest

from tests.house.sources import Sources, Statement, Unread


def found_in(tmp_path: Path, source: str, **others: str) -> list[str]:
    """The statements of hub/store.py; `?` before the code of what cannot be read."""
    (tmp_path / "hub").mkdir()
    for name, text in {"store": source, **others}.items():
        (tmp_path / "hub" / f"{name}.py").write_text(text, "utf-8")
    found: list[str] = []
    for one in Sources(tmp_path, ("hub",)).statements():
        match one:
            case Statement("hub/store.py", _, text):
                found.append(text)
            case Unread("hub/store.py", _, code):
                found.append(f"?{code}")
    return found


@pytest.mark.parametrize(
    "source",
    [
        "conn.execute('select 1', {})",
        "cursor.executemany('select 1', [])",
        "async def f():\n  async with cur.copy('select 1') as to: pass",
        "self.connection().execute('select ' '1')",
        "conn.execute('select ' + '1')",
        "conn.execute('select 1'.encode())",
        "ONE = 'select 1'\nconn.execute(ONE)",
        "ONE: str = 'select 1'\ndef f(): conn.execute(ONE)",
        "N = '1'\nconn.execute(f'select {N}')",
        "def f():\n  asked = 'select 1'\n  conn.execute(asked)",
        "def _f(asked): conn.execute(asked)\n_f('select 1')",
        "def _f(n): conn.execute(f'select {n}')\n_f(n='1')",
        "from hub.other import ONE\nconn.execute(ONE)",
        "from hub import other\nconn.execute(other.ONE)",
        "from hub.third import TWO\nconn.execute(TWO)",
        "conn.execute(sql.SQL('select 1'))",
        "conn.execute(query='select 1')",
    ],
)
def test_what_is_executed_is_found(tmp_path: Path, source: str) -> None:
    others = {"other": "ONE = 'select 1'", "third": "from hub.other import ONE as TWO"}

    assert found_in(tmp_path, source, **others) == ["select 1"]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("def f(asked): conn.execute(asked)", "asked"),
        ("def f(asked): conn.execute(query=asked)", "asked"),
        ("run = conn.execute\nrun('select 1')", "conn.execute"),
        ("each(cursor.executemany)", "cursor.executemany"),
        ("def f(*, asked): conn.execute(asked)", "asked"),
        ("ONE = 'select 1'\ndef f(ONE): conn.execute(ONE)", "ONE"),
        ("def _f(asked): conn.execute(asked)", "asked"),
        ("def _f(asked): conn.execute(asked)\n_f('select 1')\n_f(anything())", "asked"),
        ("def f():\n  asked = 'select 1'\n  asked = other()\n  conn.execute(asked)", "asked"),
        ("conn.execute(f'select {anything()}')", "f'select {anything()}'"),
        ("conn.execute('select ' + anything())", "'select ' + anything()"),
        ("conn.execute(' '.join(parts))", "' '.join(parts)"),
        ("conn.execute('select {}'.format(n))", "'select {}'.format(n)"),
        ("conn.execute('select %s' % n)", "'select %s' % n"),
        ("ASKED = f'DELETE FROM {anything()}'", "f'DELETE FROM {anything()}'"),
    ],
)
def test_what_is_put_together_of_anything_is_named(tmp_path: Path, source: str, code: str) -> None:
    assert found_in(tmp_path, source) == [f"?{code}"]


def test_a_statement_that_nobody_here_executes_is_found_as_well(tmp_path: Path) -> None:
    assert found_in(tmp_path, "ONE = '''\n  UPDATE room SET name = ''\n'''") == ["\n  UPDATE room SET name = ''\n"]


def test_pieces_of_a_statement_are_no_statements(tmp_path: Path) -> None:
    source = "_ONE = 'INSERT INTO room VALUES (1) ON CONFLICT (id)'\nconn.execute(f'{_ONE} DO NOTHING')"

    assert found_in(tmp_path, source) == ["INSERT INTO room VALUES (1) ON CONFLICT (id) DO NOTHING"]


def test_a_composition_stands_for_all_that_it_may_be(tmp_path: Path) -> None:
    source = (
        "T = {1: sql.Identifier('room'), 2: sql.Identifier('centre')}\n"
        "conn.execute(sql.SQL('SELECT FROM {} WHERE id = {}').format(T[n], sql.Literal(n)))"
    )

    assert found_in(tmp_path, source) == [
        """SELECT FROM "room" WHERE id = 'literal'""",
        """SELECT FROM "centre" WHERE id = 'literal'""",
    ]


def test_an_identifier_that_nobody_knows_is_a_name_of_no_table(tmp_path: Path) -> None:
    source = "conn.execute(sql.SQL('SELECT FROM {}').format(sql.Identifier(name)))"

    assert found_in(tmp_path, source) == ['SELECT FROM "some_name"']


@pytest.mark.parametrize(
    "source",
    [
        '"""SELECT is what we do."""',
        "def f():\n  '''DELETE FROM what is old.'''",
        "label = 'Select a room'",
        "from hub import other\nother.copy(conn, rows)",
        "planes = array.copy()",
        "def execute(asked): pass",
    ],
)
def test_what_only_looks_like_a_statement_is_none(tmp_path: Path, source: str) -> None:
    assert found_in(tmp_path, source, other="") == []
