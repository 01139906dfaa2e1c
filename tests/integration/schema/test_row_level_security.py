"""Which rows do pages read for whom? Row-level security, with one row of each table about each of two seniors."""

import psycopg
import pytest
from psycopg import sql

from hub.kit.db import Database
from hub.kit.ids import AccountId
from tests.conftest import MORNING
from tests.fakes.house import House

ULID = "01jdbkz4f0" + "0" * 15

ROWS = f"""
SET session_replication_role = replica;  -- rows of no journey: triggers and references are for others to test
UPDATE account SET role = 'auditor' WHERE id = 'chen';
UPDATE account SET active = false WHERE id = 'sun';
INSERT INTO alarm (id, centre_id, key, klass, number, priority, state, version, epoch, tier, policy, senior_id, rule_id,
                   summary, opened_at, open_since, changed_at)
SELECT 'a-{ULID}' || n, 'jiuquan-road', senior_id, 'help', '23-0' || n, 'P1', 'open', 1, 1, 0, '{{}}', senior_id,
       'press', '{{}}', %(now)s, %(now)s, %(now)s
  FROM (VALUES (1, 's-wang'), (2, 's-li')) AS about (n, senior_id);
INSERT INTO alarm_step (alarm_id, version, at, what) SELECT id, 1, %(now)s, 'opened' FROM alarm;
INSERT INTO alarm_sentence (id, alarm_id, about, by_account, at, salt, sentence)
SELECT id, id, 'outcome', 'liu', %(now)s, decode(repeat('00', 16), 'hex'), '她只是想有人陪' FROM alarm;
INSERT INTO alarm_helper (alarm_id, account_id, at) SELECT id, 'liu', %(now)s FROM alarm;
INSERT INTO notification (id, centre_id, alarm_id, n, account_id, contact_method_id, channel, priority, template,
                          params, state, next_at, made_at)
SELECT id, centre_id, id, 1, 'liu', 'cm', 'email', 'P1', 'alarm', '{{}}', 'queued', %(now)s, %(now)s FROM alarm;
INSERT INTO escalation_policy (id, centre_id, applies, name, version, tiers, made_at, current)
VALUES ('o-1', 'jiuquan-road', 'opening_hours', 'day', 1, '[{{}}]', %(now)s, true),
       ('o-2', 'jiuquan-road', 'out_of_hours', 'night', 1, '[{{}}]', %(now)s, true);
INSERT INTO notice (id, centre_id, code, priority, subject, raised_at, last_at)
VALUES ('n-1', 'jiuquan-road', 'clock-set', 'P3', 'hub', %(now)s, %(now)s),
       ('n-2', 'jiuquan-road', 'disk-full', 'P3', 'hub', %(now)s, %(now)s);
INSERT INTO veto (id, senior_id, from_at, said_by)
VALUES ('1', 's-wang', %(now)s, 'tablet'), ('2', 's-li', %(now)s, 'tablet');
INSERT INTO visit (id, senior_id, arrived_at) VALUES ('1', 's-wang', %(now)s), ('2', 's-li', %(now)s);
INSERT INTO presence (id, visit_id, senior_id, room_id, from_at, evidence, evidence_at)
VALUES ('1', '1', 's-wang', 'gym', %(now)s, 'card', %(now)s), ('2', '2', 's-li', 'music', %(now)s, 'card', %(now)s);
INSERT INTO attendance_change (senior_id, version, changed_at, evidence)
VALUES ('s-wang', 1, %(now)s, 'card'), ('s-li', 1, %(now)s, 'card');
INSERT INTO viewing (id, centre_id, camera_id, room_id, account_id, session_id, because, reason,
                     allowed_since, opened_at)
SELECT 'v-{ULID}' || n, 'jiuquan-road', 'cam-' || room_id, room_id, 'liu', '\\x00', 'stated-reason', 'door',
       %(now)s, %(now)s
  FROM (VALUES (1, 'gym'), (2, 'music')) AS shown (n, room_id);
"""

EVERYTHING = {
    "account": 7,
    "alarm": 2,
    "alarm_helper": 2,
    "alarm_sentence": 2,
    "alarm_step": 2,
    "assignment": 9,
    "attendance_change": 2,
    "consent": 6,
    "device": 10,
    "escalation_policy": 2,
    "notice": 2,
    "notification": 2,
    "presence": 2,
    "relation": 2,
    "senior": 3,
    "shift": 4,
    "veto": 2,
    "viewing": 2,
    "visit": 2,
}
KEYS = {"alarm_step": "alarm_id", "alarm_helper": "alarm_id", "attendance_change": "senior_id"}
NOTHING = dict.fromkeys(EVERYTHING, 0)
OF_A_RELATIVE = NOTHING | {
    "account": 1,
    "alarm": 1,
    "consent": 3,
    "presence": 1,
    "relation": 1,
    "senior": 1,
    "viewing": 1,
    "visit": 1,
}
"""Herself, her senior and what happened to her, and who looked at the room in which her senior was."""


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        ("liu", EVERYTHING),
        ("zhou", EVERYTHING),
        ("admin", EVERYTHING),
        ("wang-daughter", OF_A_RELATIVE),
        ("li-son", OF_A_RELATIVE),
        ("chen", NOTHING | {"account": 1}),  # an auditor
        ("sun", NOTHING | {"account": 1}),  # disabled
        ("nobody", NOTHING),
    ],
)
async def test_pages_read_for_an_account_what_it_may_see_and_nothing_else(
    account: str, expected: dict[str, int], database_url: str, web_database: Database, house: House
) -> None:
    fill(database_url)

    async with web_database.transaction_as(AccountId(account)) as conn:
        seen = {}
        for table in EVERYTHING:
            column = KEYS.get(table, "id")
            cursor = await conn.execute(
                sql.SQL("SELECT count({}) FROM {}").format(sql.Identifier(column), sql.Identifier(table))
            )
            ((seen[table],),) = await cursor.fetchall()

    assert seen == expected


async def test_a_relative_reads_of_her_own_senior(database_url: str, web_database: Database, house: House) -> None:
    fill(database_url)
    of_senior = ("alarm", "consent", "presence", "relation", "visit")

    async with web_database.transaction_as(house.daughter) as conn:
        seniors = set()
        for table in of_senior:
            cursor = await conn.execute(sql.SQL("SELECT senior_id FROM {}").format(sql.Identifier(table)))
            seniors |= {str(senior_id) for (senior_id,) in await cursor.fetchall()}
        cursor = await conn.execute("SELECT room_id FROM viewing")
        rooms = await cursor.fetchall()

    assert seniors == {house.wang}
    assert rooms == [(house.gym,)]


async def test_no_account_reads_nothing(database_url: str, web_database: Database, house: House) -> None:
    fill(database_url)

    async with web_database.transaction() as conn:
        cursor = await conn.execute("SELECT count(id) FROM alarm")
        assert await cursor.fetchone() == (0,)


def test_every_table_with_row_level_security_for_pages_is_looked_at(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        read_by_pages = conn.execute("SELECT tablename FROM pg_policies WHERE qual <> 'true'").fetchall()

    assert {table for (table,) in read_by_pages} == set(EVERYTHING)


def fill(url: str) -> None:
    """Write the rows of ROWS into the small centre."""
    with psycopg.connect(url) as conn, psycopg.ClientCursor(conn) as cursor:
        cursor.execute(ROWS.encode(), {"now": MORNING})
