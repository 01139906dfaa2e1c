"""Tests of hub/alarms (pure)."""
