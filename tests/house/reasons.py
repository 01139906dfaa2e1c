"""What the checks of the house leave out, each with its reason. These lists are short and stay short."""

NOT_TO_BE_READ = {
    # The migrations are files of their own; what they make is read from the migrated database.
    ("hub/kit/migrate.py", "migration.statements.encode()"),
    # An expression of the Common Expression Language, which is given the values of its names.
    ("hub/rules/expressions.py", "self._context"),
    # The provers ask a hub of their own, as an observer, and poison its rows.
    ("simulators/prove/observer.py", "statement"),
}
"""Places that execute something, and what: a file and the code of the argument."""

PUT_TOGETHER = {
    # The name of a partition is a date: no statement that is fixed can create or drop one.
    "make_reading_partition",
    "drop_oldest_readings",
}
"""Functions of the database that execute a text which they put together."""

FILL_THEIR_OWN_DATABASE = (
    # Like a test's fixtures: rows of a centre that exists for one measurement, in a server of its own.
    "benchmarks/",
    "simulators/prove/",
)
"""Folders whose scripts write any table."""

LONG_FOR_A_REASON = {
    # What meets a machine on which nothing is installed: it has nothing to import from (DECISIONS 6).
    "anling",
}
"""Files of over 400 lines that stay as they are."""
