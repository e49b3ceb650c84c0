"""Policies for tests over small data: the profiles are as they are, but smaller."""

from __future__ import annotations

from hypothesis import strategies as st

from beacon.model.profile import Profile
from beacon.model.query import Granularity
from beacon.policy.policy import OPEN, Policy
from beacon.policy.terms import DatasetTerms, Tier

KINDS = frozenset({"allele", "range", "filters", "documents", "individuals"})
PROFILES = (
    Profile(name="exact"),
    Profile(name="threshold", min_count=2, min_population_rows=2),
    Profile(name="rounded", min_count=2, round_to=3),
    Profile(name="noisy", min_count=2, round_to=2, noise_sd=1.5),
    Profile(name="pooled", cohort_named_from=3),
)


def tiered(
    granularity: Granularity, profiles: dict[str, Profile], *, queries: frozenset[str]
) -> Policy:
    """Return a policy of one tier, which everybody has."""
    tier = Tier(name="all", granularity=granularity, queries=queries, range_width=2000)
    return Policy(
        tiers=(tier,),
        datasets={
            name: DatasetTerms(id=name, access={"all": profile}, country="SE")
            for name, profile in profiles.items()
        },
        noise_key=b"a key for tests",
    )


def tiered_policies(*names: str) -> st.SearchStrategy[Policy]:
    """Draw policies under which some datasets are seen, in any profiles."""
    return st.builds(
        tiered,
        st.sampled_from(Granularity),
        st.dictionaries(st.sampled_from(names), st.sampled_from(PROFILES), min_size=1),
        queries=st.sampled_from([KINDS, frozenset({"allele"})]),
    )


def policies(*names: str) -> st.SearchStrategy[Policy]:
    """Draw policies, with tiers and without."""
    plain = [OPEN, *(Policy(granularity=g, individuals=False) for g in Granularity)]
    return st.sampled_from(plain) | tiered_policies(*names)
