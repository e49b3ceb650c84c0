"""Tiers: which of them a requester has, by what was proven of it.

A tier is had by whoever meets every demand it makes; one that makes none is
everybody's.  What a dataset adds is the grant it must be shown, no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beacon.model.requester import Requester, Visa
    from beacon.policy.terms import DatasetTerms, Tier

GRANTS = "ControlledAccessGrants"
"""The one type of visa whose value names a dataset."""
REGISTERED_ACCESS = "https://doi.org/10.1038/s41431-018-0219-y"
"""What the visas of registered access state (GA4GH Passport 1.2), both of them."""
_OF_REGISTERED_ACCESS = frozenset({"ResearcherStatus", "AcceptedTermsAndPolicies"})


def has(tier: Tier, requester: Requester, terms: DatasetTerms) -> bool:
    """Whether a requester has a tier towards a dataset."""
    if not has_standing(tier, requester):
        return False
    if GRANTS not in tier.visas:
        return True
    wanted = terms.id if terms.grant is None else terms.grant
    return any(
        visa.type == GRANTS
        and visa.value == wanted
        and terms.source in (None, visa.source)
        for visa in requester.visas
    )


def has_standing(tier: Tier, requester: Requester) -> bool:
    """Whether a requester meets all that a tier demands, whatever the dataset."""
    held = {visa.type for visa in requester.visas if _counts(visa)}
    return (
        tier.visas <= held
        and (not tier.roles or not tier.roles.isdisjoint(requester.roles))
        and tier.purpose in (None, requester.purpose)
        and (not tier.acr or requester.acr in tier.acr)
        and (not tier.organisations or requester.organisation in tier.organisations)
    )


def _counts(visa: Visa) -> bool:
    """Whether a visa states what its type is asked for; nobody is one by own word."""
    if visa.type == "ResearcherStatus" and visa.by == "self":
        return False
    return visa.type not in _OF_REGISTERED_ACCESS or visa.value == REGISTERED_ACCESS


def listed(tiers: Sequence[Tier], requester: Requester) -> str | None:
    """Return a requester's organisation where any tier takes it."""
    mine = requester.organisation
    is_listed = mine is not None and any(mine in tier.organisations for tier in tiers)
    return mine if is_listed else None


def highest(tiers: Sequence[Tier], requester: Requester) -> Tier | None:
    """Return the highest tier that a requester meets the demands of, if any."""
    met = (tier for tier in reversed(tiers) if has_standing(tier, requester))
    return next(met, None)


def demands(tier: Tier) -> Iterator[str]:
    """Yield what a tier demands, each in some words."""
    for visa in sorted(tier.visas):
        yield f"a visa of type {visa}"
    if tier.roles:
        yield f"the role {' or '.join(sorted(tier.roles))}"
    if tier.purpose is not None:
        yield f"the purpose {tier.purpose}"
    if tier.acr:
        yield f"a login by {' or '.join(sorted(tier.acr))}"
    if tier.organisations:
        yield f"the organisation {' or '.join(sorted(tier.organisations))}"
