"""Staff see which rules are in force, and what is wrong in the files."""

from __future__ import annotations

from pathlib import Path

from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.rules.files import SHIPPED
from hub.rules.service import Rules
from tests.fakes.house import House
from tests.integration.web.site import Place, make_site


async def test_staff_see_the_rules_and_where_a_file_is_wrong(
    database_url: str, pages_database: Database, web_database: Database, house: House, clock: SetClock, tmp_path: Path
) -> None:
    bad = (SHIPPED / "10-comfort.yaml").read_text("utf-8").replace("for: 5m", "for: soon")
    (tmp_path / "own.yaml").write_text(bad, "utf-8")
    rules = Rules([tmp_path], clock)
    await rules.load_files()
    site = make_site(Place(database_url, pages_database, web_database, clock), things=[rules])

    async with await site.signed_in(house.liu) as browser:
        answer = await browser.get("/api/rules")

    shown = answer.json()
    by_id = {rule["id"]: rule for rule in shown["rules"]}
    assert answer.status_code == 200
    assert by_id["trigger-silent"]["built_in"]
    assert (by_id["room-hot"]["when"], by_id["room-hot"]["clear"], by_id["room-hot"]["seconds"]) == (
        "v > 32.0", "v < 30.5", 300.0,
    )  # fmt: skip
    assert shown["problems"] == [
        {
            "file": "own.yaml",
            "line": 8,
            "column": 10,
            "what": "`soon` is no length of time",
            "write": "write a whole number and a unit, such as 90s, 5m, 2h",
        }
    ]
