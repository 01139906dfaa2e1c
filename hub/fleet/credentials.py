"""The passwords of devices: made by the hub, random, known afterwards to the device alone."""

import hmac
import secrets
from hashlib import sha256


def new_password() -> str:
    """A password of 160 random bits, in letters that survive every configuration file."""
    return secrets.token_hex(20)


def hash_of(password: str) -> bytes:
    """What the hub keeps of a password: its SHA-256. Enough for 160 random bits; never for a human's password."""
    return sha256(password.encode()).digest()


def matches_credential(password: str, credential_hash: bytes) -> bool:
    """Whether the password is the one whose hash is kept; takes the same time either way."""
    return hmac.compare_digest(hash_of(password), credential_hash)
