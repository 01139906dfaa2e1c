"""Tests of hub/notifications (on a real database)."""
