"""The one secret of a beacon, and the keys that are derived from it.

One file holds it, readable by its owner only; every purpose has a key of its own,
so that what leaks of one tells nothing of another.  No secret is ever logged.
"""

from __future__ import annotations

import hmac
import os
import secrets
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from beacon.model.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_SIZE: Final = 32
"""Bytes of a secret that is made here, and the fewest of any."""
_LARGEST: Final = 4096
_OTHERS: Final = 0o077
_HASH: Final = "sha256"


class Purpose(StrEnum):
    """What a derived key is for."""

    SUBJECTS = "subjects"
    API_KEYS = "api-keys"
    NOISE = "noise"
    AUDIT = "audit"
    LEDGER = "ledger"
    PASSPORTS = "passports"
    SESSIONS = "sessions"
    LOGINS = "logins"


def derive(master: bytes, purpose: Purpose) -> bytes:
    """Return the key of 32 bytes for a purpose (HKDF-SHA-256, RFC 5869).

    The salt names this use of the secret, the info its purpose.
    """
    extracted = hmac.digest(b"nordic-beacon", master, _HASH)
    return hmac.digest(extracted, purpose.encode() + b"\x01", _HASH)


def read_secret(path: Path) -> bytes:
    """Return the secret of a file; absent, one is made there.

    Processes that start together all read the same one.

    Raises:
        UsageError: when it cannot be read or made, others than its owner may read
            it, or it is too short to be one.
    """
    try:
        if not path.exists():
            _make(path)
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            secret = file.read(_LARGEST).strip()
    except OSError as failure:
        message = f"{path}: the secret cannot be read or made ({failure.strerror})"
        raise UsageError(message) from failure
    if mode & _OTHERS:
        message = f"{path}: others can read this secret; make it yours alone (0600)"
        raise UsageError(message)
    if len(secret) < _SIZE:
        message = f"{path}: a secret has at least {_SIZE} bytes"
        raise UsageError(message)
    return secret


def read_client_secret(path: Path) -> str:
    """Return the secret that an issuer has given this beacon.

    Raises:
        UsageError: when it cannot be read, others may read it, or there is none.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            secret = file.read(_LARGEST).decode().strip()
    except (OSError, ValueError) as failure:
        message = f"{path}: the secret of a client cannot be read"
        raise UsageError(message) from failure
    if mode & _OTHERS:
        message = f"{path}: others can read this secret; make it yours alone (0600)"
        raise UsageError(message)
    if not secret:
        message = f"{path}: there is no secret in it"
        raise UsageError(message)
    return secret


def _make(path: Path) -> None:
    """Make a secret, whole or not at all; one that came meanwhile stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with os.fdopen(os.open(made, flags, 0o600), "wb") as file:
            file.write(secrets.token_hex(_SIZE).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(made, path)
    finally:
        made.unlink(missing_ok=True)
