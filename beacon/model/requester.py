"""Who asks.  A frozen value handed down with the question.

It holds what was proven (by a token, a visa or a key), never the proof itself, and
no name: a subject is a pseudonym.  What follows from it is the policy's to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_THIS_MACHINE: Final = ("127.", "::/")
"""How the networks of loopback addresses begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visa:
    """One verified statement of a trusted party (GA4GH Passport 1.2, visa object).

    Attributes:
        type: ``ControlledAccessGrants``, ``ResearcherStatus``, …
        value: what is stated, compared as a whole and case-sensitively.
        source: the organisation that states it.
        by: its level (``self``, ``peer``, ``system``, ``so``, ``dac``).
        issuer: who signed it.
    """

    type: str
    value: str
    source: str
    by: str | None = None
    issuer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """The party a question comes from.

    Attributes:
        subject: stable pseudonym of the party; ``None`` for an anonymous one.
        is_operator: asks on the local store, from the command line.
        issuer: name of the policy's issuer that vouches for it.
        organisation: that it belongs to, where that is known.
        roles: by its issuer's role map, or of an API key.
        visas: verified, unexpired, and its own.
        acr: how it was authenticated, as its issuer says.
        purpose: what it asks for (``care``, ``research``, …), as its token says.
        key: public id of the API key it came with.
        scopes: what that key may be used for; ``None``: it came with no key.
        only: datasets it is kept to; ``None``: all that the policy shows it.
        network: of an anonymous client, its /24 or /48, for budgets alone.
    """

    subject: str | None = None
    is_operator: bool = False
    issuer: str | None = None
    organisation: str | None = None
    roles: frozenset[str] = frozenset()
    visas: frozenset[Visa] = frozenset()
    acr: str | None = None
    purpose: str | None = None
    key: str | None = None
    scopes: frozenset[str] | None = None
    only: frozenset[str] | None = None
    network: str | None = None

    @property
    def party(self) -> str | None:
        """What tells it from others; ``None``: nothing does.

        Who asks from this machine may be anybody behind a proxy of which we are not
        told, and the operator stands in nobody's way.
        """
        if self.is_operator:
            return None
        if self.subject is not None:
            return f"subject:{self.issuer or ''}:{self.subject}"
        if self.network is None or self.network.startswith(_THIS_MACHINE):
            return None
        return f"network:{self.network}"


ANONYMOUS = Requester()
OPERATOR = Requester(subject="operator", is_operator=True)
