"""The building: the organisation that runs it, its hours and its rooms."""
