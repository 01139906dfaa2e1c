"""Which tables a statement reads and writes, and which functions it calls."""

import pytest

from tests.house.statements import Unreadable, touched_by, touched_by_plpgsql, without_placeholders


@pytest.mark.parametrize(
    ("statement", "reads", "writes"),
    [
        ("SELECT FROM room JOIN centre ON true, LATERAL (SELECT FROM senior) AS s", "centre room senior", ""),
        ("SELECT FROM room WHERE EXISTS (SELECT FROM centre) UNION SELECT FROM senior", "centre room senior", ""),
        ("INSERT INTO room (id) SELECT id FROM centre ON CONFLICT DO NOTHING RETURNING id", "centre", "room"),
        ("UPDATE room AS r SET name = (SELECT name FROM centre) FROM senior", "centre senior", "room"),
        ("DELETE FROM room USING centre WHERE id = ANY(ARRAY(SELECT id FROM senior))", "centre senior", "room"),
        ("MERGE INTO room USING centre ON true WHEN MATCHED THEN DELETE", "centre", "room"),
        ("TRUNCATE room, centre", "", "centre room"),
        ("COPY room (id) FROM STDIN (FORMAT BINARY)", "", "room"),
        ("COPY room TO STDOUT", "room", ""),
        ("COPY (SELECT FROM room) TO STDOUT", "room", ""),
        ("DROP TABLE public.room", "", "room"),
        ("SELECT id INTO room FROM centre", "centre", "room"),
        ("CREATE TABLE room AS SELECT FROM centre", "centre", "room"),
        ("SELECT FROM room FOR UPDATE; DELETE FROM centre", "room", "centre"),
        ("SELECT FROM pg_class, information_schema.columns, pg_catalog.pg_proc", "", ""),
    ],
)
def test_a_statement_reads_and_writes_tables(statement: str, reads: str, writes: str) -> None:
    touched = touched_by(statement)

    assert (sorted(touched.reads), sorted(touched.writes)) == (reads.split(), writes.split())


@pytest.mark.parametrize(
    ("statement", "reads"),
    [
        ("WITH one AS (SELECT FROM room) SELECT FROM one", "room"),
        ("WITH room AS (SELECT FROM room) SELECT FROM room", "room"),
        ("WITH RECURSIVE one AS (SELECT FROM room UNION SELECT FROM one) SELECT FROM one", "room"),
        ("WITH one AS (SELECT 1), two AS (SELECT FROM one) SELECT FROM two, three", "three"),
        ("SELECT FROM (WITH one AS (SELECT 1) SELECT FROM one) AS inner_one, one", "one"),
    ],
)
def test_a_name_that_with_gives_is_no_table_where_it_holds(statement: str, reads: str) -> None:
    assert sorted(touched_by(statement).reads) == reads.split()


def test_a_with_that_writes_is_a_write() -> None:
    touched = touched_by("WITH gone AS (DELETE FROM room RETURNING id) INSERT INTO centre SELECT FROM gone")

    assert (touched.reads, touched.writes) == (set(), {"room", "centre"})


def test_functions_are_called_wherever_they_stand() -> None:
    touched = touched_by("SELECT public.one(two(1)) FROM three() WHERE id = ANY(ARRAY(SELECT four()))")

    assert touched.calls == {"one", "two", "three", "four"}


def test_a_temporary_table_is_one_that_the_statement_makes() -> None:
    assert touched_by("CREATE TEMPORARY TABLE IF NOT EXISTS staged (n int) ON COMMIT DROP").makes == {"staged"}


def test_placeholders_of_psycopg_become_parameters() -> None:
    assert without_placeholders("%(a)s %(b)s %(a)s 'x%%'") == "$1 $2 $1 'x%'"
    assert without_placeholders("%s, %s") == "$1, $2"


def test_what_postgresql_does_not_take_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="syntax error"):
        touched_by("SELECT FROM WHERE")


FUNCTION = """
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  n     integer := (SELECT count(*) FROM room);
  found alarm;
BEGIN
  SELECT * INTO found FROM centre;
  n := n + (SELECT count(*) FROM senior);
  IF EXISTS (SELECT FROM device) THEN
    PERFORM tell(n);
    DELETE FROM visit;
  END IF;
  FOR n IN SELECT 1 FROM shift LOOP
    INSERT INTO reading SELECT FROM viewing;
  END LOOP;
  RETURN NEW;
END
$$
"""


def test_the_body_of_a_function_is_read_piece_by_piece() -> None:
    touched, dynamic = touched_by_plpgsql(FUNCTION)

    assert touched.reads == {"room", "centre", "senior", "device", "shift", "viewing"}
    assert touched.writes == {"visit", "reading"}
    assert touched.calls == {"count", "tell"}
    assert dynamic == []


def test_what_a_function_puts_together_is_named() -> None:
    _, dynamic = touched_by_plpgsql("""
        CREATE FUNCTION f() RETURNS SETOF text LANGUAGE plpgsql AS $$
        DECLARE
          row record;
        BEGIN
          EXECUTE format('DROP TABLE %I', 'a');
          FOR row IN EXECUTE 'b' LOOP
            EXECUTE 'c';
          END LOOP;
          RETURN QUERY EXECUTE 'd';
        END
        $$
    """)

    assert dynamic == ["format('DROP TABLE %I', 'a')", "'b'", "'c'", "'d'"]
