"""Which promises of hub/fleet hold: against real servers."""
