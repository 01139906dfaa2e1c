"""As which login both chains are written."""

import pytest

from hub.kit.db import Database


@pytest.fixture
def database(pages_database: Database) -> Database:
    """Here people change something: the pages' login."""
    return pages_database
