"""API keys for pipelines: ``gbk_<id>_<secret>``, of which only a digest is kept.

A key has an end, scopes, and the datasets and networks it is kept to.  Where keys
are kept is said by a protocol; a store fulfils it.
"""

from __future__ import annotations

import hmac
import re
import secrets
import string
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

from beacon.auth.doubts import Doubt
from beacon.auth.networks import is_within, networks
from beacon.model.api_key import ApiKey
from beacon.model.errors import NotIdentified, UsageError

if TYPE_CHECKING:
    from beacon.auth.networks import Address

PREFIX: Final = "gbk_"
SCOPES: Final = frozenset({"query", "batch", "annotate"})
"""Questions one by one; lists of variants; whole files."""
LONGEST_LIFE: Final = timedelta(days=180)
_LETTERS: Final = string.digits + string.ascii_letters
_ID, _SECRET = 8, 43
_KEY: Final = re.compile(rf"gbk_([0-9A-Za-z]{{{_ID}}})_([0-9A-Za-z]{{{_SECRET}}})")


class KeyStore(Protocol):
    """Wherever keys are kept."""

    async def api_key(self, key: str) -> ApiKey | None:
        """Return the key of a public id.

        Raises:
            StoreUnavailable: when that cannot be found out.
        """

    async def api_key_used(self, key: str, moment: datetime) -> None:
        """Note when a key was last used.

        Raises:
            StoreUnavailable: when it cannot be noted.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTerms:
    """What a new key is for; the fields are those of ``ApiKey``."""

    name: str
    life: timedelta
    scopes: frozenset[str]
    datasets: frozenset[str] | None = None
    networks: tuple[str, ...] = ()
    organisation: str | None = None
    roles: frozenset[str] = frozenset()
    purpose: str | None = None


def make_key(terms: KeyTerms, pepper: bytes, now: datetime) -> tuple[ApiKey, str]:
    """Return a new key as it is kept, and as its owner is told it, once.

    Raises:
        UsageError: for terms that no key may have.
    """
    unknown = terms.scopes - SCOPES
    if unknown or not terms.scopes:
        known = ", ".join(sorted(SCOPES))
        named = ", ".join(sorted(unknown)) or "none"
        message = f"a key has at least one scope of {known}, and not {named}"
        raise UsageError(message)
    if not timedelta() < terms.life <= LONGEST_LIFE:
        message = f"a key lives for 1 to {LONGEST_LIFE.days} days"
        raise UsageError(message)
    try:
        networks(terms.networks)
    except ValueError as failure:
        message = f"a key is kept to networks as in 10.1.0.0/16: {failure}"
        raise UsageError(message) from failure
    public = _drawn(_ID)
    text = f"{PREFIX}{public}_{_drawn(_SECRET)}"
    made = ApiKey(
        id=public,
        digest=digest(text, pepper),
        name=terms.name,
        scopes=terms.scopes,
        created=now,
        expires=now + terms.life,
        datasets=terms.datasets,
        networks=terms.networks,
        organisation=terms.organisation,
        roles=terms.roles,
        purpose=terms.purpose,
    )
    return made, text


def _drawn(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def digest(text: str, pepper: bytes) -> bytes:
    """Return what is kept of a key instead of the key."""
    return hmac.digest(pepper, text.encode(), "sha256")


def public_id(text: str) -> str:
    """Return the public part of a key.

    Raises:
        NotIdentified: when it is none.
    """
    found = _KEY.fullmatch(text)
    if found is None:
        raise NotIdentified(Doubt.MALFORMED)
    return found[1]


def check_key(
    kept: ApiKey | None, text: str, pepper: bytes, now: float, client: Address | None
) -> ApiKey:
    """Return a key that is what it says it is, and holds now, for this client.

    Raises:
        NotIdentified: when it does not.
    """
    given = digest(text, pepper)  # even for none, so that both take as long
    if kept is None or not hmac.compare_digest(given, kept.digest):
        raise NotIdentified(Doubt.UNKNOWN_KEY)
    if kept.revoked is not None:
        raise NotIdentified(Doubt.REVOKED)
    if datetime.fromtimestamp(now, UTC) >= kept.expires:
        raise NotIdentified(Doubt.EXPIRED)
    if kept.networks and not is_within(client, networks(kept.networks)):
        raise NotIdentified(Doubt.NETWORK)
    return kept
