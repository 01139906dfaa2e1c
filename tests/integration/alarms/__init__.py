"""Tests of hub/alarms (on a real database)."""
