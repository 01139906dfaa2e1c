"""Which promises of hub/ingest hold: the pure parts, as tables and laws."""
