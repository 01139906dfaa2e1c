"""The servers and processes that start with the hub when none is configured."""
