"""Tests of hub/roster (on a real database)."""
