"""Times and forms of answers are compared as an attacker would compare them."""

from __future__ import annotations

import numpy as np
from attacked import DATASET

from beacon.attacking.asking import ANYBODY
from beacon.attacking.crosstalk import Question, mix
from beacon.attacking.timing import Timed, compare


def spelled(cohort, sites):
    """Return alleles of a cohort as they are asked for."""
    return [cohort.spelled(int(site)) for site in sites]


def test_an_open_beacon_says_seen_and_not_seen_differently(cohort, undefended) -> None:
    """The control: forms of answers differ where there is something to tell."""
    counts = cohort.counts()
    seen, unseen = np.flatnonzero(counts == 1), np.flatnonzero(counts == 0)
    number = min(len(seen), len(unseen), 100)
    timed = compare(
        undefended.address,
        spelled(cohort, seen[:number]),
        spelled(cohort, unseen[:number]),
    )

    assert number == 100
    assert timed.statuses == {200}
    assert len(timed.forms) > 1
    assert len(timed.sizes) > 1


def test_the_same_kind_has_one_form(cohort, undefended) -> None:
    """Two halves of what was not seen differ in nothing but the place."""
    unseen = np.flatnonzero(cohort.counts() == 0)[:200]
    timed = compare(
        undefended.address,
        spelled(cohort, unseen[:100]),
        spelled(cohort, unseen[100:]),
        granularity="boolean",
    )

    assert len(timed.forms) == 1
    assert len(timed.first) == len(timed.second) == 90


def test_a_slower_kind_is_found() -> None:
    """A fifth of a deviation is told apart in 5,000 pairs, nothing in none."""
    rng = np.random.default_rng(8)
    same = rng.exponential(size=5_000)
    nothing = frozenset()
    slower = Timed(
        first=same, second=same + 0.2, forms=nothing, sizes=nothing, statuses=nothing
    )

    assert slower.p < 0.01
    assert slower.difference > 0.1
    assert slower.accuracy() > 0.55


async def test_answers_are_those_of_their_questions(cohort, undefended) -> None:
    """B5 on an open server: 200 at once, three rounds, each its own answer."""
    sites = np.argsort(-cohort.counts())[:120:3]
    questions = [
        Question(account=ANYBODY, method="GET", path=path_of(cohort, int(site), said))
        for site in sites
        for said in ("boolean", "count", "record")
    ]
    mixed = await mix(undefended.address, questions, at_once=200, rounds=3)

    assert mixed.differing == {}
    assert mixed.statuses == {200: 600}
    assert mixed.kinds > 100


def path_of(cohort, site, granularity):
    """Return the question for one allele in some detail."""
    return (
        f"/api/g_variants?assemblyId=GRCh37&referenceName=1&referenceBases=A"
        f"&start={cohort.position[site] - 1}&alternateBases=G&datasets={DATASET}"
        f"&requestedGranularity={granularity}"
    )
