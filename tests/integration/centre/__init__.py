"""Tests of hub/centre (on a real database)."""
