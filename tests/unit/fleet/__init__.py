"""Which promises of hub/fleet hold: the pure parts, as tables and laws."""
