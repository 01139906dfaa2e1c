"""Who is in the building, and in which room."""
