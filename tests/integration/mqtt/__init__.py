"""Which promises of hub/mqtt hold: against real servers."""
