"""Exact tables give people away: without a policy each of these attacks works."""

from __future__ import annotations

import numpy as np
import pytest
from attacked import DATASET, load

from beacon.attacking.asking import Asker
from beacon.attacking.cohort import FIRST, Plan, Pool, draw
from beacon.attacking.files import person
from beacon.attacking.tables import (
    by_frequencies,
    by_leaving_out,
    by_ranges,
    by_releases,
    derived,
    groups_of,
)
from beacon.attacking.verdict import area, power
from tests.served import served

WINDOW = 20_000


async def said_of_all(cohort, site):
    """Return what is said of every site of a cohort."""
    variants = [cohort.spelled(number) for number in range(len(cohort.frequency))]
    async with Asker(site.address, DATASET) as asker:
        return await asker.ask(variants)


async def test_frequencies_of_many_sites_find_members(cohort, undefended) -> None:
    """A table of 2,500 sites of 1,000 people finds some 47 % of them at 5 %.

    That is what theory says: sqrt(2500/1000) deviations lie between the two.
    """
    pool = cohort.plan.pools[0].sites
    said = (await said_of_all(cohort, undefended))[:pool]
    frequencies = cohort.frequency[:pool]

    def scores(people):
        own = [carried[carried < pool] for carried in people]
        return by_frequencies(said, frequencies, cohort.plan.people, own)

    at = power(
        scores(cohort.members),
        scores(cohort.strangers),
        scores(cohort.calibrators),
        0.05,
    )

    assert at.power.low < 0.47 < at.power.high
    assert at.power.low > 0.2


async def test_two_releases_give_a_newcomer_away(
    shared_address, tmp_path_factory
) -> None:
    """The difference between two releases is the genome of whoever joined."""
    plan = Plan(
        people=300, members=1, strangers=30, calibrators=0, newcomers=1, rare=20
    )
    joining = draw(plan)
    address = shared_address("joining")
    folder = tmp_path_factory.mktemp("joining")
    answers = []
    for people in (plan.people, plan.people + 1):
        load(joining, address, folder, people)
        with served(address) as site:
            answers.append(await said_of_all(joining, site))
    before, after = answers
    newcomer = by_releases(before, after, 0, joining.newcomers)
    strangers = by_releases(before, after, 0, joining.strangers)

    assert newcomer.min() >= 18
    assert strangers.max() <= 1
    assert area(newcomer, strangers) == 1


async def test_leaving_somebody_out_tells_what_they_carry(cohort, undefended) -> None:
    """Whoever knows the id of an individual learns their genome from the counts."""
    own, other = cohort.members[0], cohort.members[1]
    async with Asker(undefended.address, DATASET) as asker:
        found = await by_leaving_out(asker, cohort, own, person(0))
        else_found = await by_leaving_out(asker, cohort, other, person(0))

    assert found >= 0.9 * len(own)
    assert else_found <= 0.2 * len(other)


async def test_a_range_enumerates_what_is_there(cohort, undefended) -> None:
    """All alleles of a stretch come with their counts, nobody having known them."""
    async with Asker(undefended.address, DATASET) as asker:
        code, found = await by_ranges(asker, DATASET, FIRST, FIRST + WINDOW)
    is_near = cohort.position <= FIRST + WINDOW
    counts = cohort.counts()
    expected = {
        int(cohort.position[site]): int(counts[site])
        for site in np.flatnonzero(is_near & (counts > 0))
    }

    assert code == 200
    assert found == expected
    assert len(found) > 100


async def test_groups_are_shown_and_add_up(cohort, undefended) -> None:
    """Counts by sex and country are those of the people; hidden ones follow."""
    site = int(np.argmax(cohort.counts()))
    async with Asker(undefended.address, DATASET) as asker:
        rows = await groups_of(asker, cohort, site, DATASET)
    without_men = {label: count for label, count in rows.items() if "M" not in label}

    assert rows["Total"] == cohort.counts()[site]
    assert rows["F"] + rows["M"] == rows["Total"]
    assert derived(without_men) == {
        "M": rows["M"],
        "SE_M": rows["SE_M"],
        "DK_M": rows["DK_M"],
    }


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"Total": 30, "F": 12}, {"M": 18}),
        ({"Total": 30}, {}),
        ({"F": 12, "SE": 9}, {}),
    ],
)
def test_a_lone_gap_is_derived(rows, expected) -> None:
    """What stands alone in a division follows from the whole."""
    assert derived(rows) == expected


def test_pools_are_carried_as_frequencies_say() -> None:
    """Everybody carries as many sites of a pool as its frequency says."""
    pool = Pool(sites=2_000, frequency=0.01)
    plan = Plan(people=100, members=50, strangers=50, calibrators=0, rare=0)
    cohort = draw(
        Plan(
            people=plan.people,
            members=plan.members,
            strangers=plan.strangers,
            calibrators=0,
            rare=0,
            pools=(pool,),
        )
    )
    carried = np.mean([len(each) for each in cohort.victims])

    assert carried == pytest.approx(2_000 * (1 - 0.99**2), rel=0.1)
