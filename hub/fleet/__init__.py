"""Devices, whose they are, whether they are heard, and what is sent to them."""
