"""How is a file replaced so that only this account can read it, and nobody reads half of it?"""

import os
import secrets
from pathlib import Path


def replace_private(file: Path, text: str) -> None:
    """Write a file of mode 0600; its old content is replaced atomically. Raises OSError."""
    unfinished = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as writing:
        writing.write(text)
        writing.flush()
        os.fsync(writing.fileno())
    unfinished.rename(file)
