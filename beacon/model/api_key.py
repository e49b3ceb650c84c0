"""What is kept of an API key: never the key, and no more than its terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is kept of a key.

    Attributes:
        id: its public part.
        digest: of the whole key, under the pepper of this beacon.
        name: what its owner calls it, for people.
        scopes: what it may be used for.
        datasets: it is kept to; ``None``: all that the policy shows it.
        networks: it may come from; empty: any.
        organisation: whose it is.
        roles: that it has, as the policy calls them.
        purpose: what it asks for.
        expires: from when it is worth nothing.
        revoked: since when it is worth nothing.
        used: when it was last used, to the hour.
    """

    id: str
    digest: bytes
    name: str
    scopes: frozenset[str]
    created: datetime
    expires: datetime
    datasets: frozenset[str] | None = None
    networks: tuple[str, ...] = ()
    organisation: str | None = None
    roles: frozenset[str] = frozenset()
    purpose: str | None = None
    revoked: datetime | None = None
    used: datetime | None = None
