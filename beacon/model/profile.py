"""How exactly a dataset speaks to a requester: the numbers that rules go by.

Frozen values that a permit carries; ``policy.rules`` applies them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class PolicyName(NamedTuple):
    """By what a policy is known: its id, and the SHA-256 of its file."""

    id: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTerms:
    """How much may be learnt about one person (the log-likelihood ledger).

    Attributes:
        ppv_max: the most a requester may come to believe that somebody is in it.
        population: people of whom any might be.
        first_hit_always: whether a first answer on a person always fits.
        cap_carriers: alleles of more carriers are not charged.
        ttl_days: after which a charge is forgotten.
        org_extra_nats: how much more an organisation has than a user.
        user_rare_hits: rare answers on one person to one user that raise an alarm.
        org_rare_hits: the same, to all of one organisation.
        window_days: within which.
    """

    ppv_max: float = 0.10
    population: int = 6_000_000
    first_hit_always: bool = True
    cap_carriers: int = 50
    ttl_days: int = 365
    org_extra_nats: float = 1.5
    user_rare_hits: int = 2
    org_rare_hits: int = 3
    window_days: int = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How exactly a dataset speaks.

    Attributes:
        name: in the policy.
        min_count: smaller allele and variant counts are hidden, and zero with them.
        round_to: shown counts are rounded to a multiple of it.
        noise_sd: of the keyed noise on shown counts, the same whenever asked again.
        min_population_rows: smaller counts of a group are hidden.
        min_dataset: people a dataset must have to be shown at all.
        cohort_named_from: smaller counts are shown for the country, not the dataset.
        ledger: what is charged for answers about few people.
    """

    name: str
    min_count: int = 1
    round_to: int = 1
    noise_sd: float = 0.0
    min_population_rows: int = 1
    min_dataset: int = 0
    cohort_named_from: int = 1
    ledger: LedgerTerms | None = None

    @property
    def may_hide(self) -> bool:
        """Whether an allele that is there may be left unsaid."""
        return self.min_count > 1 or self.noise_sd > 0 or self.cohort_named_from > 1

    @property
    def named_from(self) -> int:
        """The smallest count that the dataset says under its own name."""
        return max(self.min_count, self.cohort_named_from)

    @property
    def rows_from(self) -> int:
        """The smallest count of a group of people that is shown."""
        return max(self.min_population_rows, self.named_from)

    @property
    def is_adjusted(self) -> bool:
        """Whether shown counts are not those of the people."""
        return self.round_to > 1 or self.noise_sd > 0

    @property
    def needs_more(self) -> bool:
        """Whether what is said follows from more than the dataset's own counts.

        That is the allele itself (noise), other datasets (a pool), or a ledger.
        """
        is_joint = self.noise_sd > 0 or self.cohort_named_from > 1
        return is_joint or self.ledger is not None
