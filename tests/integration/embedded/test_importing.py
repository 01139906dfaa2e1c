"""A centre's file may be the first that a database of the installation's own hears of Anling."""

from pathlib import Path

from hub.embedded import importing


async def test_a_database_that_was_named_has_its_tables_before_the_first_run(
    tmp_path: Path, empty_database_url: str
) -> None:
    async with importing.database_of(tmp_path, empty_database_url) as url:
        assert await importing.held(url) is None
