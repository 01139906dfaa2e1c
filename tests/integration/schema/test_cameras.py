"""Where never a camera stands: the code and the database have the same list, and the database refuses by itself."""

from contextlib import closing

import psycopg
import pytest

from hub.centre.model import NEVER_A_CAMERA, RoomType
from tests.fakes.house import House


def test_the_database_and_the_code_name_the_same_types_of_room(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        refused = {
            room_type
            for room_type in RoomType
            if conn.execute("SELECT room_allows_camera(%s)", (room_type,)).fetchone() == (False,)
        }

    assert refused == NEVER_A_CAMERA


SOURCE = "INSERT INTO camera_source VALUES ('t-gym', 'main', 'rtsp', 'rtsp://127.0.0.1/x')"


def refused_by_the_database(url: str, *statements: str) -> None:
    with closing(psycopg.connect(url)) as conn, pytest.raises(psycopg.errors.CheckViolation, match="camera"):
        for statement in statements:
            conn.execute(statement.encode())
        conn.commit()


@pytest.mark.parametrize("room_type", sorted(NEVER_A_CAMERA))
def test_no_camera_is_assigned_to_a_room_where_none_may_be(
    database_url: str, house: House, room_type: RoomType
) -> None:
    refused_by_the_database(
        database_url,
        "UPDATE assignment SET to_at = '2026-11-23Z' WHERE device_id = 'cam-gym'",
        f"UPDATE room SET type = '{room_type}' WHERE id = 'corridor'",
        "INSERT INTO assignment VALUES ('again', 'cam-gym', NULL, 'corridor', '2026-11-23Z', NULL)",
    )


def test_no_camera_comes_back_to_a_room_where_none_may_be(database_url: str, house: House) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE assignment SET to_at = '2026-11-23Z' WHERE device_id = 'cam-gym'")
        conn.execute("UPDATE room SET type = 'massage' WHERE id = 'gym'")

    refused_by_the_database(database_url, "UPDATE assignment SET to_at = NULL WHERE device_id = 'cam-gym'")


def test_no_room_with_a_camera_becomes_one_where_none_may_be(database_url: str, house: House) -> None:
    refused_by_the_database(database_url, "UPDATE room SET type = 'massage' WHERE id = 'gym'")


def test_no_device_becomes_a_camera_where_none_may_be(database_url: str, house: House) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE assignment SET to_at = '2026-11-23Z' WHERE device_id = 't-gym'")
        conn.execute("INSERT INTO assignment VALUES ('again', 't-gym', NULL, 'counselling', '2026-11-23Z', NULL)")

    refused_by_the_database(database_url, "UPDATE device SET kind = 'camera' WHERE id = 't-gym'", SOURCE)


@pytest.mark.parametrize(
    "statements",
    [
        ("INSERT INTO device (id, centre_id, kind, name, name_en) VALUES ('c', 'jiuquan-road', 'camera', 'C', 'C')",),
        ("UPDATE device SET kind = 'camera' WHERE id = 't-gym'",),
        ("DELETE FROM camera_source WHERE device_id = 'cam-gym'",),
        ("UPDATE camera_source SET kind = 'sub' WHERE device_id = 'cam-gym'",),
    ],
)
def test_no_camera_is_without_the_picture_that_viewers_are_shown(
    database_url: str, house: House, statements: tuple[str, ...]
) -> None:
    refused_by_the_database(database_url, *statements)


@pytest.mark.parametrize("statement", [SOURCE, SOURCE.replace("main", "sub")])
def test_nothing_but_a_camera_has_a_picture(database_url: str, house: House, statement: str) -> None:
    refused_by_the_database(database_url, statement)


def test_a_camera_that_becomes_something_else_leaves_no_address_behind(database_url: str, house: House) -> None:
    refused_by_the_database(database_url, "UPDATE device SET kind = 'sensor' WHERE id = 'cam-gym'")


def test_a_device_becomes_a_camera_together_with_its_picture(database_url: str, house: House) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE device SET kind = 'camera' WHERE id = 't-gym'")
        conn.execute(SOURCE.encode())

    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT kind FROM device WHERE id = 't-gym'").fetchone() == ("camera",)


def test_a_camera_may_be_moved_out_of_a_room_in_the_transaction_that_changes_what_it_is_for(
    database_url: str, house: House
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE room SET type = 'massage' WHERE id = 'gym'")
        conn.execute("UPDATE assignment SET to_at = '2026-11-23Z' WHERE device_id = 'cam-gym'")
        conn.execute("INSERT INTO assignment VALUES ('again', 'cam-gym', NULL, 'music', '2026-11-23Z', NULL)")

    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT type FROM room WHERE id = 'gym'").fetchone() == ("massage",)


def test_a_camera_and_a_change_of_its_room_at_the_same_moment_do_not_pass_each_other(
    database_url: str, house: House
) -> None:
    with psycopg.connect(database_url) as assigning, psycopg.connect(database_url) as changing:
        assigning.execute("UPDATE assignment SET to_at = '2026-11-23Z' WHERE device_id = 'cam-gym'")
        assigning.execute("INSERT INTO assignment VALUES ('again', 'cam-gym', NULL, 'corridor', '2026-11-23Z', NULL)")

        changing.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            changing.execute("UPDATE room SET type = 'massage' WHERE id = 'corridor'")


def test_a_device_does_not_become_a_camera_at_the_moment_in_which_it_is_assigned(
    database_url: str, house: House
) -> None:
    with psycopg.connect(database_url) as assigning, psycopg.connect(database_url) as changing:
        assigning.execute("UPDATE assignment SET to_at = '2026-11-23Z' WHERE device_id = 't-gym'")
        assigning.execute("INSERT INTO assignment VALUES ('again', 't-gym', NULL, 'counselling', '2026-11-23Z', NULL)")

        changing.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            changing.execute("UPDATE device SET kind = 'camera' WHERE id = 't-gym'")
