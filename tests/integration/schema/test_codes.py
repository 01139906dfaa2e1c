"""Each set of codes is its owner's enumeration, and the CHECK of its column is the same set."""

import re
from enum import StrEnum

import psycopg
import pytest

from hub.access.model import Role
from hub.centre.model import RoomType
from hub.fleet.model import DeviceKind, DeviceState, Subtopic
from hub.notifications.model import ChannelName
from hub.people.model import Category, Kinship, Purpose, VetoSource
from hub.roster.model import Duty


@pytest.mark.parametrize(
    ("table", "column", "codes"),
    [
        ("account", "role", Role),
        ("room", "type", RoomType),
        ("senior", "categories", Category),
        ("relation", "kinship", Kinship),
        ("consent", "covers", Purpose),
        ("veto", "said_by", VetoSource),
        ("device", "kind", DeviceKind),
        ("device", "state", DeviceState),
        ("device_command", "subtopic", Subtopic),
        ("contact_method", "channel", ChannelName),
        ("shift", "duty", Duty),
    ],
)
def test_the_database_takes_the_codes_that_the_code_knows_and_no_other(
    database_url: str, table: str, column: str, codes: type[StrEnum]
) -> None:
    with psycopg.connect(database_url) as conn:
        checks = conn.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", (f"{table}_{column}_check",)
        ).fetchall()

    ((check,),) = checks
    assert set(re.findall(r"'([^']+)'::text", check)) == {code.value for code in codes}
