"""What clients of plain HTTP give as `verify`: else httpx reads all certificates of the system for each client."""

import ssl

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody, and costs nothing."""
