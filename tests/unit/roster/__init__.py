"""Tests of hub/roster (pure)."""
