"""Which promises of hub/mqtt hold: the pure parts, as tables and laws."""
