"""People and what they carry: a seeded cohort, and strangers to compare it with.

Sites are independent.  Two kinds are drawn: the rarest of each victim's genome, and
pools of sites at one frequency, where an attack on thresholds is strongest; of the
pools everybody has a share.  The same plan gives the same people.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from beacon.attacking.spectrum import rarest

if TYPE_CHECKING:
    import numpy.typing as npt

    Booleans = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.int64]
    Frequencies = npt.NDArray[np.float64]

ASSEMBLY, CONTIG, LENGTH = "GRCh37", "1", 249_250_621
FIRST = 10_000_000
"""Where the first site is: all places that are asked for have eight digits."""
_APART = 37
"""Bases between sites."""
MISSED = 0.005
"""Share of carried alleles that no call was made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Sites at one frequency.

    Attributes:
        sites: how many.
        frequency: of their alleles, in the population.
    """

    sites: int
    frequency: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a cohort is drawn by.

    Attributes:
        people: in the dataset.
        members: of them, victims whose genome the attacker holds.
        strangers: victims who are not in it.
        calibrators: more of these, whom thresholds are set by.
        rare: the rarest variants of each victim that are drawn.
        newcomers: victims who join with the next release.
        pools: of sites that everybody has a share of.
    """

    people: int = 1_000
    members: int = 200
    strangers: int = 200
    calibrators: int = 400
    newcomers: int = 0
    rare: int = 30
    pools: tuple[Pool, ...] = ()
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Everybody, and every site.

    Attributes:
        frequency: of each site, in the population, as references tell.
        position: of each site, 1-based.
        site: of each allele that is called, with ``copy``, ascending.
        copy: the chromosome that carries it; person ``copy // 2``.
        uncalled: the same of alleles that no call was made of, as site and copy.
        victims: sites that each victim carries: first the members (people 0, 1, …),
            then strangers, calibrators and newcomers.
    """

    plan: Plan
    frequency: Frequencies
    position: Numbers
    site: Numbers
    copy: Numbers
    uncalled: tuple[Numbers, Numbers]
    victims: tuple[Numbers, ...]

    @property
    def members(self) -> tuple[Numbers, ...]:
        """What the victims carry who are in the dataset."""
        return self.victims[: self.plan.members]

    @property
    def strangers(self) -> tuple[Numbers, ...]:
        """What those carry who are not."""
        first = self.plan.members
        return self.victims[first : first + self.plan.strangers]

    @property
    def calibrators(self) -> tuple[Numbers, ...]:
        """What those carry by whom thresholds are set; they are not in it, either."""
        first = self.plan.members + self.plan.strangers
        return self.victims[first : first + self.plan.calibrators]

    @property
    def newcomers(self) -> tuple[Numbers, ...]:
        """What those carry who join with the next release."""
        return self.victims[len(self.victims) - self.plan.newcomers :]

    def counts(self, people: int | None = None) -> Numbers:
        """Return the allele count of each site among the first people."""
        most = 2 * (self.plan.people if people is None else people)
        return np.bincount(self.site[self.copy < most], minlength=len(self.frequency))

    def spelled(self, site: int) -> str:
        """Return the allele of a site as it is asked for."""
        return f"{CONTIG}-{self.position[site]}-A-G"


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Alleles of some sites: of the dataset, and of victims who are not in it."""

    frequency: Frequencies
    site: Numbers
    copy: Numbers


def draw(plan: Plan) -> Cohort:
    """Return the cohort of a plan."""
    rng = np.random.default_rng(plan.seed)
    parts = [_pool(rng, plan, pool) for pool in plan.pools] + [_private(rng, plan)]
    frequency = np.concatenate([part.frequency for part in parts])
    offsets = np.cumsum([0, *(len(part.frequency) for part in parts)])
    site = np.concatenate([p.site + o for p, o in zip(parts, offsets, strict=False)])
    copy = np.concatenate([part.copy for part in parts])
    order = np.lexsort((copy, site))
    site, copy = site[order], copy[order]
    # Newcomers follow the dataset's people; strangers and calibrators follow them.
    is_loaded = copy < 2 * (plan.people + plan.newcomers)
    is_missed = is_loaded & _missed(rng, site, copy // 2)
    is_called = is_loaded & ~is_missed
    places = FIRST + _APART * rng.permutation(len(frequency))
    return Cohort(
        plan=plan,
        frequency=frequency,
        position=places,
        site=site[is_called],
        copy=copy[is_called],
        uncalled=(site[is_missed], copy[is_missed]),
        victims=_carried(plan, site, copy),
    )


def _missed(rng: np.random.Generator, site: Numbers, person: Numbers) -> Booleans:
    """Return which alleles no call was made of; a genotype is called as a whole."""
    _, genotype = np.unique(site * (person.max() + 1) + person, return_inverse=True)
    return np.asarray(rng.random(len(site))[genotype] < MISSED)


def with_children(cohort: Cohort, seed: int = 1) -> Cohort:
    """Return the cohort with a child of each victim as the one whose genome is held.

    Of each pair of rare variants, one of the victim and one of the other parent, who
    is in no dataset, the child has one.  Only members, strangers and calibrators have
    children; pools are left out.
    """
    plan = cohort.plan
    rng = np.random.default_rng(seed)
    pooled = sum(pool.sites for pool in plan.pools)
    parents = [each[each >= pooled] for each in cohort.victims]
    partners = parents[plan.members + plan.strangers :]
    children = []
    for number, own in enumerate(parents):
        other = partners[(number + 1) % len(partners)]
        pairs = min(len(own), len(other))
        is_own = rng.random(pairs) < 1 / 2
        children.append(np.where(is_own, own[:pairs], other[:pairs]))
    return replace(cohort, victims=tuple(children))


def _everybody(plan: Plan) -> int:
    """Return how many people are drawn; loaded ones come first."""
    outside = plan.strangers + plan.calibrators
    return plan.people + plan.newcomers + outside


def _victims(plan: Plan) -> Numbers:
    """Return the number of each victim among everybody, in their order."""
    joined = plan.people + plan.newcomers
    return np.concatenate(
        [
            np.arange(plan.members),
            np.arange(joined, _everybody(plan)),
            np.arange(plan.people, joined),
        ]
    )


def _pool(rng: np.random.Generator, plan: Plan, pool: Pool) -> _Drawn:
    """Return a pool's alleles: one long row of trials, told by the gaps between."""
    copies = 2 * _everybody(plan)
    trials = copies * pool.sites
    hits = np.empty(0, dtype=np.int64)
    last = -1
    while last < trials:
        gaps = rng.geometric(pool.frequency, size=int(trials * pool.frequency) + 100)
        more = last + np.cumsum(gaps)
        hits = np.concatenate([hits, more])
        last = int(more[-1])
    hits = hits[hits < trials]
    frequency = np.full(pool.sites, pool.frequency)
    return _Drawn(frequency, hits // copies, hits % copies)


def _private(rng: np.random.Generator, plan: Plan) -> _Drawn:
    """Return the rarest sites of each victim, and who else has them."""
    victims = _victims(plan)
    frequency = np.concatenate(
        [np.empty(0), *(rarest(rng, plan.rare) for _ in victims)]
    )
    own = np.repeat(2 * victims, plan.rare)
    sites = np.arange(len(frequency))
    loaded = 2 * (plan.people + plan.newcomers)
    # Of the victim's two copies the first carries it; any other copy may as well.
    others = rng.binomial(loaded - (own < loaded), frequency)
    site = np.repeat(sites, others)
    copy = rng.integers(0, loaded, size=len(site))
    is_other = copy != own[site]
    pairs = np.unique(np.stack([site[is_other], copy[is_other]]), axis=1)
    return _Drawn(
        frequency,
        np.concatenate([sites, pairs[0]]),
        np.concatenate([own, pairs[1]]),
    )


def _carried(plan: Plan, site: Numbers, copy: Numbers) -> tuple[Numbers, ...]:
    """Return the sites that each victim carries, ascending."""
    person = copy // 2
    order = np.lexsort((site, person))
    person, site = person[order], site[order]
    victims = _victims(plan)
    starts = np.searchsorted(person, victims)
    ends = np.searchsorted(person, victims, side="right")
    return tuple(
        np.unique(site[first:last]) for first, last in zip(starts, ends, strict=True)
    )
