"""Tests of hub/importing (on a real database)."""
