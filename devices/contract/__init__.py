"""The wire contract: messages, topics, units, and the device side's one clock."""
