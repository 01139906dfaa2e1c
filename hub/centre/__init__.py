"""The building, its rooms, and the file that describes it."""
