"""The terms a policy is written in: tiers, budgets, and what each dataset allows.

Frozen values only; profiles are the model's, as permits carry them.  They are read
from a file by the roof and judged by ``policy.policy``; nothing is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.profile import Profile
    from beacon.model.query import Granularity

CARE = "care"
"""The kind of datasets whose people are patients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How many distinct variants may be asked about; repeating one is free.

    Attributes:
        scope: who shares it: ``user`` or ``client_net``.
        per_day: in a day (UTC); ``None``: no limit.
        per_30d: in a period of 30 days; likewise.
        org_per_day: of all users of one organisation together, in a day.
    """

    scope: str = "user"
    per_day: int | None = None
    per_30d: int | None = None
    org_per_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A standing that requesters may have; a later one of a policy stands higher.

    Attributes:
        granularity: the most that is said to it.
        queries: kinds of questions it may ask: ``allele``, ``range``, ``filters``,
            ``documents``, ``individuals``.
        range_width: widest range, in bases; ``None``: any.
        visas: types of visas it takes, all of them.
        roles: any one of which it takes; empty: none is needed.
        purpose: that it takes.
        acr: values of which it takes any; empty: none is needed.
        organisations: any one of which it takes; empty: none is needed.
        budget: how much it may ask.
    """

    name: str
    granularity: Granularity
    queries: frozenset[str] = frozenset({"allele"})
    range_width: int | None = None
    visas: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    purpose: str | None = None
    acr: frozenset[str] = frozenset()
    organisations: frozenset[str] = frozenset()
    budget: Budget | None = None

    @property
    def is_public(self) -> bool:
        """Whether everybody has it, as it demands nothing."""
        asks = (self.visas, self.roles, self.purpose, self.acr, self.organisations)
        return not any(asks)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetTerms:
    """What one dataset allows.

    Attributes:
        access: by tier, the profile it speaks in; other tiers do not see it.
        kind: ``care`` or ``reference``.
        grant: the ``ControlledAccessGrants`` value that a tier with such visas must
            hold; ``None``: the dataset's id.
        source: who must have granted it; ``None``: any trusted party.
        country: where counts are pooled to.
        frequency: whether its AN may be divided by.
        people: how many it is of, where that is not counted (only sums are kept).
        legal_basis: on which exact small counts of care data may be said.
    """

    id: str
    access: Mapping[str, Profile] = field(default_factory=dict)
    kind: str = "reference"
    grant: str | None = None
    source: str | None = None
    country: str | None = None
    frequency: bool = True
    people: int | None = None
    legal_basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseTerms:
    """How releases of datasets may follow each other.

    Attributes:
        min_new_people: fewer may not make a release of their own.
        opt_out_hours: within which a withdrawal must be carried out.
    """

    min_new_people: int = 100
    opt_out_hours: int = 24
