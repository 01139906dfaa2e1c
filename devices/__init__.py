"""What runs at the device side, and the wire contract it shares with the hub."""
