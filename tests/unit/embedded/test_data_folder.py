"""Is a data folder that is of no use named in one line, with what to do?"""

import errno
import os
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from hub.embedded.data_folder import NoDataFolder, open_data_folder


def test_a_folder_is_made_for_this_account_alone(tmp_path: Path) -> None:
    with open_data_folder(tmp_path / "a" / "data"):
        assert (tmp_path / "a" / "data").stat().st_mode & 0o777 == 0o700


def test_a_disk_without_room_is_named_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=120_000_000))
    wanted = re.escape(
        f"the disk of {tmp_path} has 120 MB free and 300 MB are needed: "
        "make room, or set ANLING_DATA_DIR to another disk"
    )

    with pytest.raises(NoDataFolder, match=f"^{wanted}$"), open_data_folder(tmp_path, needed_bytes=300_000_000):
        pytest.fail("nothing is done there")


@pytest.mark.parametrize("named", [True, False])
def test_a_disk_that_fills_up_meanwhile_is_named(tmp_path: Path, *, named: bool) -> None:
    about = (str(tmp_path / "database" / "pg_wal"),) if named else ()

    with (
        pytest.raises(NoDataFolder, match=r"^the disk of .* is full: make room and try again$"),
        open_data_folder(tmp_path),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), *about)


def test_what_is_refused_elsewhere_is_not_blamed_on_this_folder(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), open_data_folder(tmp_path / "data"):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(tmp_path / "certificate.pem"))
