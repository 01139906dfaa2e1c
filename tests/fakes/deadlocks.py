"""What tests of transactions that wait for each other share."""

import psycopg
from psycopg import sql

WAITS_FOR_A_LOCK = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def delay_deadlock_detection(url: str) -> None:
    """Who connects from now on looks for a deadlock after two seconds of waiting: by then the test has closed it.

    It has to close it by then: PostgreSQL looks once, and a second later the hub gives up waiting for any lock. A
    connection of the test's own should look much later, so that it is not the one that PostgreSQL ends.
    """
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(sql.SQL("ALTER DATABASE {} SET deadlock_timeout = '2s'").format(sql.Identifier(conn.info.dbname)))
