"""As which login readings are kept."""

import pytest

from hub.kit.db import Database


@pytest.fixture
def database(telemetry_database: Database) -> Database:
    """Here readings are kept: telemetry's login."""
    return telemetry_database
