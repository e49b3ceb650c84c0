"""What serving processes share of a user's visas: sealed, and whose turn it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """What is kept of one user.

    Attributes:
        sealed: the visas that were found last; ``None``: there were none yet.
        found: when that was, in seconds; likewise.
        again: when the issuer may be asked next.
        pause: seconds that it is left alone after its next failure.
        is_asked: whether somebody asks it now.
    """

    sealed: bytes | None = None
    found: float | None = None
    again: float = 0.0
    pause: float = 60.0
    is_asked: bool = False
