"""How is a backup encrypted, so that only the printed key opens it? With age (age-encryption.org/v1), by pyrage."""

import gzip
import os
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Final

import pyrage

_COMPRESSION: Final = 3


class WrongKey(Exception):
    """The key opens other backups, or is none."""


class DamagedBackup(Exception):
    """A file is cut off or was altered."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A new key: `secret` is printed and kept nowhere, `recipient` encrypts and opens nothing."""

    secret: str
    recipient: str


def make_key() -> KeyPair:
    """An X25519 identity as age has them."""
    identity = pyrage.x25519.Identity.generate()
    return KeyPair(str(identity), str(identity.to_public()))


def seal_files(parts: Iterable[tuple[str, Path]], file: Path, recipient: str) -> None:
    """Write these files and folders, each under its name, into `file`, fsynced; nothing is left of one that failed.

    Raises OSError.
    """
    reading, writing = os.pipe()
    failed: list[OSError] = []
    is_whole = Event()

    def pack() -> None:
        try:
            with (
                os.fdopen(writing, "wb") as sink,
                gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=_COMPRESSION) as packed,
                tarfile.open(fileobj=packed, mode="w|") as archive,
            ):
                for name, path in parts:
                    archive.add(path, arcname=name)
            is_whole.set()
        except OSError as error:
            failed.append(error)

    unfinished = file.with_name(f".{file.name}.unfinished")
    packing = Thread(target=pack, name="pack")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as sealed:
            with os.fdopen(reading, "rb") as source:
                packing.start()
                pyrage.encrypt_io(source, sealed, [pyrage.x25519.Recipient.from_str(recipient)])
            packing.join()
            if not is_whole.is_set():
                raise failed[0] if failed else OSError(f"{file} could not be packed")
            sealed.flush()
            os.fsync(sealed.fileno())
        unfinished.rename(file)
        _sync_folder(file.parent)
    finally:
        if packing.ident is not None:
            packing.join()
        unfinished.unlink(missing_ok=True)


def open_files(file: Path, secret: str, folder: Path) -> None:
    """Unpack a sealed file into `folder`, for this account alone. Raises WrongKey, DamagedBackup, OSError."""
    identity = _read_key(secret)
    reading, writing = os.pipe()
    failed: list[Exception] = []
    is_whole = Event()

    def unpack() -> None:
        with os.fdopen(reading, "rb") as source:
            try:
                with tarfile.open(fileobj=source, mode="r|gz") as archive:
                    archive.extractall(folder, filter="data")
                is_whole.set()
            except (tarfile.TarError, EOFError, OSError) as error:
                failed.append(error)
            while source.read(1 << 20):  # so that whoever decrypts ends by itself
                pass

    unpacking = Thread(target=unpack, name="unpack")
    unpacking.start()
    try:
        with os.fdopen(writing, "wb") as sink, file.open("rb") as sealed:
            pyrage.decrypt_io(sealed, sink, [identity])
    except pyrage.DecryptError as error:
        raise _explain_failure(error) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise DamagedBackup(str(error)) from error  # pyrage's word for a part that is not as it was written
    finally:
        unpacking.join()
    if not is_whole.is_set():
        if failed and isinstance(failed[0], OSError) and not isinstance(failed[0], gzip.BadGzipFile):
            raise failed[0]
        raise DamagedBackup(str(failed[0]) if failed else "it could not be unpacked")
    for inner in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        inner.chmod(0o700)


def seal_bytes(content: bytes, file: Path, recipient: str) -> None:
    """Write compressed and encrypted bytes into `file`, fsynced."""
    sealed = pyrage.encrypt(gzip.compress(content, _COMPRESSION), [pyrage.x25519.Recipient.from_str(recipient)])
    unfinished = file.with_name(f".{file.name}.unfinished")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as writing:
        writing.write(sealed)
        writing.flush()
        os.fsync(writing.fileno())
    unfinished.rename(file)
    _sync_folder(file.parent)


def open_bytes(file: Path, secret: str) -> bytes:
    """What `seal_bytes` wrote. Raises WrongKey, DamagedBackup, OSError."""
    try:
        return gzip.decompress(pyrage.decrypt(file.read_bytes(), [_read_key(secret)]))
    except pyrage.DecryptError as error:
        raise _explain_failure(error) from error
    except (EOFError, gzip.BadGzipFile) as error:
        raise DamagedBackup(str(error)) from error


def _read_key(secret: str) -> pyrage.x25519.Identity:
    try:
        return pyrage.x25519.Identity.from_str(secret.strip())
    except pyrage.IdentityError as error:
        raise WrongKey("this is no key of a backup: it begins with AGE-SECRET-KEY-1") from error


def _explain_failure(error: Exception) -> WrongKey | DamagedBackup:
    return WrongKey(str(error)) if "matching keys" in str(error) else DamagedBackup(str(error))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
