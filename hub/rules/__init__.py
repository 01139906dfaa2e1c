"""What a press, a reading or a silence means."""
