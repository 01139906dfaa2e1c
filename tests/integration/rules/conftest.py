"""As which login rules hear and wait."""

import pytest

from hub.kit.db import Database


@pytest.fixture
def database(telemetry_database: Database) -> Database:
    """Telemetry's login: it hears readings, and asks what follows from waiting."""
    return telemetry_database
