"""What may each login do, and what is refused to it, on a real PostgreSQL?

A migration that grants something changes the table below: the difference shows who may now do what. It is printed by
`.venv/bin/python -m tests.fakes.rights`.
"""

import psycopg
import pytest

from hub.kit.db import Login
from tests.fakes.house import House
from tests.fakes.logins import url_as
from tests.fakes.rights import format_table, rights_in

RIGHTS = """\
                    alarms   telemetry pages_read pages_write
accept_link         ri(u)    -         -          r(u)
account             (r)      (r)       (r)        riu
alarm               riu      -         r          riu
alarm_device        riu      -         -          riu
alarm_helper        ri       -         r          ri
alarm_number        riu      -         -          riu
alarm_press         ri       -         -          r
alarm_sentence      rid      -         r          rid
alarm_step          ri       -         r          ri
alarm_timer         riu      -         -          riu
assignment          r        r         r          riu
attendance_change   -        riu       r          riu
called_duty         -        r         -          rid
camera_source       -        -         -          ri(u)d
centre              r        r         r          riu
clock_doubt         riud     r         r          riud
clock_reading       riu      riu       -          riu
consent             -        -         r          riu
contact_method      r        -         -          riu
device              ru       ru        (r)        riu
device_command      riu      -         -          riu
due_job             r        -         -          riud
escalation_policy   r        -         r          riu
finding             rud      i         -          -
first_administrator -        -         -          riud
invitation          -        -         -          riud
ledger_access       ri       -         -          ri
ledger_care         ri       -         -          ri
ledger_head         riu      -         -          riu
migration           r        r         r          r
notice              riu      riu       r          riu
notification        riu      -         (r)        riu
organisation        r        -         r          riu
parked_row          riud     riud      -          riud
presence            r        riu       r          riu
press               ri       -         -          r
process_beat        riu      riu       -          r
quarantine          riud     riud      -          r
reading             -        ri        -          r
reading_name        -        ri        -          r
reading_retention   -        riu       -          -
relation            -        -         r          riu
room                r        r         r          riu
rule_heard          r        riu       -          r
rule_set            r        ri        -          r
rule_state          riud     riud      -          r
seen_message        riu      riu       -          r
senior              r        r(u)      (r)        riu
session             -        -         -          riud
shift               r        r         r          riu
veto                -        -         r          riu
video_ticket        -        -         -          riud
viewing             -        -         (r)        riu
visit               r        riu       r          riu
"""
"""r SELECT, i INSERT, u UPDATE, d DELETE; in brackets: of some columns. What a login has by its group is included."""

COLUMNS = {
    ("accept_link", Login.ALARMS, "UPDATE"): "ends_at made_at",
    ("accept_link", Login.PAGES_WRITE, "UPDATE"): "ends_at",
    ("account", Login.ALARMS, "SELECT"): (
        "active centre_id email id language name name_en organisation_id person phone role simulated"
    ),
    ("account", Login.TELEMETRY, "SELECT"): "active centre_id id role",
    ("account", Login.PAGES_READ, "SELECT"): "active centre_id id language name name_en organisation_id role",
    ("camera_source", Login.PAGES_WRITE, "UPDATE"): "address protocol",
    ("device", Login.PAGES_READ, "SELECT"): (
        "battery_percent centre_id enabled firmware heard_at id kind name name_en number state state_at"
    ),
    ("notification", Login.PAGES_READ, "SELECT"): (
        "account_id alarm_id centre_id channel id made_at n priority state taken_at template tries unwanted"
    ),
    ("senior", Login.PAGES_READ, "SELECT"): "address_as address_as_en centre_id id name",
    ("senior", Login.TELEMETRY, "UPDATE"): "name",
    ("viewing", Login.PAGES_READ, "SELECT"): (
        "account_id alarm_id because camera_id centre_id ended_at ended_because first_frame_at frames id opened_at "
        "room_id senior_id started_at"
    ),
}
"""The columns behind each bracket."""

TAKES_OVER = {
    "to be the superuser": "SET ROLE anling",
    "to be the owner": "SET ROLE anling_owner",
    "to be another login": "SET ROLE anling_{other}",
    "to be its group": "SET ROLE anling_hub",
    "to be the group of pages": "SET ROLE anling_web",
    "another session": "SET SESSION AUTHORIZATION anling",
    "a program of the server": "COPY (SELECT 1) TO PROGRAM 'true'",
    "a file of the server, written": "COPY (SELECT 1) TO 'anling-was-here'",
    "a file of the server, read": "SELECT pg_read_file('PG_VERSION')",
    "a folder of the server": "SELECT pg_ls_dir('.')",
    "the passwords of others": "SELECT rolpassword FROM pg_authid",
    "a table": "CREATE TABLE mine (n int)",
    "a view": "CREATE VIEW mine AS SELECT 1",
    "a function": "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a schema": "CREATE SCHEMA mine",
    "an extension": "CREATE EXTENSION dblink",
    "a foreign server": "CREATE SERVER mine FOREIGN DATA WRAPPER postgres_fdw",
    "a large object": "SELECT lo_create(0)",
    "a large object with something in it": "SELECT lo_from_bytea(0, 'x')",
    "a role": "CREATE ROLE mine",
    "a database": "CREATE DATABASE mine",
    "the settings of the server": "ALTER SYSTEM SET fsync = off",
    "to end its own restraint": "ALTER ROLE anling_{self} SUPERUSER",
    "rows past row-level security": "ALTER TABLE senior DISABLE ROW LEVEL SECURITY",
    "a policy": "DROP POLICY senior_web ON senior",
    "triggers off": "SET session_replication_role = replica",
    "a right for everybody": "ALTER DEFAULT PRIVILEGES FOR ROLE anling_owner GRANT SELECT ON TABLES TO PUBLIC",
    "a truncated ledger": "TRUNCATE ledger_care",
    "the list of migrations": "DELETE FROM migration",
}


def test_each_login_has_these_rights_and_no_others(database_url: str) -> None:
    assert format_table(rights_in(database_url)) == RIGHTS


def test_behind_each_bracket_stand_these_columns(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        found = conn.execute(
            """
            SELECT relname, login, verb, string_agg(attname, ' ' ORDER BY attname)
              FROM pg_class AS relation
              JOIN pg_attribute AS attribute ON attribute.attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
             CROSS JOIN unnest(%s::text[]) AS login
             CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS verb
             WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')
               AND NOT has_table_privilege(login, relation.oid, verb)
               AND has_column_privilege(login, relation.oid, attnum, verb)
             GROUP BY relname, login, verb
            """,
            (list(Login),),
        ).fetchall()

    assert {(table, login, verb): columns for table, login, verb, columns in found} == COLUMNS


@pytest.mark.parametrize("login", Login)
@pytest.mark.parametrize("what", TAKES_OVER)
def test_a_login_cannot_take(what: str, login: Login, database_url: str, house: House) -> None:
    own = login.removeprefix("anling_")
    other = "alarms" if login is not Login.ALARMS else "telemetry"
    with psycopg.connect(url_as(database_url, login), autocommit=True) as conn:
        conn.execute("RESET ROLE")
        conn.execute("RESET SESSION AUTHORIZATION")

        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject)):
            conn.execute(TAKES_OVER[what].format(other=other, self=own).encode())


@pytest.mark.parametrize("login", [login for login in Login if login is not Login.TELEMETRY])
def test_nobody_but_telemetry_makes_temporary_tables(login: Login, database_url: str) -> None:
    with psycopg.connect(url_as(database_url, login)) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("CREATE TEMPORARY TABLE account (id text, centre_id text, role text, active boolean)")


def test_telemetry_makes_the_one_that_it_needs(database_url: str) -> None:
    with psycopg.connect(url_as(database_url, Login.TELEMETRY)) as conn:
        conn.execute("CREATE TEMPORARY TABLE reading_staged (LIKE reading)")

        assert conn.execute("SELECT count(*) FROM reading_staged").fetchone() == (0,)


def test_a_temporary_table_stands_before_none_of_ours_where_the_owner_s_rights_are_used(
    database_url: str, house: House
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("CREATE TEMPORARY TABLE account AS SELECT * FROM public.account")
        conn.execute("UPDATE pg_temp.account SET centre_id = %s, role = 'staff', active = true", (house.centre,))
        conn.execute("GRANT SELECT ON pg_temp.account TO PUBLIC")
        conn.execute("SELECT set_config('anling.account', %s, true)", (house.daughter,))

        sees = conn.execute("SELECT sees_seniors_of(%s), account_role()", (house.centre,)).fetchone()

    assert sees == (False, "family")


def test_every_function_with_the_owner_s_rights_says_where_it_looks(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        found = conn.execute(
            """
            SELECT proname, (SELECT setting FROM unnest(proconfig) AS setting WHERE setting LIKE 'search_path=%')
              FROM pg_proc
             WHERE prosecdef AND pronamespace = 'public'::regnamespace
            """
        ).fetchall()

    assert found
    assert {setting for _, setting in found} == {"search_path=pg_catalog, public, pg_temp"}, found


def test_no_login_is_a_member_of_another_and_nobody_becomes_the_group_that_she_is_in(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        members = conn.execute(
            """
            SELECT member.rolname, granted.rolname, inherit_option, set_option, pg_auth_members.admin_option,
                   granted.rolcanlogin
              FROM pg_auth_members
              JOIN pg_roles AS member ON member.oid = pg_auth_members.member
              JOIN pg_roles AS granted ON granted.oid = pg_auth_members.roleid
             WHERE member.rolname LIKE 'anling\\_%'
             ORDER BY member.rolname
            """
        ).fetchall()

    assert members == [
        ("anling_alarms", "anling_hub", True, False, False, False),
        ("anling_pages_read", "anling_web", True, False, False, False),
        ("anling_pages_write", "anling_hub", True, False, False, False),
    ]


def test_every_table_with_somebody_s_rows_has_row_level_security(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        found = conn.execute(
            """
            SELECT relname
              FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relrowsecurity
               AND has_any_column_privilege('anling_pages_read', oid, 'SELECT')
             ORDER BY relname
            """
        ).fetchall()

    assert [name for (name,) in found] == ["centre", "clock_doubt", "migration", "organisation", "room"]
