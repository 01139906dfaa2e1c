"""Whether the pure parts of live video do what they say."""
