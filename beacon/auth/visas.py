"""Visas (GA4GH Passport 1.2): what trusted parties state of a user, each verified.

A visa that cannot be verified whole is left out, and so is one whose conditions are
not met by the others.
Its keys are those pinned for its issuer; another address in it is never asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from beacon.auth.claims import LEEWAY, check_header, is_moment, lifetime, name_in
from beacon.auth.compact import Compact, read_compact
from beacon.auth.conditions import are_met, read_conditions
from beacon.auth.doubts import Doubt
from beacon.auth.issuers import ALGORITHMS
from beacon.model.errors import NotIdentified
from beacon.model.requester import Visa

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from beacon.auth.conditions import Conditions

MOST: Final = 20
"""Visas of one user that are looked at."""
_LONGEST: Final = 1024
_LINKED: Final = "LinkedIdentities"
_MOST_LINKED: Final = 100

Identity = tuple[str, str]
"""A user, as one issuer calls it: ``iss`` and ``sub``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A visa, of whom it speaks, until when (with leeway), and beside which others."""

    visa: Visa
    identity: Identity
    ends: int
    conditions: Conditions | None = None


def place_of_keys(said: Compact, pinned: Mapping[str, str]) -> str:
    """Return where the keys of a visa's issuer are, as the operator said.

    Raises:
        NotIdentified: when its issuer is not trusted, or the visa names another
            place.
    """
    iss = said.claims.get("iss")
    place = pinned.get(iss) if isinstance(iss, str) else None
    if place is None:
        raise NotIdentified(Doubt.ISSUER)
    if said.header.get("jku", place) != place:
        raise NotIdentified(Doubt.KEY_PLACE)
    return place


def read_visa(text: str) -> tuple[Compact, str, str]:
    """Return what a visa says, the name of its key and how it was signed.

    Raises:
        NotIdentified: when it is none.
    """
    said = read_compact(text)
    kid, alg = check_header(said.header, ALGORITHMS)
    return said, kid, alg


def stated(said: Compact, now: float) -> Stated:
    """Return what a visa whose signature was verified states.

    Raises:
        NotIdentified: when it states nothing, or not now.
    """
    ends = lifetime(said.claims, now)
    iss, sub = name_in(said.claims, "iss"), name_in(said.claims, "sub")
    body = said.claims.get("ga4gh_visa_v1")
    if not isinstance(body, dict):
        raise NotIdentified(Doubt.VISA)
    conditions = body.get("conditions")
    asserted = body.get("asserted")
    if not is_moment(asserted) or asserted > now + LEEWAY:
        raise NotIdentified(Doubt.VISA)
    by = body.get("by")
    visa = Visa(
        type=_text(body, "type"),
        value=_text(body, "value"),
        source=_text(body, "source"),
        by=by if isinstance(by, str) else None,
        issuer=iss,
    )
    return Stated(
        visa=visa,
        identity=(iss, sub),
        ends=ends + LEEWAY,
        conditions=None if conditions is None else read_conditions(conditions),
    )


def _text(body: Mapping[str, object], name: str) -> str:
    text = body.get(name)
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST:
        raise NotIdentified(Doubt.VISA)
    return text


def own(found: Iterable[Stated], subject: str, believed: Iterable[str]) -> list[Stated]:
    """Return the visas that speak of a user, not of somebody else, and count.

    One with conditions counts where others without any meet them; it links nobody.

    Args:
        found: verified visas, of which none is over.
        subject: the user, as its issuer calls it.
        believed: issuers that call it so, too.
    """
    found = list(found)
    known: set[Identity] = {(iss, subject) for iss in believed}
    while (
        linked := {
            other
            for each in found
            if each.visa.type == _LINKED
            and each.conditions is None
            and each.identity in known
            for other in identities(each.visa.value)
        }
        - known
    ):
        known |= linked
    mine = [each for each in found if each.identity in known]
    plain = [each.visa for each in mine if each.conditions is None]
    return [
        each
        for each in mine
        if each.conditions is None or are_met(each.conditions, plain)
    ]


def identities(value: str) -> set[Identity]:
    """Return whom a ``LinkedIdentities`` lists: ``sub,iss;sub,iss`` in URI code."""
    pairs = [each.split(",") for each in value.split(";")[:_MOST_LINKED]]
    return {(unquote(p[1]), unquote(p[0])) for p in pairs if len(p) == 2}


def organisation_of(visas: Iterable[Visa]) -> str | None:
    """Return the one organisation that visas place a user in, if it is one.

    ``AffiliationAndRole`` is ``role@organisation``, split at the first ``@``; nobody
    belongs to one by own word.
    """
    mine = (v for v in visas if v.type == "AffiliationAndRole" and v.by != "self")
    stated = [v.value for v in mine]
    found = {value.partition("@")[2] for value in stated}
    return found.pop() or None if len(found) == 1 else None
