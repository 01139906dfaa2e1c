"""What becomes of the addresses of cameras that an older version left, when each is a source of its own?"""

import psycopg
import pytest

from hub.kit import migrate as migrations
from tests.fakes import logins

MOVES = 64
OLDER = {
    "cam-gym": "rtsp://viewer:secret@10.0.0.5/gym",
    "cam-music": "rtsps://10.0.0.6/music",
    "cam-attic": "RTSP://10.0.0.7/attic",
    "cam-shop": "http://10.0.0.8/shop",
}
"""Also such as no file may have any more: their rows stay, and their cameras are noticed."""


def test_no_camera_of_an_older_version_loses_its_address(empty_database_url: str) -> None:
    wanted = migrations.list_migrations()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            migrations, "list_migrations", lambda: [migration for migration in wanted if migration.number < MOVES]
        )
        logins.set_up(empty_database_url)
    with psycopg.connect(empty_database_url) as conn:
        conn.execute("SET session_replication_role = replica")  # cameras alone, without their centre
        for camera_id, address in OLDER.items():
            conn.execute(
                "INSERT INTO device (id, centre_id, kind, name, name_en, rtsp_url) "
                "VALUES (%s, 'c', 'camera', '摄像头', 'Camera', %s)",
                (camera_id, address),
            )
        conn.execute(
            "INSERT INTO device (id, centre_id, kind, name, name_en) VALUES ('b-1', 'c', 'button', '按钮', 'Button')"
        )

    logins.set_up(empty_database_url)

    with psycopg.connect(empty_database_url) as conn:
        after = conn.execute("SELECT device_id, kind, protocol, address FROM camera_source").fetchall()
    assert sorted(after) == sorted(
        (camera_id, "main", "rtsps" if camera_id == "cam-music" else "rtsp", address)
        for camera_id, address in OLDER.items()
    )
