"""Which promises of hub/ingest hold: against real servers."""
