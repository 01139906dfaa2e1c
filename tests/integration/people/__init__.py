"""Tests of hub/people (on a real database)."""
