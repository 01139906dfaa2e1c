"""The desk of the alarms' tests, for tests of what is told."""

from tests.integration.alarms.conftest import deskless

__all__ = ["deskless"]
