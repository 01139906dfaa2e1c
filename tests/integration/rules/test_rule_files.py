"""Which rules are in force when the files of a centre change, are bad or vanish?"""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.notices.model import NoticeCode
from hub.rules.files import SHIPPED
from hub.rules.service import Rules
from tests.fakes.house import House
from tests.integration.rules.heard_events import FIVE_MINUTES, SILENT, told, warm


async def test_a_bad_file_keeps_the_old_rules_and_is_noticed_until_it_is_mended(
    database: Database, house: House, clock: SetClock, tmp_path: Path
) -> None:
    file = tmp_path / "demo.yaml"
    good = (SHIPPED / "10-comfort.yaml").read_text("utf-8").replace("for: 5m", "for: 20s")
    file.write_text(good, "utf-8")
    rules = Rules([tmp_path], clock)
    assert await rules.load_files() == ()
    hash_of_good = rules.hash

    file.write_text(good.replace("v > 32.0", "v >"), "utf-8")
    assert await rules.load_if_changed()
    async with database.transaction() as conn:
        noticed = [
            found
            for found in await rules.evaluate_due(conn, clock.now())
            if found.klass == NoticeCode.RULE_FILES_NOT_LOADED
        ]
        await rules.evaluate_events(conn, [warm(house, 33.4, clock.now())], clock.now())
        clock.advance(timedelta(seconds=20))
        assert told(await rules.evaluate_due(conn, clock.now()), *SILENT) == [("room-hot", "room:gym", False)]
    assert rules.hash == hash_of_good
    assert [(found.cleared, dict(found.params)) for found in noticed] == [
        (False, {"file": "demo.yaml", "line": 7, "column": 15})
    ]

    file.write_text(good, "utf-8")
    assert await rules.load_if_changed()
    async with database.transaction() as conn:
        [mended] = [
            found
            for found in await rules.evaluate_due(conn, clock.now())
            if found.klass == NoticeCode.RULE_FILES_NOT_LOADED
        ]
    assert mended.cleared
    assert not await rules.load_if_changed()


async def test_a_hub_that_starts_with_a_bad_file_goes_on_with_the_rules_and_the_waits_it_had(
    database: Database, house: House, clock: SetClock, tmp_path: Path
) -> None:
    folder, kept = tmp_path / "rules", tmp_path / "rules-in-force.json"
    folder.mkdir()
    own = (SHIPPED / "10-comfort.yaml").read_text("utf-8").replace("id: ", "id: own-")
    (folder / "own.yaml").write_text(own, "utf-8")
    before = Rules([folder], clock, kept)
    await before.load_files()
    async with database.transaction() as conn:
        await before.evaluate_events(conn, [warm(house, 33.4, clock.now())], clock.now())
    (folder / "own.yaml").write_text(own.replace("v > 32.0", "v >"), "utf-8")

    restarted = Rules([folder], clock, kept)
    [problem] = await restarted.load_files()
    async with database.transaction() as conn:
        at_once = await restarted.evaluate_due(conn, clock.now())
        clock.advance(FIVE_MINUTES)
        later = told(await restarted.evaluate_due(conn, clock.now()), *SILENT)

    assert (problem.source, restarted.hash) == ("own.yaml", before.hash)
    assert [found.cleared for found in at_once if found.klass == NoticeCode.RULE_FILES_NOT_LOADED] == [False]
    assert ("own-room-hot", "room:gym", False) in later
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("how", ["deleted", "not mounted", "a file in its place"])
async def test_a_folder_that_vanishes_leaves_its_rules_in_force_and_kept_and_is_noticed(
    database: Database, house: House, clock: SetClock, tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder, kept = tmp_path / "rules", tmp_path / "rules-in-force.json"
    folder.mkdir()
    own = (SHIPPED / "10-comfort.yaml").read_text("utf-8").replace("id: ", "id: own-")
    (folder / "own.yaml").write_text(own, "utf-8")
    rules = Rules([folder], clock, kept)
    await rules.load_files()
    good, kept_before = rules.hash, kept.read_bytes()
    shutil.rmtree(folder)
    if how == "not mounted":
        folder.mkdir()
    if how == "a file in its place":
        folder.touch()

    assert await rules.load_if_changed()
    async with database.transaction() as conn:
        [noticed] = [
            found
            for found in await rules.evaluate_due(conn, clock.now())
            if found.klass == NoticeCode.RULE_FILES_NOT_LOADED
        ]
    restarted = Rules([folder], clock, kept)
    [problem] = await restarted.load_files()

    assert (noticed.cleared, dict(noticed.params)) == (False, {"file": str(folder), "line": None, "column": None})
    assert (rules.hash, restarted.hash, problem.source) == (good, good, str(folder))
    assert kept.read_bytes() == kept_before
    assert f"the centre's own rules are in force as they were good last, from {kept}" in caplog.text
    assert not await rules.load_if_changed()


async def test_an_empty_folder_that_vanishes_is_noticed_until_it_is_back(clock: SetClock, tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    rules = Rules([folder], clock)
    assert await rules.load_files() == ()
    folder.rmdir()

    assert await rules.load_if_changed()
    [problem] = rules.problems
    folder.mkdir()
    assert await rules.load_if_changed()

    assert problem.source == str(folder)
    assert rules.problems == ()


@pytest.mark.parametrize(
    "content", [None, b"", b"{}", b"\xff", b'[[["own.yaml", "rules: 7"]]]', b'[[["own.yaml", 7]]]']
)
async def test_waits_of_rules_that_cannot_be_read_are_kept_until_they_can(
    database: Database, house: House, clock: SetClock, tmp_path: Path, content: bytes | None
) -> None:
    folder, kept = tmp_path / "rules", tmp_path / "rules-in-force.json"
    folder.mkdir()
    own = (SHIPPED / "10-comfort.yaml").read_text("utf-8").replace("id: ", "id: own-")
    (folder / "own.yaml").write_text(own, "utf-8")
    before = Rules([folder], clock)
    await before.load_files()
    async with database.transaction() as conn:
        await before.evaluate_events(conn, [warm(house, 33.4, clock.now())], clock.now())
    (folder / "own.yaml").write_text(own.replace("v > 32.0", "v >"), "utf-8")
    if content is not None:
        kept.write_bytes(content)

    restarted = Rules([folder], clock, kept)
    await restarted.load_files()
    clock.advance(FIVE_MINUTES)
    async with database.transaction() as conn:
        without = told(await restarted.evaluate_due(conn, clock.now()), *SILENT)
    (folder / "own.yaml").write_text(own, "utf-8")
    await restarted.load_if_changed()
    async with database.transaction() as conn:
        mended = told(await restarted.evaluate_due(conn, clock.now()), *SILENT)

    assert without == [("room-hot", "room:gym", False)]
    assert mended == [("own-room-hot", "room:gym", False)]


async def test_rules_that_cannot_be_kept_are_in_force_all_the_same(clock: SetClock, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        (SHIPPED / "10-comfort.yaml").read_text("utf-8").replace("id: ", "id: own-"), "utf-8"
    )
    rules = Rules([tmp_path], clock, tmp_path / "no such folder" / "rules-in-force.json")

    assert await rules.load_files() == ()
    assert rules.in_force.named("own-room-hot") is not None


async def test_the_finding_of_a_rule_that_was_taken_away_is_cleared(
    database: Database, house: House, clock: SetClock, tmp_path: Path
) -> None:
    own = (SHIPPED / "10-comfort.yaml").read_text("utf-8").replace("id: ", "id: own-")
    (tmp_path / "own.yaml").write_text(own, "utf-8")
    rules = Rules([tmp_path], clock)
    await rules.load_files()
    async with database.transaction() as conn:
        await rules.evaluate_events(conn, [warm(house, 40, clock.now())], clock.now())
        clock.advance(FIVE_MINUTES)
        assert ("own-room-hot", "room:gym", False) in told(await rules.evaluate_due(conn, clock.now()))

        (tmp_path / "own.yaml").write_text("schema: anling.rules/1\nrules: []\n", "utf-8")
        await rules.load_if_changed()
        found = told(await rules.evaluate_due(conn, clock.now()), *SILENT)

    assert found == [("own-room-hot", "room:gym", True)]
