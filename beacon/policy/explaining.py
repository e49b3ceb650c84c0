"""What a policy says to whom, in sentences that need no knowledge of it.  Pure.

They are made of the same values that answers are judged by, and by the same
functions: what is explained is what happens.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from beacon.policy.asking import KINDS, asked_of, widest, worded
from beacon.policy.policy import may_speak, permit
from beacon.policy.tiers import GRANTS, demands, has, has_standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beacon.model.dataset import Dataset
    from beacon.model.disclosure import Permit
    from beacon.model.profile import Profile
    from beacon.model.requester import Requester
    from beacon.policy.policy import Policy
    from beacon.policy.terms import DatasetTerms, Tier


def explained(
    policy: Policy, requester: Requester, datasets: Sequence[Dataset]
) -> Iterator[str]:
    """Yield what a requester may learn, a sentence or a few for each dataset.

    Args:
        policy: in force.
        requester: who would ask.
        datasets: that are explained.
    """
    yield from _opening(policy, requester)
    for dataset in datasets:
        granted = permit(policy, requester, dataset)
        if granted is None:
            yield f"{dataset.id}: it does not exist for this requester. " + " ".join(
                _why_not(policy, requester, dataset)
            )
        else:
            yield f"{dataset.id}: {' '.join(_told(granted, policy))}"


def _opening(policy: Policy, requester: Requester) -> Iterator[str]:
    if policy.tiers is None:
        yield "There is no policy file: every dataset speaks to everybody alike."
        return
    yield f"Policy {policy.id}, SHA-256 {policy.digest}."
    held = [tier.name for tier in policy.tiers if has_standing(tier, requester)]
    who = "An anonymous requester" if requester.subject is None else "This requester"
    yield f"{who} meets the demands of {_listed(held) or 'no tier'}."
    for tier in policy.tiers:
        asked = list(demands(tier))
        yield f"Tier {tier.name} demands {_listed(asked) or 'nothing'}."


def _told(granted: Permit, policy: Policy) -> Iterator[str]:
    if granted.tier is not None and granted.profile is not None:
        yield f"It speaks as to tier {granted.tier}, in profile {granted.profile.name}."
    allowed = [kind for kind in KINDS if kind in asked_of(granted)]
    words = [worded(kind, widest(granted)) for kind in allowed]
    yield f"It may be asked for {_listed(words) or 'nothing'}."
    yield f"Answers are {granted.granularity.word} at most."
    profile = granted.profile
    if profile is not None:
        yield from _of_profile(profile, granted)
        if profile.min_dataset > 0:
            yield f"It is shown while it has at least {profile.min_dataset:,} people."
    if profile is None or not (profile.rows_from > 1 or profile.is_adjusted):
        yield "Nothing is hidden, and counts are exact."
    if not granted.frequency:
        yield "No AN and no frequency is told."
    terms = policy.datasets.get(granted.dataset)
    if terms is not None and terms.legal_basis:
        yield f"Legal basis: {terms.legal_basis}."


def _of_profile(profile: Profile, granted: Permit) -> Iterator[str]:
    if profile.min_count > 1:
        yield (
            f"An allele counted fewer than {profile.min_count} times is withheld, and"
            " so is one that nobody carries: both answers are the same."
        )
    if profile.cohort_named_from > 1:
        yield (
            f"A count below {profile.cohort_named_from} is not told under its name;"
            f" {_pool_of(granted)}."
        )
    if profile.noise_sd > 0:
        yield (
            f"Noise of a standard deviation of {profile.noise_sd:g} is on each count,"
            " the same whenever it is asked for in one release."
        )
    if profile.round_to > 1:
        yield f"Counts are rounded to {profile.round_to}."
    if profile.rows_from > 1 and profile.noise_sd <= 0:
        yield (
            "Populations and sexes are told where every group has at least"
            f" {profile.rows_from} copies, and people who belong to none, too."
        )
    if profile.ledger is not None:
        terms = profile.ledger
        yield (
            f"Answers about few people are charged, so that nobody comes to believe"
            f" with more than {terms.ppv_max:.0%} that somebody is in it."
        )


def _pool_of(granted: Permit) -> str:
    if granted.country is None:
        return "it has no country, so that it is withheld"
    alone = "" if granted.pools_alone else ", where two datasets or more are pooled"
    return f"it is told for {granted.country} as a whole{alone}"


def _why_not(policy: Policy, requester: Requester, dataset: Dataset) -> Iterator[str]:
    """Yield what keeps a requester from seeing a dataset."""
    if requester.only is not None and dataset.id not in requester.only:
        yield "Its key is for other datasets."
        return
    terms = policy.datasets.get(dataset.id)
    if terms is None or not terms.access:
        yield "The policy does not list it for anybody."
        return
    for tier in policy.tiers or ():
        if tier.name not in terms.access:
            continue
        if has(tier, requester, terms):
            yield from _unable(terms.access[tier.name], dataset, terms)
        else:
            asked = _listed([*demands(tier)])
            yield f"Tier {tier.name} demands {asked}{_grant(tier, terms)}."


def _grant(tier: Tier, terms: DatasetTerms) -> str:
    """Return which grant a tier must be shown, if any."""
    if GRANTS not in tier.visas:
        return ""
    wanted = terms.id if terms.grant is None else terms.grant
    source = "" if terms.source is None else f" from {terms.source}"
    return f" (a grant is of {wanted}{source})"


def _unable(profile: Profile, dataset: Dataset, terms: DatasetTerms) -> Iterator[str]:
    """Yield what keeps a dataset from speaking in a profile."""
    free = replace(profile, ledger=None)
    if not may_speak(free, dataset, terms.people):
        yield f"It has fewer than {profile.min_dataset:,} people, as far as is known."
    elif not may_speak(profile, dataset, terms.people):
        yield "It does not know whom its counts are of, so nobody can be left out."


def _listed(words: Sequence[str]) -> str:
    *head, last = words or [""]
    return f"{', '.join(head)} and {last}" if head else last
