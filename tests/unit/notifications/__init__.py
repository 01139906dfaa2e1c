"""Tests of hub/notifications (pure)."""
